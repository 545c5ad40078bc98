package service

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// model is what the feed, and the answers that were given, say of this world.
// Everything is held against it.
type model struct {
	position int64 // of the last event that was read
	events   []faktur.Event
	papers   map[string]*paper // by document id
	order    []string          // ids as they were accepted
	promises []string          // ids of which somebody was told that we have them
	held     map[string]bool   // sellers that are paused
}

// paper is a document as the feed tells of it.
type paper struct {
	id, seller, reference string
	status                faktur.Status
	sequence              int64
	attempt               int
	since                 time.Time // when its status began
	nsfp                  string
	approvals             int
}

func newModel() model { return model{papers: map[string]*paper{}, held: map[string]bool{}} }

func short(id string) string { return "…" + strings.TrimLeft(id[max(0, len(id)-6):], "0") }

func stack() string { return string(debug.Stack()) }

// fail notes the first thing that must not be.
func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
		w.note("BROKEN: %v", w.err)
	}
}

// note writes a line of the schedule's story.
func (w *world) note(format string, args ...any) {
	if w.plan.tell {
		w.trace = append(w.trace, fmt.Sprintf("%5d %9s  ", w.step, w.now().Sub(worldStart).Round(time.Millisecond))+fmt.Sprintf(format, args...))
	}
}

// promised notes a 2xx.
func (w *world) promised(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.model.promises = append(w.model.promises, id)
}

// check holds everything that must be true at any moment. k is the task that
// had its turn, nil when several had.
func (w *world) check(k *task) {
	if w.panicked != nil {
		w.fail("%v", w.panicked)
	}
	w.checkAnswers()
	changed := w.readNews()
	w.checkDocuments(changed)
	w.checkPromises()
	if k != nil && k.name == "courier" {
		w.checkCursors()
	}
	if k != nil {
		w.checkFence(k, changed)
	}
}

// leaseOf is the lease under which a worker changes documents; "" is none.
var leaseOf = map[string]string{
	"leases": "", "relay": "pjap", "relay 2": "pjap", "look-up": "pjap", "poll": "pjap", "follow": "pjap", "cancel": "pjap", "amend": "pjap", "mend": "pjap",
	"watch": watchLease, "office": "", "intake": "", "courier": "", "give back": "",
}

// checkFence holds that a worker changes only what no other process has taken
// over since: a new holder has a new token, higher than all before.
func (w *world) checkFence(k *task, changed []string) {
	if k.name == "leases" {
		for _, name := range []string{"pjap", watchLease} {
			for _, l := range k.node.leases.byName[name].leases {
				if key := (fenceKey{name, l.Shard}); l.Token > w.holders[key].token {
					w.holders[key] = holder{k.node, l.Token}
				}
			}
		}
	}
	name := leaseOf[k.name]
	if name == "" {
		return
	}
	for _, id := range changed {
		shard := 0
		if name != watchLease {
			shard = faktur.ShardOf(worldTenant, w.model.papers[id].seller)
		}
		if now := w.holders[fenceKey{name, shard}].node; now != k.node {
			w.fail("%s of %s changed %s, whose shard %s has taken over", k.name, k.node.name, id, now.name)
		}
	}
}

// fenceKey names a shard of a lease, holder who got it last.
type (
	fenceKey struct {
		name  string
		shard int
	}
	holder struct {
		node  *node
		token int64
	}
)

// readNews reads what is new in the feed and gives the documents that it is about.
func (w *world) readNews() []string {
	events, err := w.db.Feed(w.t.Context(), worldTenant, w.model.position, 500)
	if err != nil {
		w.fail("read the feed: %v", err)
	}
	var changed []string
	for i := range events {
		e := &events[i]
		w.model.position = e.Position
		w.model.events = append(w.model.events, *e)
		w.noteEvent(e)
		if e.DocumentID != "" && !slices.Contains(changed, e.DocumentID) {
			changed = append(changed, e.DocumentID)
		}
	}
	return changed
}

