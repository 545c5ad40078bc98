package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// breach is a promise that was not kept.
type breach struct {
	kind string // "lost", "doubled", "disagrees"
	what string
}

func (b breach) String() string { return b.kind + ": " + b.what }

// keptDocument is a document as the database has it.
type keptDocument struct {
	id, reference, status, nsfp string
	attempt, sequence           int64
}

// keptEvent is an event of the feed as the database has it.
type keptEvent struct {
	id       string // as the feed and webhooks have it
	sequence int64
	position int64
}

// judge holds a round to the promises. The simulator's ledger says what was filed.
func (w *chaosWorld) judge(r *chaosRound) []breach {
	w.t.Helper()
	kept := w.documents(r.prefix)
	breaches := append(w.judgeAnswers(r, kept), w.judgeLedger(r.prefix, kept)...)
	breaches = append(breaches, w.judgeFeed(r.prefix, kept)...)
	breaches = append(breaches, w.judgeWebhooks(r.prefix)...)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.gateways {
		if words := g.panicked(); words != "" {
			breaches = append(breaches, breach{"disagrees", g.name + " ended by a fault of its own:\n" + words})
		}
	}
	return breaches
}

// documents are those of a round, by reference.
func (w *chaosWorld) documents(prefix string) map[string]keptDocument {
	w.t.Helper()
	kept := map[string]keptDocument{}
	w.each(`SELECT id, reference, status, nsfp, attempt, sequence FROM documents WHERE reference LIKE '`+prefix+`%'`, func(scan func(...any) error) error {
		var d keptDocument
		err := scan(&d.id, &d.reference, &d.status, &d.nsfp, &d.attempt, &d.sequence)
		kept[d.reference] = d
		return err
	})
	return kept
}

// judgeAnswers: every 2xx is in the database, under the id that it named.
func (w *chaosWorld) judgeAnswers(r *chaosRound, kept map[string]keptDocument) (breaches []breach) {
	for reference, id := range r.answered {
		switch d, ok := kept[reference]; {
		case !ok:
			breaches = append(breaches, breach{"lost", reference + " was answered 2xx as " + id + " and is not in the database"})
		case d.id != id:
			breaches = append(breaches, breach{"lost", reference + " was answered 2xx as " + id + " and is " + d.id})
		}
	}
	return breaches
}

// judgeLedger: every document is filed exactly once, and ended as the ledger says.
func (w *chaosWorld) judgeLedger(prefix string, kept map[string]keptDocument) (breaches []breach) {
	ledger := map[string][]simulator.LedgerEntry{}
	for reference, entries := range w.taxLedger() {
		if strings.HasPrefix(reference, prefix) {
			ledger[reference] = entries
		}
	}
	for reference, d := range kept {
		entries := ledger[reference]
		complain := func(kind, how string) {
			breaches = append(breaches, breach{kind, fmt.Sprintf("%s is %s, %s %q, attempt %d, and %s; ledger: %+v", reference, d.id, d.status, d.nsfp, d.attempt, how, entries)})
		}
		switch {
		case len(entries) == 0:
			complain("lost", "was not filed")
		case len(entries) > 1 || entries[0].Accepted > 1:
			complain("doubled", "was filed more than once")
		case entries[0].ClientID != d.id+"-1":
			complain("doubled", "another was filed")
		case string(entries[0].Status) != d.status || entries[0].NSFP != d.nsfp:
			complain("disagrees", "ended otherwise")
		}
	}
	for reference, entries := range ledger {
		if _, ok := kept[reference]; !ok {
			breaches = append(breaches, breach{"lost", fmt.Sprintf("%s was filed and is not in the database: %+v", reference, entries)})
		}
	}
	return breaches
}

// taxLedger is all that the simulator took, by reference, asked past the way where calls go wrong.
func (w *chaosWorld) taxLedger() map[string][]simulator.LedgerEntry {
	straight := world{t: w.t, simURL: w.tax.url}
	return straight.ledger()
}

// eventsOf are a round's events, by document.
func (w *chaosWorld) eventsOf(prefix string) map[string][]keptEvent {
	w.t.Helper()
	events := map[string][]keptEvent{}
	w.each(`SELECT e.document_id, e.sequence, e.position FROM events e JOIN documents d ON d.id = e.document_id
		WHERE d.reference LIKE '`+prefix+`%' ORDER BY e.position`, func(scan func(...any) error) error {
		var of string
		var e keptEvent
		err := scan(&of, &e.sequence, &e.position)
		e.id = (&faktur.Event{DocumentID: of, Sequence: e.sequence}).MessageID()
		events[of] = append(events[of], e)
		return err
	})
	return events
}

