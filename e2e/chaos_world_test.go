package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// The times of chaos, scaled down from a lease of 30 s and a settle window of 30
// minutes so that a round takes seconds. A look-up is blind for longer than a
// lease and a call, so that who believes the first one files twice; and the
// window leaves a busy machine three seconds to pass a call on.
const (
	chaosLease  = time.Second
	callTime    = chaosLease / 3
	lookUpLag   = 1500 * time.Millisecond
	chaosWindow = 4 * time.Second
	// idleInTransaction is 10 s otherwise: what a stopped gateway holds others up.
	idleInTransaction = chaosLease / 2
)

var chaosGateway = []string{
	"FAKTURGATE_LEASE=" + chaosLease.String(), "FAKTURGATE_SETTLE_WINDOW=" + chaosWindow.String(),
	"FAKTURGATE_POLL_MIN=100ms", "FAKTURGATE_POLL_MAX=500ms", "FAKTURGATE_LOG_LEVEL=warn", "FAKTURGATE_RATE_LIMIT=0",
}

// The receiver's paths: one that is always well, one that faults make ill.
const (
	wellPath = "/well"
	illPath  = "/ill"
)

// chaosWorld is all processes of some rounds, and the way to each.
type chaosWorld struct {
	*world
	plant    string // the bug that the gateways have; "" is none
	server   *repotest.Server
	disk     *smallDisk // nil where none can be made
	tax      *wayToTax
	dedup    bool // of the simulator as it runs
	receiver *receiver
	mu       sync.Mutex // held while gateways start, end and are looked at
	gateways []*gateway
	db       *sql.DB
	follower *follower
	sellers  []string
	owed     map[string]map[string]bool // webhooks that are still to come, by path
}

// newChaosWorld makes an empty database and everything around it.
func newChaosWorld(t *testing.T, kind string, server *repotest.Server, seed uint64, plant string) *chaosWorld {
	t.Helper()
	w := &chaosWorld{server: server, plant: plant, disk: newSmallDisk(t), owed: map[string]map[string]bool{wellPath: {}, illPath: {}}}
	database := w.newChaosDatabase(t, kind)
	w.world = &world{t: t, kind: kind, database: database}
	w.startTax(seed)
	count := 1
	if kind == "postgres" {
		count = 3
	}
	program, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		address := freeAddress(t)
		p := &process{t: t, name: fmt.Sprintf("gateway-%d", i+1), program: program, args: []string{"serve"},
			log: filepath.Join(t.TempDir(), "gateway.log")}
		w.gateways = append(w.gateways, &gateway{p, "http://" + address})
	}
	t.Cleanup(w.stopAll)
	for i := range 40 {
		w.sellers = append(w.sellers, fmt.Sprintf("0%09d%06d", 12_345_678+i, 901_000))
	}
	w.furnish()
	return w
}

// newChaosDatabase makes an empty database, on the small disk where there is one.
func (w *chaosWorld) newChaosDatabase(t *testing.T, kind string) string {
	t.Helper()
	if kind == "sqlite" {
		dir := t.TempDir()
		if w.disk != nil {
			dir = w.disk.dir
		}
		path := filepath.Join(dir, "fakturgate.db")
		var err error
		if w.db, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.db.Close() })
		return "sqlite:" + path
	}
	name := fmt.Sprintf("chaos%d", time.Now().UnixNano())
	create := "CREATE DATABASE " + name
	if w.disk != nil {
		if err := w.server.OwnFolder(w.disk.dir); err != nil {
			t.Fatal(err)
		}
		w.admin(t, "CREATE TABLESPACE "+name+" LOCATION '"+w.disk.dir+"'")
		create += " TABLESPACE " + name
	}
	w.admin(t, create)
	url := w.server.URL(name)
	var err error
	if w.db, err = sql.Open("postgres", url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.db.Close()
		w.admin(t, "DROP DATABASE "+name+" WITH (FORCE)")
		if w.disk != nil {
			w.admin(t, "DROP TABLESPACE "+name)
		}
	})
	return url + "&idle_in_transaction_session_timeout=" + idleInTransaction.String()
}