// noteEvent holds that an event follows from what is known of its document.
func (w *world) noteEvent(e *faktur.Event) {
	w.note("  %d %s %s", e.Position, short(e.DocumentID), e.Type)
	w.seen["event "+string(e.Type)]++
	if e.DocumentID == "" {
		return
	}
	var data faktur.EventData
	if err := json.Unmarshal(e.Data, &data); err != nil {
		w.fail("event %d: %v", e.Position, err)
		return
	}
	p := w.model.papers[e.DocumentID]
	if p == nil {
		p = &paper{id: e.DocumentID, seller: data.SellerNPWP, reference: data.Reference, attempt: 1}
		w.model.papers[p.id] = p
		w.model.order = append(w.model.order, p.id)
	}
	if e.Sequence != p.sequence+1 || data.Sequence != e.Sequence {
		w.fail("%s: after event %d of its life comes %d", p.id, p.sequence, e.Sequence)
	}
	if faktur.Status(data.PreviousStatus) != p.status {
		w.fail("%s: event %d says that it was %q, and it was %q", p.id, e.Sequence, data.PreviousStatus, p.status)
	}
	if data.Status != p.status && p.status != "" && !p.status.CanBecome(data.Status) {
		w.fail("%s went from %s to %s", p.id, p.status, data.Status)
	}
	w.checkStep(e, &data, p)
	if data.Status != p.status {
		p.since = e.At
	}
	if p.status == faktur.SavedInvalid && data.Status == faktur.Queued {
		p.attempt++
	}
	p.sequence, p.status, p.nsfp = e.Sequence, data.Status, string(data.NSFP)
}

// checkStep holds the rules of single steps.
func (w *world) checkStep(e *faktur.Event, data *faktur.EventData, p *paper) {
	switch e.Type {
	case "invoice.approved":
		if p.approvals++; p.approvals > 1 {
			w.fail("%s was told approved twice", p.id)
		}
		if filed, nsfp := w.model.filed(w, p.clientID()); !filed || nsfp != string(data.NSFP) {
			w.fail("%s is approved as %s, and in the ledger it is %q (filed: %t)", p.id, data.NSFP, nsfp, filed)
		}
	case "invoice.submitting":
		if w.model.held[p.seller] {
			w.fail("%s was handed over while its seller is paused", p.id)
		}
		w.checkOneByOne(e, p)
	}
}

// checkOneByOne: of a seller's re-uploads one is under way, unless it hangs.
func (w *world) checkOneByOne(e *faktur.Event, p *paper) {
	if p.attempt == 1 {
		return
	}
	for _, o := range w.model.papers {
		underWay := o.status == faktur.Submitting || o.status == faktur.SigningInProgress
		if o != p && o.seller == p.seller && o.attempt > 1 && underWay && e.At.Sub(o.since) < w.nodes[0].ReuploadWait-2*worldSkew {
			w.fail("%s was uploaded again while %s was under way", p.id, o.id)
		}
	}
}

func (p *paper) clientID() string { return fmt.Sprintf("%s-%d", p.id, p.attempt) }

// filed is what the ledger says of an attempt: whether it is there, and its number.
func (m *model) filed(w *world, clientID string) (bool, string) {
	entry := w.entry(clientID)
	if entry == nil {
		return false, ""
	}
	return true, entry.NSFP
}

func (w *world) entry(clientID string) *simulator.LedgerEntry {
	entries, err := w.tax.Ledger("")
	if err != nil {
		w.fail("ledger: %v", err)
	}
	for i := range entries {
		if entries[i].ClientID == clientID {
			return &entries[i]
		}
	}
	return nil
}

// checkArrival holds that what arrives at the tax system is what the database
// says is on its way: marked, by that attempt, and not settled since.
func (w *world) checkArrival(clientID string) {
	dash := strings.LastIndexByte(clientID, '-')
	documents, err := w.db.Reread(w.t.Context(), []string{clientID[:dash]})
	if err != nil {
		w.fail("read %s: %v", clientID, err)
		return
	}
	if len(documents) == 0 {
		w.fail("%s was handed over and is not in the database", clientID)
		return
	}
	if d := documents[0]; d.ClientID() != clientID || d.Status != faktur.Submitting {
		w.fail("%s arrives at the tax system while the document is %s in attempt %d", clientID, d.Status, d.Attempt)
	}
}

func (w *world) checkFiledOnce(clientID string) {
	if entry := w.entry(clientID); entry != nil && entry.Accepted > 1 {
		w.fail("%s was filed %d times", clientID, entry.Accepted)
	}
}

