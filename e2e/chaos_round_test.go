package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// chaosInvoices are under way in every round.
const chaosInvoices = 400

// chaosRound is one: invoices are posted, something goes wrong meanwhile, and
// when all is well again and everything has come to its end, it is judged.
type chaosRound struct {
	world    *chaosWorld
	dice     *rand.Rand
	number   int
	prefix   string // of its references
	gateways int
	faults   []chaosFault

	mu       sync.Mutex
	answered map[string]string // document id by reference, of what was answered 2xx
	others   map[int]int       // answers that settled nothing, by status; 0 is none
	underWay int               // the most documents that were seen on their way at once
}

// dealFaults deals the faults of a database, so that each comes as often as the
// others. It depends on the seed alone.
func dealFaults(seed uint64, number int, kind string, disk bool) (faults []chaosFault, dice *rand.Rand) {
	var deck []chaosFault
	for _, f := range append(chaosFaults(), sideFaults()...) {
		if (f.on == "" || f.on == kind) && (!f.disk || disk) && strings.Contains(f.name, *chaosOnly) {
			deck = append(deck, f)
		}
	}
	shuffle := rand.New(rand.NewPCG(seed, uint64(number/len(deck)))) // a deck is dealt to its end
	shuffle.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	faults = append(faults, deck[number%len(deck)])
	dice = rand.New(rand.NewPCG(seed, 1<<32+uint64(number)))
	if sides := sideFaults(); dice.IntN(2) == 0 {
		if side := sides[dice.IntN(len(sides))]; side.name != faults[0].name {
			faults = append(faults, side)
		}
	}
	return faults, dice
}

// newRound plans a round.
func (w *chaosWorld) newRound(seed uint64, number int) *chaosRound {
	faults, dice := dealFaults(seed, number, w.kind, w.disk != nil)
	r := &chaosRound{world: w, dice: dice, number: number, prefix: fmt.Sprintf("C/%05d/", number), faults: faults,
		gateways: 1 + dice.IntN(len(w.gateways)), answered: map[string]string{}, others: map[int]int{}}
	for _, f := range faults {
		r.gateways = min(max(r.gateways, f.gateways), len(w.gateways))
	}
	return r
}

func (r *chaosRound) String() string {
	names := make([]string, len(r.faults))
	for i, f := range r.faults {
		names[i] = f.name
	}
	return fmt.Sprintf("round %d on %s, %d gateways: %s", r.number, r.world.kind, r.gateways, strings.Join(names, "; "))
}

// play plays the round to its end and judges it.
func (r *chaosRound) play() []breach {
	w := r.world
	w.t.Helper()
	dedup := false
	var settings []string
	for _, f := range r.faults {
		dedup = dedup || f.dedup
		if f.setting != nil {
			settings = append(settings, f.setting(r))
		}
	}
	w.recognises(dedup)
	for i := range r.gateways {
		if i == 0 {
			w.run(i, settings...)
		} else {
			w.run(i)
		}
	}
	for _, g := range w.gateways[:r.gateways] {
		g.awaitAnswer(g.url + "/healthz")
	}
	ctx, dismiss := context.WithCancel(w.t.Context())
	var supervisor sync.WaitGroup
	supervisor.Go(func() { w.supervise(ctx, r.gateways) })
	defer r.end()
	defer supervisor.Wait()
	defer dismiss()
	var under sync.WaitGroup
	under.Go(r.post)
	for _, f := range r.faults {
		// Each has dice of its own, so that it does not matter which throws first.
		own := &chaosRound{world: w, prefix: r.prefix, gateways: r.gateways, dice: rand.New(rand.NewPCG(r.dice.Uint64(), 3))}
		if f.strike != nil {
			under.Go(func() { f.strike(own) })
		}
	}
	under.Wait()
	breaches := r.settle()
	return append(breaches, w.judge(r)...)
}

// post posts the round's invoices as an ERP does: until each is answered.
func (r *chaosRound) post() {
	w := r.world
	c := w.chaosClient(w.gateways[:r.gateways])
	inParallel(16, chaosInvoices, func(i int) {
		reference := fmt.Sprintf("%s%04d", r.prefix, i)
		if i%20 == 0 {
			reference += "/SIM-SAVED-INVALID"
		}
		invoice := simpleInvoice(w.sellers[i%len(w.sellers)], reference)
		deadline := time.Now().Add(patience)
		for time.Now().Before(deadline) && !r.postOne(c, invoice) {
			time.Sleep(20 * time.Millisecond)
		}
		if i%20 == 0 {
			r.look()
		}
	})
	r.look()
}

// look notes how many documents are on their way.
func (r *chaosRound) look() {
	open := r.open()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.underWay = max(r.underWay, open)
}

// postOne posts once, and says whether that settled it.
func (r *chaosRound) postOne(c *client, invoice faktur.TaxInvoice) bool {
	ctx, cancel := context.WithTimeout(r.world.t.Context(), 15*time.Second)
	defer cancel()
	a, err := c.try(ctx, http.MethodPost, "/invoices", invoice)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || a.status != http.StatusAccepted && a.status != http.StatusOK {
		r.others[a.status]++
		return false
	}
	var stored identified
	if json.Unmarshal(a.body, &stored) != nil {
		return false // cut off in the middle
	}
	r.answered[invoice.Reference] = stored.ID
	return true
}

// settle makes everything well again, and waits until every document has come
// to its end.
func (r *chaosRound) settle() (breaches []breach) {
	w := r.world
	open := -1
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && !w.t.Failed(); time.Sleep(50 * time.Millisecond) {
		for _, g := range w.gateways[:r.gateways] { // a trap may have come late
			r.signal(g, syscall.SIGCONT)
		}
		if open = r.open(); open == 0 {
			return nil
		}
	}
	return []breach{{"lost", fmt.Sprintf("%d documents have not come to an end within %v", open, patience)}}
}

// open counts the documents that are on their way; -1 when it cannot be told.
func (r *chaosRound) open() int { return r.count(`status NOT IN ('approved', 'saved_invalid')`) }

// count counts the round's documents of which a condition is true; -1 when it cannot be told.
func (r *chaosRound) count(condition string) (count int) {
	err := r.world.db.QueryRowContext(r.world.t.Context(), `SELECT COUNT(*) FROM documents WHERE reference LIKE '`+r.prefix+`%' AND `+condition).Scan(&count)
	if err != nil {
		return -1
	}
	return count
}

// end ends the gateways, by kill -9 or as an operator would.
func (r *chaosRound) end() {
	w := r.world
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.gateways {
		switch {
		case !g.running():
		case r.dice.IntN(2) == 0:
			g.kill()
		default:
			_ = g.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, g := range w.gateways {
		if g.running() {
			select {
			case <-g.ended:
			case <-time.After(3 * time.Second): // tries to a slow receiver are waited for
				g.kill()
			}
		}
	}
}
