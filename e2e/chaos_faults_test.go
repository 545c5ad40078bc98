package e2e

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/fakturgate/fakturgate/fault"
)

// chaosFault is a thing that goes wrong in a round.
type chaosFault struct {
	name     string
	on       string // the kind of database that it needs; "" is any
	gateways int    // that it needs; 0 is any number
	dedup    bool   // the simulator recognises a resend, because no gateway alone can guard against this one
	disk     bool   // it needs a small disk
	// setting is what the first gateway is started with; nil is nothing.
	setting func(r *chaosRound) string
	// strike does it while invoices are under way, and undoes it; nil does nothing.
	strike func(r *chaosRound)
}

// chaosFaults are all that a round can meet.
func chaosFaults() []chaosFault {
	faults := []chaosFault{
		{name: "gateway killed at a random moment", strike: killSometime},
		{name: "gateway killed again and again", strike: killOften},
		{name: "gateway stopped past its lease, anywhere", on: "postgres", gateways: 2, dedup: true, strike: stopSometime},
		{name: "gateway stopped past its lease, before it sends", on: "postgres", gateways: 2, setting: stopAt(fault.BeforeSend, 2), strike: awakeToHidden},
		{name: "gateway stopped past its lease, before it saves", on: "postgres", gateways: 2, setting: stopAt(fault.BeforeSave, 6), strike: awake},
		{name: "gateway stopped past its lease, in a transaction", on: "postgres", gateways: 2, setting: stopAt(fault.InSave, 6), strike: awake},
		{name: "gateway stopped past its lease, before it notes webhooks", on: "postgres", gateways: 2, setting: stopAt(fault.BeforeNote, 4), strike: awake},
		{name: "slow commits of acceptances", setting: slowAt(fault.InCommit)},
		{name: "slow commits of steps", setting: slowAt(fault.InSave)},
		{name: "PostgreSQL killed", on: "postgres", strike: killPostgres},
		{name: "connections to PostgreSQL cut", on: "postgres", strike: cutConnections},
		{name: "PostgreSQL read-only", on: "postgres", strike: readOnly},
		{name: "disk full", disk: true, strike: fillDisk},
		{name: "tax system killed", strike: killTax},
		{name: "clock steps forward", strike: stepClock(+1)},
		{name: "clock steps back", strike: stepClock(-1)},
	}
	for _, p := range fault.Points() {
		faults = append(faults, chaosFault{name: "gateway killed at " + string(p), setting: crashAt(p)})
	}
	return faults
}

// sideFaults go wrong outside of the gateway, and may come along with any other.
func sideFaults() []chaosFault {
	var faults []chaosFault
	for _, how := range [][2]string{{taxDrops, "accepts and drops"}, {tax502, "accepts and answers 502"}, {taxSlow, "answers too late"},
		{taxLate, "is reached too late"}, {taxTwice, "answers twice"}, {taxEmpty, "answers nothing"}, {taxGarbage, "answers garbage"}} {
		faults = append(faults, chaosFault{name: "tax system " + how[1], strike: func(r *chaosRound) {
			r.world.tax.goes(how[0])
			r.wait(1500)
			r.world.tax.goes(taxUnderstood)
		}})
	}
	for _, manner := range [][2]string{{mannerDown, "is down"}, {mannerSlow, "is slow"}, {mannerDrip, "drip-feeds"}, {mannerHuge, "answers a gigabyte"}} {
		faults = append(faults, chaosFault{name: "receiver " + manner[1], strike: func(r *chaosRound) {
			r.world.receiver.behaves(illPath, manner[0])
			r.wait(1500)
			r.world.receiver.behaves(illPath, mannerGood)
		}})
	}
	return faults
}

// often says how many times a point is passed in a round, roughly.
var often = map[fault.Point]int{fault.InCommit: 8, fault.AfterCommit: 8, fault.BeforeSend: 4, fault.AfterSend: 4,
	fault.BeforeSave: 8, fault.InSave: 10, fault.AfterSave: 8, fault.BeforeDeliver: 200, fault.AfterDeliver: 200, fault.BeforeNote: 8}

func crashAt(p fault.Point) func(*chaosRound) string {
	return func(r *chaosRound) string {
		return fmt.Sprintf("FAKTURGATE_FAULT_CRASH_AT=%s:%d", p, 1+r.dice.IntN(often[p]))
	}
}

func stopAt(p fault.Point, times int) func(*chaosRound) string {
	return func(r *chaosRound) string {
		return fmt.Sprintf("FAKTURGATE_FAULT_STOP_AT=%s:%d", p, 1+r.dice.IntN(times))
	}
}

func slowAt(p fault.Point) func(*chaosRound) string {
	return func(r *chaosRound) string {
		return fmt.Sprintf("FAKTURGATE_FAULT_SLOW_AT=%s:%dms", p, 5+r.dice.IntN(40))
	}
}

func killSometime(r *chaosRound) {
	r.wait(800)
	r.kill(r.someGateway())
}

func (r *chaosRound) kill(g *gateway) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	g.kill()
}