// checkDocuments holds that documents are where the feed says they are.
func (w *world) checkDocuments(ids []string) {
	if len(ids) == 0 {
		return
	}
	documents, err := w.db.Reread(w.t.Context(), ids)
	if err != nil || len(documents) != len(ids) {
		w.fail("the feed tells of %d documents, and the database has %d of them, %v", len(ids), len(documents), err)
		return
	}
	for i := range documents {
		d := &documents[i]
		p := w.model.papers[d.ID]
		if d.Sequence != p.sequence || d.Status != p.status || d.Attempt != p.attempt || d.NSFP != p.nsfp {
			w.fail("%s is %s, attempt %d, sequence %d in the database, and %s, %d, %d in the feed", d.ID, d.Status, d.Attempt, d.Sequence, p.status, p.attempt, p.sequence)
		}
	}
}

// checkPromises: every document of which somebody was told is there.
func (w *world) checkPromises() {
	w.mu.Lock()
	promises := w.model.promises
	w.model.promises = nil
	w.mu.Unlock()
	for _, id := range promises {
		if w.model.papers[id] == nil {
			w.fail("%s was answered with a 2xx and is not in the database", id)
		}
	}
}

// checkCursors: a cursor never stands beyond a message that was not tried.
func (w *world) checkCursors() {
	for _, h := range w.hooks {
		e, err := w.db.Endpoint(w.t.Context(), worldTenant, h.id)
		if err != nil {
			w.fail("endpoint: %v", err)
			return
		}
		if e.Position < h.cursor && h.cursor > 0 {
			w.fail("the cursor of %s went back from %d to %d", h.path, h.cursor, e.Position)
		}
		for ; h.seen < len(w.model.events) && w.model.events[h.seen].Position <= e.Position; h.seen++ {
			event := &w.model.events[h.seen]
			if event.Position > h.since && h.wants(event.Type) && !h.tried[event.MessageID()] {
				w.fail("the cursor of %s stands at %d, and %s (%d) was never tried", h.path, e.Position, event.MessageID(), event.Position)
			}
		}
		h.cursor = e.Position
	}
}

// checkRest holds what must be true when all is at rest.
func (w *world) checkRest() {
	feed, err := w.db.Feed(w.t.Context(), worldTenant, 0, len(w.model.events)+10)
	if err != nil || len(feed) != len(w.model.events) {
		w.fail("the feed has %d events, and a reader who followed it saw %d, %v", len(feed), len(w.model.events), err)
		return
	}
	for i := range feed {
		if feed[i].Position != w.model.events[i].Position || feed[i].MessageID() != w.model.events[i].MessageID() {
			w.fail("event %d of the feed is %s, and was %s", i, feed[i].MessageID(), w.model.events[i].MessageID())
		}
	}
	w.checkDocuments(w.model.order)
	w.checkLedger()
	w.checkDelivered()
}

// checkLedger holds the database against the tax system's own book.
func (w *world) checkLedger() {
	entries, err := w.tax.Ledger("")
	if err != nil {
		w.fail("ledger: %v", err)
	}
	of := map[string]simulator.LedgerEntry{}
	for _, entry := range entries {
		of[entry.ClientID] = entry
		p := w.model.papers[entry.ClientID[:strings.LastIndexByte(entry.ClientID, '-')]]
		if entry.Accepted != 1 || p == nil {
			w.fail("ledger: %+v", entry)
		} else if entry.ClientID != p.clientID() && entry.Status != faktur.SavedInvalid {
			w.fail("%s is %s in the ledger, and a later attempt was made", entry.ClientID, entry.Status)
		}
	}
	for _, id := range w.model.order {
		p := w.model.papers[id]
		entry, taken := of[p.clientID()]
		switch {
		case taken && (entry.Status == p.status && entry.NSFP == p.nsfp || p.status == faktur.Cancelled && entry.Status == faktur.SavedInvalid):
		case !taken && (p.status == faktur.Cancelled || p.status == faktur.SavedInvalid): // before it was handed over, or refused at the door
		default:
			w.fail("%s is %s %s, and in the ledger %s %s", p.clientID(), p.status, p.nsfp, entry.Status, entry.NSFP)
		}
	}
}

// checkDelivered: every event that a receiver wants has been taken by it.
func (w *world) checkDelivered() {
	for _, h := range w.hooks {
		for i := range w.model.events {
			e := &w.model.events[i]
			if e.Position > h.since && h.wants(e.Type) && !h.taken[e.MessageID()] {
				w.fail("%s never took %s (%d)", h.path, e.MessageID(), e.Position)
			}
		}
	}
}
