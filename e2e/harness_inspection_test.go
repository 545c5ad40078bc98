package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// inspection is the audit at the end of a month: what the gateway says, what
// the tax system's ledger says, what the feed said and what webhooks brought
// must be one story.
type inspection struct {
	*erp
	t      *testing.T
	stored map[string]faktur.StoredInvoice    // by reference
	ledger map[string][]simulator.LedgerEntry // by reference
}

func newInspection(e *erp, tax *world) *inspection {
	return &inspection{erp: e, t: e.t, stored: e.gateway.invoices(), ledger: tax.ledger()}
}

func (n *inspection) inspect() {
	n.t.Helper()
	n.nothingIsLostOrInvented()
	for _, p := range n.month {
		n.filedOnce(p, n.stored[p.invoice.Reference])
	}
	n.numbersAreUnique()
	n.feedIsComplete()
	n.feedTellsOneStory()
	n.webhooksAreTheFeed()
	n.reportSlowest()
}

func (n *inspection) nothingIsLostOrInvented() {
	n.t.Helper()
	if len(n.stored) != len(n.month) || len(n.ledger) != len(n.month) {
		n.t.Errorf("%d were posted, the gateway has %d, the tax system %d", len(n.month), len(n.stored), len(n.ledger))
	}
	for reference, id := range n.ids {
		if n.stored[reference].ID != id {
			n.t.Errorf("%s was answered as document %s, and is %s", reference, id, n.stored[reference].ID)
		}
	}
}

// filedOnce: each attempt was taken by the tax system once and no more, the
// last one stands as we say, and the ones before it failed.
func (n *inspection) filedOnce(p planned, d faktur.StoredInvoice) {
	n.t.Helper()
	entries := n.ledger[d.Reference]
	complain := func(what string, args ...any) {
		n.t.Helper()
		n.t.Errorf("%s: %s\n  document: %s, attempt %d, %s, NSFP %q\n  ledger: %+v", p.invoice.Reference, fmt.Sprintf(what, args...),
			d.ID, d.Attempt, d.Status, d.NSFP, entries)
		n.told(d.ID)
	}
	if len(entries) != d.Attempt {
		complain("%d attempts are in the ledger", len(entries))
		return
	}
	for i, entry := range entries {
		if want := fmt.Sprintf("%s-%d", d.ID, i+1); entry.ClientID != want {
			complain("attempt %d was filed as %s", i+1, entry.ClientID)
		}
		if entry.Accepted != 1 {
			complain("attempt %d was filed %d times", i+1, entry.Accepted)
		}
		if last := i == d.Attempt-1; !last && entry.Status != faktur.SavedInvalid {
			complain("attempt %d was not the last and is %s", i+1, entry.Status)
		} else if last && (entry.Status != d.Status || entry.NSFP != string(d.NSFP)) {
			complain("the ledger has another end")
		}
	}
	want := faktur.Approved
	if p.stuck {
		want = faktur.SigningInProgress
	}
	if d.Status != want {
		complain("it should be %s", want)
	}
	if d.Livemode {
		complain("the simulator approved a live document")
	}
}

func (n *inspection) numbersAreUnique() {
	n.t.Helper()
	holders := map[faktur.NullString]string{}
	for reference, d := range n.stored {
		if other, taken := holders[d.NSFP]; taken && d.NSFP != "" {
			n.t.Errorf("%s and %s both have NSFP %s", reference, other, d.NSFP)
		}
		holders[d.NSFP] = reference
	}
}

// feedIsComplete: who followed the feed while things happened has seen what is
// in it now, in the same order, each event once; and every document's events
// are there up to its last.
func (n *inspection) feedIsComplete() {
	n.t.Helper()
	now, _ := n.gateway.feed("")
	if len(now) != len(n.events) {
		n.t.Errorf("the feed has %d events, and who followed it saw %d", len(now), len(n.events))
	}
	ids := map[string]bool{}
	for i := range min(len(now), len(n.events)) {
		if !now[i].same(n.events[i]) {
			n.t.Fatalf("event %d of the feed is\n%+v\nand was, when it was followed,\n%+v", i, now[i], n.events[i])
		}
		if ids[now[i].ID] {
			n.t.Errorf("event %s is twice in the feed", now[i].ID)
		}
		ids[now[i].ID] = true
	}
	for reference, d := range n.stored {
		if n.sequences[d.ID] != d.Sequence {
			n.t.Errorf("%s is at sequence %d, its events end at %d", reference, d.Sequence, n.sequences[d.ID])
		}
	}
}

