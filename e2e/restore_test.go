package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

// Backup and restore as docs/operations.md walks through them: a backup while
// the gateway serves, more traffic, a crash, the restored backup. What was queued
// in it and filed since is looked up, and not filed a second time; a reader who
// kept the feed's cursor misses nothing of what comes.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=100ms")
		g := w.serve("gateway", quickGateway...)
		c := w.client(g)
		c.register([]string{sellerA}, faktur.Settings{})
		settled := c.postNumbered("BEFORE", 5)
		c.allBecome(settled, faktur.Approved)
		c.ask(http.MethodPost, "/taxpayers/"+sellerA+"/pause", nil).want(http.StatusOK)
		queued := c.postNumbered("QUEUED", 20)

		restore := w.backup(t)
		c.ask(http.MethodPost, "/taxpayers/"+sellerA+"/resume", nil).want(http.StatusOK)
		c.allBecome(queued, faktur.Approved)
		lost := c.postNumbered("LOST", 5)
		c.allBecome(lost, faktur.Approved)
		_, cursor := c.feed("")
		g.kill()

		restore()
		second := w.launch("restored", quickGateway...)
		second.mayEnd()
		second.fails(t, patience, "run `fakturgate restored`")
		if out := mustRun(t, w.env(), "restored"); !strings.Contains(out, "20 queued documents are looked up") {
			t.Errorf("fakturgate restored: %s", out)
		}
		g = w.serve("restored-gateway", quickGateway...)
		c = w.client(g)
		c.ask(http.MethodPost, "/taxpayers/"+sellerA+"/resume", nil).want(http.StatusOK)
		c.allBecome(queued, faktur.Approved)
		for _, id := range lost {
			c.ask(http.MethodGet, "/invoices/"+id, nil).want(http.StatusNotFound)
		}
		c.allBecome(c.postNumbered("AFTER", 5), faktur.Approved)
		for reference, entries := range w.ledger() {
			if len(entries) != 1 || entries[0].Accepted != 1 {
				t.Errorf("%s was filed twice: %+v", reference, entries)
			}
		}
		seen := map[faktur.EventType]int{}
		events, _ := c.feed(cursor)
		for _, e := range events {
			seen[e.Type]++
		}
		if seen["invoice.approved"] != 25 {
			t.Errorf("behind the cursor from before the crash are %v, want 25 approvals", seen)
		}
	})
}

// env is what a command needs to find the world's database.
func (w *world) env() []string {
	return []string{"FAKTURGATE_DATABASE_URL=" + w.database, "FAKTURGATE_MASTER_KEY=" + masterKey}
}

// backup takes a backup with the commands of docs/operations.md and gives what
// restores it.
func (w *world) backup(t *testing.T) (restore func()) {
	t.Helper()
	folder := t.TempDir()
	if w.kind == "sqlite" {
		path, file := strings.TrimPrefix(w.database, "sqlite:"), filepath.Join(folder, "backup.db")
		mustRun(t, w.env(), "backup", file)
		return func() {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
					t.Error(err)
				}
			}
			execute(t, "cp", file, path)
		}
	}
	file := filepath.Join(folder, "backup.dump")
	execute(t, postgresTool(t, "pg_dump"), "--format=custom", "--file="+file, w.database)
	return func() {
		w.database = newDatabase(t, "postgres")
		execute(t, postgresTool(t, "pg_restore"), "--no-owner", "--exit-on-error", "--dbname="+w.database, file)
	}
}

func postgresTool(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s in /usr/lib/postgresql", name)
	}
	return found[len(found)-1]
}

func execute(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// postNumbered posts n invoices and gives their ids.
func (c *client) postNumbered(name string, n int) []string {
	c.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		posted := c.post(simpleInvoice(sellerA, fmt.Sprintf("%s/%d", name, i))).want(http.StatusAccepted)
		ids[i] = decode[faktur.StoredInvoice](posted).ID
	}
	return ids
}

func (c *client) allBecome(ids []string, status faktur.Status) {
	c.t.Helper()
	for _, id := range ids {
		eventually(c.t, id+" is "+string(status), func() bool { return c.invoice(id).Status == status })
	}
}
