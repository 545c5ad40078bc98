package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// actions are what the scheduler can do, each with its weight. An action that
// has nothing to act upon does nothing, so that the others of a schedule stay
// what they are when one is left out.
var actions = []struct {
	weight int
	do     func(*world) bool
}{
	{480, (*world).someWorker},
	{140, (*world).somePush},
	{110, (*world).someTime},
	{110, (*world).somebody},
	{70, (*world).someCourier},
	{30, (*world).someFault},
	{16, (*world).someLate},
	{10, (*world).someKill},
	{16, (*world).someStart},
	{14, (*world).someFreeze},
	{12, (*world).someThaw},
	{4, (*world).someLeave},
	{5, (*world).someRelease},
	{5, (*world).someOutage},
	{4, (*world).someJump},
}

// act takes one step of the plan. Its dice are its own.
func (w *world) act(step int) {
	w.step, w.dice = step, rand.New(rand.NewPCG(w.plan.seed, uint64(step)+1))
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	n := w.dice.IntN(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			if a.do(w) {
				w.moves++
				w.settled()
			}
			return
		}
	}
}

// settled is called after every move: processes that were asked to end go on
// with it, and everything that must hold is looked at.
func (w *world) settled() {
	synctest.Wait()
	for _, n := range w.nodes {
		if n.leaving && !n.dead && !n.frozen {
			w.leave(n)
		}
	}
	w.check(nil)
}

func (w *world) someNode() *node { return w.nodes[w.dice.IntN(len(w.nodes))] }

// workerWeights are how often each worker's turn comes, in the order of node.workers.
var workerWeights = []int{10, 14, 6, 10, 12, 6, 4, 4, 3, 2, 12, 14}

func (w *world) someWorker() bool {
	n := w.someNode()
	total := 0
	for _, weight := range workerWeights {
		total += weight
	}
	place := 0
	for at := w.dice.IntN(total); at >= workerWeights[place]; place++ {
		at -= workerWeights[place]
	}
	return w.move(n, n.workers[place])
}

func (w *world) someCourier() bool {
	n, which := w.someNode(), w.dice.IntN(2)
	n.staff = slices.DeleteFunc(n.staff, func(p *postman) bool { return p.ended() })
	return which < len(n.staff) && w.moveCourier(n, n.staff[which])
}

func (w *world) somePush() bool {
	which := w.dice.IntN(8)
	open := slices.DeleteFunc(slices.Clone(w.pushes), func(p *push) bool { return p.node.frozen })
	if len(open) == 0 {
		return false
	}
	w.endPush(open[which%len(open)])
	return true
}

// someTime passes: mostly little of it.
func (w *world) someTime() bool {
	spans := []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Second, 2 * time.Second, 5 * time.Second, 5 * time.Second,
		10 * time.Second, 20 * time.Second, worldLease, time.Minute, 3 * time.Minute}
	w.pass(spans[w.dice.IntN(len(spans))])
	return true
}

func (w *world) someFault() bool {
	which := w.dice.IntN(8)
	open := slices.DeleteFunc(slices.Clone(w.calls), func(c *call) bool { return c.task.node.frozen })
	if len(open) == 0 {
		return false
	}
	w.spoil(open[which%len(open)])
	return true
}

func (w *world) someLate() bool {
	which := w.dice.IntN(8)
	if len(w.late) == 0 {
		return false
	}
	w.arrive(w.late[which%len(w.late)])
	return true
}

func (w *world) someKill() bool {
	n := w.someNode()
	if n.dead {
		return false
	}
	w.seen["process killed"]++
	w.note("kill -9 %s", n.name)
	w.kill(n)
	return true
}

func (w *world) someStart() bool {
	place := w.dice.IntN(len(w.nodes))
	if !w.nodes[place].dead {
		return false
	}
	w.nodes[place] = w.boot(place)
	w.note("start %s, whose clock is %s off", w.nodes[place].name, time.Duration(w.nodes[place].skew.Load()))
	return true
}

func (w *world) someFreeze() bool {
	n := w.someNode()
	if n.dead || n.frozen {
		return false
	}
	w.note("SIGSTOP %s", n.name)
	w.freeze(n)
	return true
}

