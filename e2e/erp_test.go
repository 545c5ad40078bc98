package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The simulator of these tests takes a resend as another filing, and its look-up
// is blind for longer than a process can outlive its lease: a gateway that
// resends because it is unsure, or believes the first look-up that finds
// nothing, files twice, and the ledger shows it.
var (
	strictTax    = []string{"FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_LOOKUP_LAG=3s", "FAKTURGATE_SIM_SIGNING_DELAY=300ms"}
	hastyGateway = []string{"FAKTURGATE_LEASE=2s", "FAKTURGATE_SETTLE_WINDOW=3500ms", "FAKTURGATE_REUPLOAD_WAIT=2s",
		"FAKTURGATE_STUCK_AFTER=3s", "FAKTURGATE_POLL_MIN=100ms", "FAKTURGATE_POLL_MAX=1s"}
)

// stumbling makes one of fifty calls fail, before or after it did its work, and
// as many ordinary invoices.
const stumbling = "FAKTURGATE_SIM_FAIL_RATE=0.02"

// An ERP's month, through every outcome there is: nothing is lost, nothing is
// filed twice, and all that were told are told the same.
func TestAnERPsMonth(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, strictTax...)
		g := w.serve("gateway", hastyGateway...)
		npwps, month := planMonth(seed(t), 2000, 500)
		began := time.Now()
		e := newERP(t, w.client(g), npwps, month, len(month))
		e.postAll()
		t.Logf("posted after %v", time.Since(began))
		e.finishMonth(w)
		t.Logf("took %v", time.Since(began))
	})
}

// moments is how often the gateway is killed.
const moments = 20

// kill -9 of the gateway, at moments when something of every kind has just
// begun, changes nothing of an ERP's month.
func TestKillNine(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, append(strictTax, stumbling)...)
		g := w.serve("gateway", hastyGateway...)
		seed := seed(t)
		npwps, month := planMonth(seed, 2000, 500)
		began := time.Now()
		// Few at a time, so that every kill finds some at every stage.
		e := newERP(t, w.client(g), npwps, month, 250)
		e.post()
		for _, moment := range chooseMoments(seed) {
			e.await(moment)
			if e.done() {
				t.Fatal("the month was over before the last kill; this run proves too little")
			}
			g.kill()
			t.Logf("killed after %v, when %v; %s", time.Since(began), moment, e.progress())
			g.launch()
			g.awaitReady()
		}
		e.hurry()
		e.finishMonth(w)
		t.Logf("took %v, and the ERP asked again %d times", time.Since(began), e.gateway.again.Load())
	})
}

// moment is when to kill: a while after something of a kind has happened.
type moment struct {
	after string
	while time.Duration
}

// chooseMoments draws as many moments after each kind of thing.
func chooseMoments(seed uint64) []moment {
	dice := rand.New(rand.NewPCG(seed, 2))
	kinds := []string{"posted", "invoice.submitting", "invoice.signing_in_progress", "invoice.approved", "invoice.saved_invalid", "webhook"}
	chosen := make([]moment, moments)
	for i := range chosen {
		chosen[i] = moment{kinds[i%len(kinds)], time.Duration(dice.IntN(100)) * time.Millisecond}
	}
	dice.Shuffle(moments, func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen
}

// await waits for a moment; one that does not come within a few leases is now.
func (e *erp) await(m moment) {
	e.t.Helper()
	before, began := e.count(m.after), time.Now()
	eventually(e.t, "the next moment", func() bool {
		return e.count(m.after) > before || time.Since(began) > 6*time.Second
	})
	time.Sleep(m.while)
}
