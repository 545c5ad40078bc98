package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Two gateways on one PostgreSQL share the work. Each of them sleeps through its
// leases once, the tax system goes away and comes back, and one of them dies;
// nobody outside notices.
func TestTwoGateways(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "postgres", append(strictTax, stumbling, "FAKTURGATE_SIM_STATE="+filepath.Join(t.TempDir(), "ledger"))...)
	one, two := w.launch("gateway-1", hastyGateway...), w.launch("gateway-2", hastyGateway...) // both migrate at once
	one.awaitReady()
	two.awaitReady()
	npwps, month := planMonth(seed(t), 2000, 500)
	e := newERP(t, w.client(one, two), npwps, month, 400)
	e.post()

	reaches := func(settled int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d are settled", settled), func() bool { return e.settledSoFar() >= settled })
	}
	reaches(300)
	one.pause(5 * time.Second) // more than two leases
	reaches(600)
	w.simulator.kill()
	time.Sleep(time.Second)
	w.simulator.launch()
	reaches(900)
	two.pause(5 * time.Second)
	reaches(1300)
	one.kill()
	e.hurry()
	e.finishMonth(w)
}

// pause stops a process for a while, as a suspended machine is; it does not
// know that time has passed.
func (p *process) pause(length time.Duration) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
	time.Sleep(length)
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		p.t.Fatal(err)
	}
}

// A schema is not taken away from under those who work in it.
func TestMigrateDownWaitsForTheGatewaysToStop(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind)
		g := w.serve("gateway")
		down := exec.Command(binary(t), "migrate", "down")
		down.Env = w.env()
		because := map[string]string{"sqlite": "already serves", "postgres": "1 processes work on this database"}[kind]
		if out, err := down.CombinedOutput(); err == nil || !strings.Contains(string(out), because) {
			t.Errorf("beside a gateway it says, %v: %s", err, out)
		}
		if code := g.stop(patience); code != 0 {
			t.Errorf("the gateway ended with %d", code)
		}
		if out := mustRun(t, w.env(), "migrate", "down"); !strings.Contains(out, "taken back") {
			t.Errorf("after it: %s", out)
		}
	})
}

// SQLite is for one gateway: a second one is told so, and everything else may
// still look at the file.
func TestASecondGatewayOnOneSQLiteFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	g := w.serve("gateway")
	second := w.launch("second")
	second.mayEnd()
	second.fails(t, patience, "another fakturgate already serves from this SQLite file")
	database := []string{"FAKTURGATE_DATABASE_URL=" + w.database}
	if out := mustRun(t, database, "migrate", "status"); !strings.Contains(out, "applied") {
		t.Errorf("migrate status beside a gateway: %s", out)
	}
	if out := mustRun(t, database, "keys", "list"); !strings.Contains(out, "invoices:write") {
		t.Errorf("keys list beside a gateway: %s", out)
	}
	key := strings.TrimSpace(mustRun(t, database, "keys", "create", "--tenant", "other"))
	if !strings.Contains(key, "fg_") {
		t.Errorf("keys create beside a gateway: %s", key)
	}
	w.client(g).register([]string{sellerA}, faktur.Settings{}) // it still writes
	g.kill()
	g.launch() // the hold went with its process
	g.awaitReady()
}

const (
	sellerA = "0012345674901000"
	sellerB = "0023456785012000"
)