func (w *world) someThaw() bool {
	n := w.someNode()
	if !n.frozen {
		return false
	}
	w.note("SIGCONT %s", n.name)
	n.frozen = false
	return true
}

func (w *world) someLeave() bool {
	n := w.someNode()
	if n.dead || n.leaving {
		return false
	}
	w.note("SIGTERM %s", n.name)
	n.leaving = true
	return true
}

// someRelease lets what is stuck in the signing queue be signed after all.
func (w *world) someRelease() bool {
	w.release()
	return true
}

func (w *world) release() {
	recorder := httptest.NewRecorder()
	w.tax.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/v1/simulator/release", strings.NewReader(`{"reference":""}`)))
	if recorder.Code != http.StatusOK {
		w.fail("release: %d %s", recorder.Code, recorder.Body)
	}
}

func (w *world) someOutage() bool {
	w.taxDown = !w.taxDown
	w.note("the tax system is down: %t", w.taxDown)
	return true
}

// someJump steps a process's clock. Of the leases it holds it then thinks less or
// more than is true, by no more than clocks may differ.
func (w *world) someJump() bool {
	n := w.someNode()
	n.skew.Store(w.someSkew())
	w.note("the clock of %s is %s off", n.name, time.Duration(n.skew.Load()))
	return !n.dead
}

// someSkew is by how many nanoseconds a clock is wrong.
func (w *world) someSkew() int64 { return w.dice.Int64N(int64(2*worldSkew)) - int64(worldSkew) }

// somebody asks a process for something, as the API does.
func (w *world) somebody() bool {
	n, what, which := w.someNode(), w.dice.IntN(20), w.dice.IntN(1<<20)
	if n.dead || n.frozen || n.leaving {
		return false
	}
	if what < 8 {
		return w.post(n, what < 2)
	}
	if what >= 18 {
		return w.pause(n, w.sellers[which%len(w.sellers)], which%3 == 0)
	}
	if what == 17 {
		return w.enableHooks(n)
	}
	if len(w.model.order) == 0 {
		return false
	}
	id := w.model.order[which%len(w.model.order)]
	ask := func(name string, do func(context.Context) error) bool {
		w.request(n, name+" "+short(id), do)
		return true
	}
	switch what {
	case 8, 9, 10:
		return ask("PUT", func(ctx context.Context) error { return w.put(ctx, n, id, which%4 != 0) })
	case 11, 12:
		return ask("re-upload", func(ctx context.Context) error { _, err := n.Reupload(ctx, worldTenant, id, ""); return err })
	case 13, 14:
		return ask("cancel", func(ctx context.Context) error { _, _, err := n.Cancel(ctx, worldTenant, id); return err })
	case 15:
		return ask("replace", func(ctx context.Context) error { return w.replace(ctx, n, id) })
	}
	return ask("resolve", func(ctx context.Context) error { return w.resolve(ctx, n, id) })
}

// request is something that a person or an ERP asks for. What the caller is told
// must be an answer that the API knows.
func (w *world) request(n *node, name string, do func(context.Context) error) {
	w.seen["request "+strings.Fields(name)[0]]++
	w.note("%s: %s", n.name, name)
	w.begin(n, name, do)
}

// checkAnswers looks at what became of requests and steps that are over.
func (w *world) checkAnswers() {
	w.tasks = slices.DeleteFunc(w.tasks, func(k *task) bool {
		if k.over.Load() && k.err != nil && !k.killed {
			w.checkAnswer(k)
		}
		return k.over.Load()
	})
}

func (w *world) checkAnswer(k *task) {
	w.note("%s: %s: %v", k.node.name, k.name, k.err)
	if isFenced(k.err) {
		w.seen["fenced "+k.name]++
	}
	if _, worker := leaseOf[k.name]; worker {
		return
	}
	answer, known := errors.AsType[*faktur.Error](k.err)
	if !known || answer.Kind == faktur.KindInternal {
		w.fail("%s: the answer to %s was %v", k.node.name, k.name, k.err)
	}
}

var words = []string{"", "", "", "", "", "/SIM-SAVED-INVALID", "/SIM-STUCK", "/SIM-LATE", "/SIM-DROP", "/SIM-502", "/SIM-BUYER-CONSENT", "/SIM-BUYER-REFUSES"}