func killOften(r *chaosRound) {
	for range 3 {
		r.wait(500)
		r.kill(r.someGateway())
	}
}

// stopSometime stops a gateway, perhaps in the very act of sending.
func stopSometime(r *chaosRound) {
	r.wait(800)
	g := r.someGateway()
	r.signal(g, syscall.SIGSTOP)
	time.Sleep(chaosLease + chaosLease/2)
	r.wait(1500)
	r.goOn(g)
}

// awake lets a gateway that a trap has stopped go on after its lease is over.
func awake(r *chaosRound) {
	if g := r.awaitStop(); g != nil {
		time.Sleep(chaosLease + chaosLease/2)
		r.wait(2000)
		r.goOn(g)
	}
}

// awakeToHidden lets a gateway that has sent nothing go on when another has found
// its documents absent for long enough, has sent them, and has lost the answer.
// What the first one knows of them is true of its own hand-over, and not any more.
func awakeToHidden(r *chaosRound) {
	g := r.awaitStop()
	if g == nil {
		return
	}
	r.world.tax.hides(r.submitting())
	defer r.world.tax.hides(nil)
	for deadline := time.Now().Add(hiddenWithin); r.sentAgain() <= 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	r.goOn(g)
}

// hiddenWithin is how long it may take another gateway to send what a stopped one has marked.
const hiddenWithin = 20 * time.Second

// submitting gives the ids of documents that are marked.
func (r *chaosRound) submitting() (ids []string) {
	r.world.each(`SELECT id FROM documents WHERE reference LIKE '`+r.prefix+`%' AND status = 'submitting'`, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids
}

// sentAgain counts the documents that were marked a second time: they were
// accepted, marked, queued again, and marked again.
func (r *chaosRound) sentAgain() int { return r.count(`status = 'submitting' AND sequence >= 4`) }

// goOn lets a stopped gateway go on, and gives it time to do what it must not.
func (r *chaosRound) goOn(g *gateway) {
	r.signal(g, syscall.SIGCONT)
	time.Sleep(chaosLease / 2)
}

func killPostgres(r *chaosRound) {
	r.wait(800)
	r.must(r.world.server.Kill())
	r.wait(500)
	r.must(r.world.server.Restart())
}

func cutConnections(r *chaosRound) {
	for range 5 {
		r.wait(300)
		r.world.admin(r.world.t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL")
	}
}

func readOnly(r *chaosRound) {
	r.wait(500)
	r.world.admin(r.world.t, "ALTER SYSTEM SET default_transaction_read_only = on")
	r.world.admin(r.world.t, "SELECT pg_reload_conf()")
	r.wait(1000)
	r.world.admin(r.world.t, "ALTER SYSTEM RESET default_transaction_read_only")
	r.world.admin(r.world.t, "SELECT pg_reload_conf()")
}

func fillDisk(r *chaosRound) {
	r.wait(500)
	r.must(r.world.disk.fill())
	r.wait(1000)
	r.must(r.world.disk.clear())
}

func killTax(r *chaosRound) {
	r.wait(800)
	r.world.simulator.kill()
	r.wait(500)
	r.world.simulator.launch()
	r.world.simulator.awaitAnswer(r.world.tax.url + "/v1/changes?after=latest")
}

// stepClock sets the wall clock of the gateways wrong three times, of each by as
// much as it likes, and each time by more than the settle window.
func stepClock(direction int) func(*chaosRound) {
	return func(r *chaosRound) {
		wrong := make([]int, r.gateways)
		for range 3 {
			r.wait(1200)
			for i, g := range r.world.gateways[:r.gateways] {
				wrong[i] += direction * (5 + r.dice.IntN(5))
				r.must(os.WriteFile(g.log+".clock", []byte(strconv.Itoa(wrong[i])), 0o600))
			}
		}
	}
}

// wait waits for up to so many milliseconds.
func (r *chaosRound) wait(most int) { time.Sleep(time.Duration(r.dice.IntN(most)) * time.Millisecond) }

func (r *chaosRound) someGateway() *gateway { return r.world.gateways[r.dice.IntN(r.gateways)] }

func (r *chaosRound) signal(g *gateway, s syscall.Signal) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	if err := g.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.world.t.Errorf("%v to %s: %v", s, g.name, err)
	}
}

// awaitStop waits until the first gateway's trap has stopped it; nil when all
// is done and it has not.
func (r *chaosRound) awaitStop() *gateway {
	g := r.world.gateways[0]
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && r.ended() < chaosInvoices; time.Sleep(10 * time.Millisecond) {
		r.world.mu.Lock()
		stopped := g.stopped()
		r.world.mu.Unlock()
		if stopped {
			return g
		}
	}
	return nil
}

// ended counts the documents that have come to their end; -1 when it cannot be told.
func (r *chaosRound) ended() int { return r.count(`status IN ('approved', 'saved_invalid')`) }

func (r *chaosRound) must(err error) {
	if err != nil {
		r.world.t.Error(err)
	}
}
