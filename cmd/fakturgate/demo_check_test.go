package main

import (
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

// What the other side of a channel has must be what we say, however an invoice
// went astray.
func TestTheDemoComparesEveryInvoiceWithItsLedger(t *testing.T) {
	t.Parallel()
	const number = "04002600000000001"
	approved := filing{1, faktur.Approved, number}
	for _, c := range []struct {
		name    string
		status  faktur.Status
		nsfp    string
		attempt int
		filings []filing
		want    string // in the error; "" when there is none
	}{
		{"filed once", faktur.Approved, number, 1, []filing{approved}, ""},
		{"refused, and then filed", faktur.Approved, number, 2, []filing{{1, faktur.SavedInvalid, ""}, approved}, ""},
		{"lost under way", faktur.Submitting, "", 1, nil, "should have ended as approved and is submitting"},
		{"lost after its approval", faktur.Approved, number, 1, nil, "handed over 1 times, and the ledger has 0 entries"},
		{"filed twice as two", faktur.Approved, number, 1, []filing{{1, faktur.Approved, "04002600000000002"}, approved}, "the ledger has 2 entries"},
		{"taken twice as one", faktur.Approved, number, 1, []filing{{2, faktur.Approved, number}}, "took attempt 1 of it 2 times"},
		{"of another number", faktur.Approved, number, 1, []filing{{1, faktur.Approved, "04002600000000002"}}, "and approved 04002600000000002 in the ledger"},
		{"not approved there", faktur.Approved, number, 1, []filing{{1, "DRAFT", ""}}, "and DRAFT  in the ledger"},
	} {
		stored := faktur.StoredInvoice{Status: c.status, NSFP: faktur.NullString(c.nsfp), Attempt: c.attempt}
		err := compare(&followed{scene: scene{ends: faktur.Approved}}, &stored, c.filings)
		if got := c.want == ""; got != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// The receiver must know of every approval once, of one that was amended later too.
func TestTheDemoComparesEveryInvoiceWithTheReceiver(t *testing.T) {
	t.Parallel()
	event := func(kind faktur.EventType, nsfp string) feedEvent {
		return feedEvent{Type: kind, Data: faktur.EventData{ID: "1", NSFP: faktur.NullString(nsfp)}}
	}
	for _, c := range []struct {
		name     string
		status   faktur.Status
		nsfp     string
		outcomes int // that the feed told of
		seen     []feedEvent
		fails    bool
	}{
		{"approved", faktur.Approved, "A", 1, []feedEvent{event("invoice.approved", "A")}, false},
		{"amended", faktur.Amended, "A", 1, []feedEvent{event("invoice.approved", "A")}, false},
		{"refused first", faktur.Approved, "A", 2, []feedEvent{event("invoice.saved_invalid", ""), event("invoice.approved", "A")}, false},
		{"never told", faktur.Approved, "A", 1, nil, true},
		{"told twice", faktur.Approved, "A", 1, []feedEvent{event("invoice.approved", "A"), event("invoice.approved", "A")}, true},
		{"another number", faktur.Approved, "A", 1, []feedEvent{event("invoice.approved", "B")}, true},
		{"told of no approval", faktur.SigningInProgress, "", 0, []feedEvent{event("invoice.approved", "A")}, true},
	} {
		r := &receiver{seen: map[string]feedEvent{}}
		for i, e := range c.seen {
			r.seen[string(rune('a'+i))] = e
		}
		err := r.told(&faktur.StoredInvoice{ID: "1", Status: c.status, NSFP: faktur.NullString(c.nsfp)}, &followed{attempts: c.outcomes})
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