// post sends an invoice, or a few at once. Its reference may have been used before.
//
// One at a time asks each process: of several that wait for the same commit it
// would not be certain who goes on first.
func (w *world) post(n *node, many bool) bool {
	if slices.ContainsFunc(w.tasks, func(k *task) bool { return k.node == n && !k.over.Load() && strings.HasPrefix(k.name, "POST") }) {
		return false
	}
	count := 1
	if many {
		count = 2 + w.dice.IntN(3)
	}
	invoices := make([]faktur.TaxInvoice, count)
	for i := range invoices {
		word := words[w.dice.IntN(len(words))]
		invoices[i] = w.invoice(w.sellers[w.dice.IntN(len(w.sellers))], fmt.Sprintf("INV/%02d%s", w.dice.IntN(24), word), w.dice.IntN(3))
	}
	w.request(n, fmt.Sprintf("POST %d from %s", count, invoices[0].Reference), func(ctx context.Context) error {
		results := n.AcceptAll(ctx, worldTenant, len(invoices), func(i int) (faktur.TaxInvoice, error) { return invoices[i], nil })
		var errs []error
		for _, r := range results {
			if r.Err == nil {
				w.promised(r.DocumentID)
			} else if answer, known := errors.AsType[*faktur.Error](r.Err); !known || answer.Kind == faktur.KindInternal {
				errs = append(errs, r.Err)
			}
		}
		return errors.Join(errs...)
	})
	return true
}

// invoice is an ordinary one of today, of last month (due soon), or of before (late).
func (w *world) invoice(npwp, reference string, age int) faktur.TaxInvoice {
	price, _ := faktur.ParseAmount("100000")
	one, _ := faktur.ParseAmount("1")
	return faktur.TaxInvoice{
		Reference: reference, Date: faktur.NewDate(2026, time.Month(12-age), 1), TrxCode: "04",
		Seller: faktur.Seller{NPWP: npwp, NITKU: npwp + "000000"},
		Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
		Lines: []faktur.Line{{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018", UnitPrice: price, Quantity: one}},
	}
}

// put corrects an invoice as it is now.
func (w *world) put(ctx context.Context, n *node, id string, reupload bool) error {
	shown, err := n.Invoice(ctx, worldTenant, id)
	if err != nil {
		return err
	}
	shown.Buyer.Address += "."
	_, err = n.Correct(ctx, worldTenant, id, shown.TaxInvoice, shown.Sequence, reupload)
	return err
}

func (w *world) replace(ctx context.Context, n *node, id string) error {
	shown, err := n.Invoice(ctx, worldTenant, id)
	if err != nil {
		return err
	}
	shown.Buyer.Address += "!"
	replacement, _, err := n.Replace(ctx, worldTenant, id, shown.TaxInvoice)
	if err == nil {
		w.promised(replacement.ID)
	}
	return err
}

// resolve is the word of an operator who looked in the portal, and who waits
// until nothing is on its way any more.
func (w *world) resolve(ctx context.Context, n *node, id string) error {
	d, err := n.DB.Document(ctx, worldTenant, id)
	if err != nil {
		return err
	}
	if len(w.late) > 0 || slices.ContainsFunc(w.calls, func(c *call) bool { return c.point != "" || c.path == "/v1/submissions" }) {
		return nil
	}
	filed, nsfp := w.model.filed(w, d.ClientID())
	_, err = n.Resolve(ctx, w.operator(), id, Resolution{Filed: filed, NSFP: nsfp})
	return err
}

func (w *world) pause(n *node, npwp string, paused bool) bool {
	if paused {
		w.request(n, "pause "+npwp, func(ctx context.Context) error { _, err := n.Pause(ctx, w.operator(), npwp); return err })
	} else {
		w.request(n, "resume "+npwp, func(ctx context.Context) error { _, err := n.Resume(ctx, w.operator(), npwp); return err })
	}
	return true
}

func (w *world) enableHooks(n *node) bool {
	for _, h := range w.hooks {
		off := false
		w.request(n, "enable "+h.path, func(ctx context.Context) error {
			_, err := n.UpdateEndpoint(ctx, worldTenant, h.id, EndpointPatch{Disabled: &off})
			return err
		})
	}
	return true
}