// feedTellsOneStory: every event goes on where the one before it stopped, and
// the last one says what the document says.
func (n *inspection) feedTellsOneStory() {
	n.t.Helper()
	last := map[string]faktur.EventData{}
	approvals, stuck := map[string]int{}, map[string]int{}
	for _, v := range n.events {
		data := v.about(n.t)
		if before := last[data.ID]; data.PreviousStatus != faktur.NullString(before.Status) {
			n.t.Errorf("%s event %d: from %q, and was %q", data.Reference, data.Sequence, data.PreviousStatus, before.Status)
		}
		last[data.ID] = data
		switch v.Type {
		case "invoice.approved":
			approvals[data.ID]++
		case faktur.EventSigningStuck:
			stuck[data.ID]++
		}
	}
	for reference, d := range n.stored {
		end := last[d.ID]
		if end.Status != d.Status || end.NSFP != d.NSFP || end.Reference != reference {
			n.t.Errorf("%s is %s %q, and its last event says %+v", reference, d.Status, d.NSFP, end)
		}
		want := 1
		if n.plan[reference].stuck {
			want = 0
		}
		if approvals[d.ID] != want || want == 0 && stuck[d.ID] != 1 {
			n.t.Errorf("%s: approval was told %d times, signing_stuck %d times", reference, approvals[d.ID], stuck[d.ID])
		}
	}
}

// webhooksAreTheFeed: each endpoint was told exactly of the events that it
// subscribed to, in the very words of the feed.
func (n *inspection) webhooksAreTheFeed() {
	n.t.Helper()
	want := map[string]map[string]event{accounting: {}, audit: {}}
	for _, v := range n.events {
		want[audit][v.ID] = v
		if v.Type == "invoice.approved" || v.Type == "invoice.saved_invalid" {
			want[accounting][v.ID] = v
		}
	}
	n.receiver.mu.Lock()
	defer n.receiver.mu.Unlock()
	for path, events := range want {
		arrived := n.receiver.arrived[path]
		for id := range arrived {
			if _, told := events[id]; !told {
				n.t.Errorf("%s was sent %s, which is not for it", path, id)
			}
		}
		for id, v := range events {
			a, ok := arrived[id]
			if !ok {
				n.t.Errorf("%s was not sent %s (%s)", path, id, v.Type)
				continue
			}
			var body event
			if err := json.Unmarshal(a.Body, &body); err != nil {
				n.t.Errorf("webhook %s: %v", id, err)
			}
			if body.ID = id; !body.same(v) {
				n.t.Errorf("%s was sent %s as\n%s\nand the feed has\n%+v", path, id, a.Body, v)
			}
		}
		n.t.Logf("%s: %d webhooks", path, len(arrived))
	}
	n.t.Logf("the receiver was called %d times", n.receiver.arrivals)
}

// reportSlowest logs the life of the document that took longest.
func (n *inspection) reportSlowest() {
	n.t.Helper()
	lives, slowest := map[string][]event{}, ""
	took := func(id string) time.Duration {
		return lives[id][len(lives[id])-1].Timestamp.Sub(lives[id][0].Timestamp)
	}
	for _, v := range n.events {
		id := v.about(n.t).ID
		lives[id] = append(lives[id], v)
		if slowest == "" || took(id) > took(slowest) {
			slowest = id
		}
	}
	n.t.Logf("the slowest took %v:", took(slowest))
	n.told(slowest)
}

// told logs what the feed told of a document.
func (n *inspection) told(id string) {
	n.t.Helper()
	for _, v := range n.events {
		if data := v.about(n.t); data.ID == id {
			n.t.Logf("  %s %d %s %s", v.Timestamp.Format("15:04:05.000"), data.Sequence, v.Type, data.Reference)
		}
	}
}