// judgeFeed: the feed has each step of each document once, in order, and who
// followed it while it grew has seen each once.
func (w *chaosWorld) judgeFeed(prefix string, kept map[string]keptDocument) (breaches []breach) {
	events := w.eventsOf(prefix)
	var ids []string
	for _, d := range kept {
		for n, e := range events[d.id] {
			ids = append(ids, e.id)
			if e.sequence != int64(n+1) {
				breaches = append(breaches, breach{"lost", fmt.Sprintf("event %d of %s is where %d should be", e.sequence, d.id, n+1)})
			}
		}
		if n := int64(len(events[d.id])); n != d.sequence {
			breaches = append(breaches, breach{"lost", fmt.Sprintf("%s is at sequence %d, and the feed has %d events of it", d.id, d.sequence, n)})
		}
	}
	for _, id := range w.follower.sees(ids, toldWithin) {
		breaches = append(breaches, breach{"lost", "event " + id + " is in the feed, and who followed it was never given it"})
	}
	for _, id := range ids {
		if times := w.follower.times(id); times > 1 {
			breaches = append(breaches, breach{"doubled", fmt.Sprintf("event %s was given %d times to who followed the feed", id, times)})
		}
	}
	return breaches
}

// judgeWebhooks: every event reached each endpoint, or is still owed to it: its
// cursor stands before the event, or a retry is due.
func (w *chaosWorld) judgeWebhooks(prefix string) (breaches []breach) {
	w.t.Helper()
	endpoints := w.endpoints()
	type webhook struct {
		path  string
		event keptEvent
	}
	var told []webhook
	for _, events := range w.eventsOf(prefix) {
		for _, e := range events {
			for path, at := range endpoints {
				w.owed[path][e.id] = true
				if !at.retrying[e.id] && e.position <= at.position {
					told = append(told, webhook{path, e})
				}
			}
		}
	}
	// What has arrived may not have been told yet.
	for deadline := time.Now().Add(toldWithin); ; time.Sleep(5 * time.Millisecond) {
		told = slices.DeleteFunc(told, func(h webhook) bool { return w.receiver.has(h.path, h.event.id) })
		if len(told) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for _, h := range told {
		breaches = append(breaches, breach{"lost", fmt.Sprintf("event %s (position %d) never reached %s, whose cursor is %d, and no retry is due",
			h.event.id, h.event.position, h.path, endpoints[h.path].position)})
	}
	w.settleOwed()
	return append(breaches, w.judgeDeliveries()...)
}

// toldWithin is how long a busy machine may take to tell of what has arrived.
const toldWithin = 30 * time.Second

// judgeDeliveries: an endpoint's list of deliveries has each message once, of
// whatever round: who notes a message under a lease that is lost notes it twice.
func (w *chaosWorld) judgeDeliveries() (breaches []breach) {
	w.t.Helper()
	w.each(`SELECT endpoint_id, message_id, COUNT(*) FROM deliveries WHERE position > 0 GROUP BY endpoint_id, message_id HAVING COUNT(*) > 1`,
		func(scan func(...any) error) error {
			var endpoint, message string
			var times int
			err := scan(&endpoint, &message, &times)
			breaches = append(breaches, breach{"doubled", fmt.Sprintf("message %s is %d times in the deliveries of %s", message, times, endpoint)})
			return err
		})
	return breaches
}

// settleOwed forgets what has arrived.
func (w *chaosWorld) settleOwed() (left int) {
	for path, owed := range w.owed {
		maps.DeleteFunc(owed, func(id string, _ bool) bool { return w.receiver.has(path, id) })
		left += len(owed)
	}
	return left
}

// owedStill names some of the webhooks that are still to come.
func (w *chaosWorld) owedStill() string {
	var texts []string
	for path, owed := range w.owed {
		ids := slices.Sorted(maps.Keys(owed))
		texts = append(texts, fmt.Sprintf("%d to %s %v", len(ids), path, ids[:min(3, len(ids))]))
	}
	return strings.Join(texts, ", ")
}

// endpointState is how far an endpoint is, and what it is told again.
type endpointState struct {
	id       string
	position int64
	retrying map[string]bool // by webhook-id
}

// endpoints are both, by path. They are read before the receiver is asked: what
// is not owed any more has arrived before.
func (w *chaosWorld) endpoints() map[string]*endpointState {
	w.t.Helper()
	byPath, byID := map[string]*endpointState{}, map[string]*endpointState{}
	w.each(`SELECT id, url, position FROM webhook_endpoints`, func(scan func(...any) error) error {
		var url string
		e := &endpointState{retrying: map[string]bool{}}
		err := scan(&e.id, &url, &e.position)
		byPath[url[strings.LastIndexByte(url, '/'):]], byID[e.id] = e, e
		return err
	})
	w.each(`SELECT endpoint_id, message_id FROM deliveries WHERE state = 'retrying'`, func(scan func(...any) error) error {
		var endpoint, message string
		err := scan(&endpoint, &message)
		if e := byID[endpoint]; e != nil {
			e.retrying[message] = true
		}
		return err
	})
	return byPath
}

// each reads the rows of a query.
func (w *chaosWorld) each(query string, read func(scan func(...any) error) error) {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
}

// has says whether a path has taken a webhook.
func (r *receiver) has(path, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.arrived[path][id]
	return ok
}
