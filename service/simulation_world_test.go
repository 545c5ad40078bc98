package service

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/simulator"
	"github.com/fakturgate/fakturgate/webhook"
)

// The times of a world. What arrives late arrives, and is seen, well before the
// settle window is over: that is what the window promises.
const (
	worldLease    = 30 * time.Second
	worldSettle   = 5 * time.Minute
	worldLag      = time.Minute     // of the tax system's look-up
	worldLateness = 2 * time.Minute // of a request whose sender has given up
	worldSkew     = 2 * time.Second // of a process's clock, at most
	worldSigning  = 20 * time.Second
	worldTenant   = "default"
)

// worldStart is where a world's clock begins: a bubble's is in the year 2000.
// What is dated a month earlier is due three days later.
var worldStart = time.Date(2026, 12, 17, 13, 0, 0, 0, time.UTC)

// world is everything that takes part in a simulation: some gateways on one
// database, the tax system, the receivers of webhooks, and people. It lives in a
// bubble of fake time. Nothing moves but by the scheduler, one at a time: a
// goroutine runs until it ends, calls the other side, or waits for time to pass.
type world struct {
	t        testing.TB
	plan     plan
	db       *repository.DB
	tax      *simulator.Simulator
	offset   time.Duration // from the bubble's clock to the world's
	nodes    []*node       // a place each; a dead node lies in it until the next is started
	sellers  []string
	hooks    []*hook
	taxDown  bool
	faulty   bool // faults may happen
	dice     *rand.Rand
	step     int // of the plan
	moves    int // that did something
	trace    []string
	seen     map[string]int // how often what happened
	err      error
	panicked any

	running *task // that has its turn
	holders map[fenceKey]holder

	mu      sync.Mutex // a call may begin when time passes
	ids     int
	started int
	tasks   []*task
	calls   []*call // that wait for the scheduler, by number
	late    []*call // whose sender has given up, and that may still arrive
	pushes  []*push // tries of webhooks that wait for the scheduler
	begun   int     // calls and pushes so far

	model model
}

// node is one gateway process.
type node struct {
	*Service
	world   *world
	name    string
	life    context.Context //nolint:containedctx // it ends when the process dies
	die     context.CancelFunc
	skew    atomic.Int64
	frozen  bool // stopped, and may go on
	leaving bool // asked to end
	dead    bool
	dying   bool // a task of it came to a point where it dies
	workers []*worker
	office  *postOffice
	staff   []*postman
}

// worker is one loop of a process; it takes one step at a time.
type worker struct {
	name string
	step func(context.Context) error
	task *task // its last step, over or not
}

// postman is a courier and the process's wish to keep it.
type postman struct {
	*courier
	own  context.Context //nolint:containedctx // it ends when the courier is dismissed
	task *task
}

// task is something that a process does: a worker's step, or a person's request.
type task struct {
	name   string
	node   *node
	call   *call // it waits for
	over   atomic.Bool
	err    error
	killed bool // its process died over it
}

type taskKey struct{}

// crash is what ends a task whose process dies.
type crash struct{}