// admin runs a statement on PostgreSQL as an operator, who may write always.
func (w *chaosWorld) admin(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", w.server.URL("postgres")+"&default_transaction_read_only=off")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

// startTax starts the simulator, which remembers what it took when it is killed,
// and the way to it.
func (w *chaosWorld) startTax(seed uint64) {
	w.t.Helper()
	address := freeAddress(w.t)
	w.simulator = start(w.t, "simulator", []string{"FAKTURGATE_SIM_ADDR=" + address, "FAKTURGATE_SIM_STATE=" + filepath.Join(w.t.TempDir(), "ledger"),
		"FAKTURGATE_SIM_LOOKUP_LAG=" + lookUpLag.String(), "FAKTURGATE_SIM_SIGNING_DELAY=1s", dedupOff, "FAKTURGATE_LOG_LEVEL=warn"}, "simulator")
	w.simulator.awaitAnswer("http://" + address + "/v1/changes?after=latest")
	w.tax, w.simURL = startWay(w.t, "http://"+address, seed)
}

const (
	dedupOff = "FAKTURGATE_SIM_DEDUP=off"
	dedupOn  = "FAKTURGATE_SIM_DEDUP=on"
)

// recognises makes the simulator recognise a resend, or not.
func (w *chaosWorld) recognises(dedup bool) {
	if w.dedup == dedup {
		return
	}
	w.dedup = dedup
	w.simulator.kill()
	before, after := dedupOff, dedupOn
	if !dedup {
		before, after = dedupOn, dedupOff
	}
	w.simulator.env[slices.Index(w.simulator.env, before)] = after
	w.simulator.launch()
	w.simulator.awaitAnswer(w.tax.url + "/v1/changes?after=latest")
}

// furnish registers the sellers and the endpoints, and begins to follow the feed.
func (w *chaosWorld) furnish() {
	w.t.Helper()
	w.run(0)
	w.gateways[0].awaitReady()
	c := w.chaosClient(w.gateways[:1])
	c.register(w.sellers, faktur.Settings{})
	w.receiver = startReceiver(w.t)
	for _, path := range []string{wellPath, illPath} {
		c.endpoint(w.receiver, path, []string{"*"}, nil)
	}
	w.follower = follow(w.t, w.chaosClient(w.gateways))
	w.gateways[0].stop(20 * time.Second)
}

// chaosClient speaks to gateways without holding them to the OpenAPI document,
// which other tests do.
func (w *chaosWorld) chaosClient(gateways []*gateway) *client {
	c := &client{t: w.t, http: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Second}}}
	for _, g := range gateways {
		c.urls = append(c.urls, g.url)
	}
	return c
}

// run starts the i-th gateway with faults such as "FAKTURGATE_FAULT_CRASH_AT=after_send".
func (w *chaosWorld) run(i int, faults ...string) {
	w.t.Helper()
	g := w.gateways[i]
	g.env = slices.Concat(w.environment(strings.TrimPrefix(g.url, "http://")), chaosGateway,
		[]string{"FAKTURGATE_FAULT_PLANT=" + w.plant, "FAKTURGATE_FAULT_CLOCK=" + g.log + ".clock"}, faults)
	_ = os.Remove(g.log + ".clock") // there need not be one
	g.launch()
	g.mayEnd() // a trap may have it
}

// running says whether the gateway was started and has not ended.
func (g *gateway) running() bool {
	if g.cmd == nil {
		return false
	}
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// stopped says whether a process is stopped by a signal.
func (g *gateway) stopped() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	return err == nil && strings.Contains(string(stat), ") T ")
}

func (w *chaosWorld) stopAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.gateways {
		if g.running() {
			g.kill()
		}
	}
}

// supervise starts gateways again that have ended, as an operator's supervisor
// does, until ctx ends. They have no trap any more.
func (w *chaosWorld) supervise(ctx context.Context, count int) {
	for ; ctx.Err() == nil; pauseFor(ctx, 20*time.Millisecond) {
		for i := range count {
			w.mu.Lock()
			if !w.gateways[i].running() && ctx.Err() == nil {
				w.run(i)
			}
			w.mu.Unlock()
		}
	}
}

// panicked gives the end of the log of a gateway that ended by a fault of its own.
func (g *gateway) panicked() string {
	if g.cmd == nil || g.running() || g.cmd.ProcessState.ExitCode() != 2 { // Go's own for a panic
		return ""
	}
	return g.lastWords()
}