func newWorld(t testing.TB, p plan) *world {
	w := &world{t: t, plan: p, offset: time.Until(worldStart), model: newModel(), holders: map[fenceKey]holder{}, seen: map[string]int{}}
	w.db = repotest.Memory(t)
	pointsOf(w)
	lot := rand.New(rand.NewPCG(p.seed, 0))
	var err error
	w.tax, err = simulator.New(simulator.Config{Seed: p.seed, SigningDelay: worldSigning, LookupLag: worldLag, MaxBatch: 2 + lot.IntN(6), Clock: w.now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1 + lot.IntN(3) {
		w.nodes = append(w.nodes, w.boot(i))
	}
	w.sellers = []string{"0012345674901000", "0098765431109000", "0012345674902000"}[:1+lot.IntN(3)]
	for _, npwp := range w.sellers {
		if _, _, err := w.nodes[0].Register(t.Context(), faktur.Taxpayer{Tenant: worldTenant, NPWP: npwp, Name: "PT Penjual", Channel: faktur.ChannelPJAP}, w.operator()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1 + lot.IntN(2) {
		w.addHook(i)
	}
	return w
}

func (w *world) operator() Operator { return Operator{Tenant: worldTenant, Actor: "somebody"} }

// now is the true time in this world.
func (w *world) now() time.Time { return time.Now().Add(w.offset) }

var worldRules = sync.OnceValue(func() *faktur.Rules { return faktur.NewRules(nil) })

// pointsOf lets a world know when the code comes to a named point; that needs
// the build tag faults.
var pointsOf = func(*world) {}

// worldTags are the build tags that a replay needs.
var worldTags = ""

// boot starts a gateway process in a place, with its own idea of the time.
func (w *world) boot(place int) *node {
	n := &node{world: w, name: fmt.Sprintf("g%d.%d", place, w.started)}
	w.started++
	if w.dice != nil {
		n.skew.Store(w.someSkew())
	}
	n.life, n.die = context.WithCancel(context.Background())
	channel, err := pjap.New(pjap.Config{BaseURL: "http://127.0.0.1:9", Transport: callsOf{n}})
	if err != nil {
		w.t.Fatal(err)
	}
	sealer, err := NewSealer(make([]byte, 32))
	if err != nil {
		w.t.Fatal(err)
	}
	n.Service = New(Config{DB: w.db, Rules: worldRules(), Sealer: sealer, Logger: slog.New(slog.DiscardHandler), Channels: []adapter.Channel{channel},
		Sender: webhook.NewSender(webhook.Config{Transport: pushesOf{n}, Schedule: worldSchedule}),
		Lease:  worldLease, SettleWindow: worldSettle, ReuploadWait: 10 * time.Minute, StuckAfter: time.Hour, PollMax: 2 * time.Minute,
		Now: func() time.Time { return w.now().Add(time.Duration(n.skew.Load())) }, NewID: w.newID})
	if err := n.leases.ensure(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	n.office = &postOffice{service: n.Service, couriers: map[string]*courier{}, employ: n.employ}
	n.hireWorkers()
	return n
}

// newID gives ids in the order of their making, as UUIDv7s are.
func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("019b2c00-0000-7000-8000-%012x", w.ids)
}

func (n *node) hireWorkers() {
	c := n.channels[0]
	quietly := func(step func(context.Context) (bool, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := step(ctx); return err }
	}
	n.workers = []*worker{
		{name: "leases", step: n.leases.renew},
		{name: "relay", step: quietly(c.handOver)},
		{name: "relay 2", step: quietly(c.handOver)},
		{name: "look-up", step: quietly(c.lookUp)},
		{name: "poll", step: quietly(c.poll)},
		{name: "follow", step: quietly(c.follow)},
		{name: "cancel", step: quietly(c.cancelWished)},
		{name: "amend", step: quietly(c.amendWished)},
		{name: "mend", step: quietly(c.mend)},
		{name: "watch", step: quietly(n.watch)},
		{name: "office", step: n.lookAfterHooks},
		{name: "intake", step: n.commitOnce},
	}
}

// The places of workers that the scheduler names.
const (
	workerLeases = 0
	workerRelay  = 1
	workerRelay2 = 2
	workerOffice = 10
	workerIntake = 11
)

func (n *node) lookAfterHooks(ctx context.Context) error {
	if err := n.office.sweep(ctx); err != nil {
		return err
	}
	return n.office.spread(ctx)
}

// commitOnce is one round of the intake.
func (n *node) commitOnce(context.Context) error {
	select {
	case first := <-n.intake.queue:
		n.intake.commit(n.intake.gather(first))
	default:
	}
	return nil
}

func (n *node) employ(c *courier) {
	own, dismiss := context.WithCancel(n.life)
	c.dismiss = dismiss
	n.staff = append(n.staff, &postman{courier: c, own: own})
	slices.SortFunc(n.staff, func(a, b *postman) int { return compareIDs(a.lease.EndpointID, b.lease.EndpointID) })
}

func compareIDs(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// walk is a courier's step, and its end when it has come.
func (p *postman) walk(ctx context.Context) error {
	var err error
	if p.own.Err() == nil {
		_, _, err = p.step(ctx)
		if !isFenced(err) && err != errEndpointOff { //nolint:errorlint // the courier gives it bare
			return err
		}
	}
	p.finish(ctx, err)
	close(p.over)
	return err
}

// begin lets a process do something until it ends, or waits.
func (w *world) begin(n *node, name string, do func(context.Context) error) *task {
	k := &task{name: name, node: n}
	ctx := context.WithValue(n.life, taskKey{}, k)
	w.tasks, w.running = append(w.tasks, k), k
	go func() {
		defer w.end(k)
		k.err = do(ctx)
	}()
	synctest.Wait()
	w.rested(k)
	return k
}

// rested is called when a task that had its turn is over, or waits.
func (w *world) rested(k *task) {
	w.running = nil
	w.check(k)
	w.bury(k.node)
}

// bury ends a process of which a task has died.
func (w *world) bury(n *node) {
	if n.dying && !n.dead {
		w.kill(n)
	}
}

// end notes that a task is over, and what it died of.
func (w *world) end(k *task) {
	cause := recover()
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ours := cause.(crash); cause != nil && !ours {
		w.panicked = fmt.Sprintf("%s %s: panic: %v\n%s", k.node.name, k.name, cause, stack())
	}
	k.over.Store(true)
}

// move takes a worker one move further: it begins a step, or gets the answer it
// waits for. It says whether there was anything to move.
func (w *world) move(n *node, j *worker) bool {
	if n.dead || n.frozen {
		return false
	}
	if j.task != nil && !j.task.over.Load() {
		if j.task.call == nil {
			return false // it waits for time to pass
		}
		w.answer(j.task.call)
		return true
	}
	if n.leaving && j != n.workers[workerIntake] {
		return false
	}
	if w.picking(n) && (j == n.workers[workerRelay] || j == n.workers[workerRelay2]) {
		return false // it would wait for the other's lock, which a bubble cannot see
	}
	j.task = w.begin(n, j.name, j.step)
	return true
}

// picking says that a hand-over waits for others to join it, and holds a lock meanwhile.
func (w *world) picking(n *node) bool {
	for _, j := range n.workers[workerRelay : workerRelay2+1] {
		if j.task != nil && !j.task.over.Load() && j.task.call == nil {
			return true
		}
	}
	return false
}

func (w *world) moveCourier(n *node, p *postman) bool {
	if n.dead || n.frozen || p.task != nil && !p.task.over.Load() || p.ended() {
		return false
	}
	p.task = w.begin(n, "courier", p.walk)
	return true
}

// pass lets time pass. A call whose time is over ends on the way.
func (w *world) pass(d time.Duration) {
	for end := time.Now().Add(d); ; {
		next, expire := w.nextEnd()
		if expire == nil || next.After(end) {
			w.sleep(time.Until(end))
			return
		}
		w.sleep(time.Until(next))
		expire()
	}
}

// sleep lets time pass that nothing ends in. Who waits for time to pass goes on.
func (w *world) sleep(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
		synctest.Wait()
		w.check(nil)
	}
}

// nextEnd is when the first call or push runs out of time, and ends it; those of
// a process that is stopped wait.
func (w *world) nextEnd() (next time.Time, expire func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if !c.task.node.frozen && c.point == "" && (expire == nil || c.deadline.Before(next)) {
			next, expire = c.deadline, func() { w.giveUp(c) }
		}
	}
	for _, p := range w.pushes {
		if !p.node.frozen && (expire == nil || p.deadline.Before(next)) {
			next, expire = p.deadline, func() { w.closePush(p, pushReply{err: context.DeadlineExceeded}) }
		}
	}
	return next, expire
}

// kill ends a process as kill -9 does: what it was doing is never done.
func (w *world) kill(n *node) {
	n.dead, n.frozen = true, false
	n.die()
	for _, k := range w.tasks {
		k.killed = k.killed || k.node == n
	}
	for _, c := range slices.Clone(w.calls) {
		if c.task.node == n {
			w.strand(c)
			w.resume(c, reply{crash: true})
		}
	}
	for _, p := range slices.Clone(w.pushes) {
		if p.node == n {
			w.closePush(p, pushReply{err: context.Canceled})
		}
	}
	synctest.Wait()
	for w.busy(n) {
		time.Sleep(time.Millisecond)
		synctest.Wait()
	}
}

func (w *world) busy(n *node) bool {
	return slices.ContainsFunc(w.tasks, func(k *task) bool { return k.node == n && !k.over.Load() })
}

// leave lets a process that was asked to end do so when nothing is under way.
func (w *world) leave(n *node) {
	for _, p := range n.staff {
		p.dismiss()
	}
	for _, p := range n.staff {
		if !p.ended() {
			w.moveCourier(n, p)
			return
		}
	}
	if w.busy(n) || len(n.intake.queue) > 0 {
		return
	}
	w.begin(n, "give back", func(ctx context.Context) error { n.leases.giveBack(ctx); return nil })
	n.dead = true
	n.die()
}

// freeze stops a process as SIGSTOP does. What it had sent is on its way.
func (w *world) freeze(n *node) {
	n.frozen = true
	for _, c := range w.calls {
		if c.task.node == n && !c.delivered && w.dice.IntN(2) == 0 {
			w.deliver(c)
		}
	}
}
