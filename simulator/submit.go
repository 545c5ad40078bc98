package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

func (s *Simulator) describe(w http.ResponseWriter, _ *http.Request) error {
	return write(w, description{
		Name: "fakturgate simulator", Livemode: false, ResendHarmless: s.config.Dedup,
		MaxBatch: s.config.MaxBatch, CallsPerMinute: s.config.CallsPerMinute,
		Capabilities: []string{"look_up", "changes", "replace", "cancel", "down_payment", "returns"},
	})
}

// offer is one document that a call hands over.
type offer struct {
	clientID string
	taken    taken
	wrong    bool    // it is signed with a passphrase that is always wrong
	content  any     // what a magic word compares between attempts
	refusal  *reason // why it is not taken at all; nil when it is
}

func (s *Simulator) submit(w http.ResponseWriter, r *http.Request) error {
	var call submitRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if err := s.acceptable(call.Livemode, len(call.Submissions), "/submissions"); err != nil {
		return err
	}
	var faults []fault
	offers := make([]offer, len(call.Submissions))
	for i := range call.Submissions {
		inv := &call.Submissions[i]
		faults = append(faults, inv.misshapen(fmt.Sprintf("/submissions/%d", i))...)
		offers[i] = offer{clientID: inv.ClientID, wrong: inv.Signature.wrong(), refusal: inv.objection(), content: []any{inv.Invoice, inv.Totals}, taken: taken{
			Kind: faktur.KindInvoice, NPWP: inv.SellerNPWP, Reference: inv.Reference, Signer: inv.Signer, Passphrase: inv.Signature.fingerprint(),
			TrxCode: inv.Invoice.TrxCode, Year: inv.Invoice.Date.year(), Buyer: inv.Invoice.Buyer.IDNumber,
			ReplacesNSFP: inv.ReplacesNSFP,
		}}
	}
	if err := misshapen(faults); err != nil {
		return err
	}
	return s.handOver(w, r, offers)
}

func (s *Simulator) submitReturns(w http.ResponseWriter, r *http.Request) error {
	var call returnsRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if err := s.acceptable(call.Livemode, len(call.Returns), "/returns"); err != nil {
		return err
	}
	var faults []fault
	offers := make([]offer, len(call.Returns))
	for i := range call.Returns {
		doc := &call.Returns[i]
		faults = append(faults, doc.misshapen(fmt.Sprintf("/returns/%d", i))...)
		offers[i] = offer{clientID: doc.ClientID, wrong: doc.Signature.wrong(), refusal: doc.objection(), content: []any{doc.Date, doc.NSFP, doc.Lines, doc.Totals}, taken: taken{
			Kind: faktur.KindReturn, NPWP: doc.BuyerNPWP, Reference: doc.Reference, Signer: doc.Signer, Passphrase: doc.Signature.fingerprint(), ReturnsNSFP: doc.NSFP,
		}}
	}
	if err := misshapen(faults); err != nil {
		return err
	}
	return s.handOver(w, r, offers)
}

func (s *Simulator) acceptable(livemode *bool, items int, pointer string) error {
	if err := livemodeIsFalse(livemode); err != nil {
		return err
	}
	return s.batchFits(items, pointer)
}

// handOver takes the offers and then answers, or loses the answer. A lost one
// hides the fate of the whole batch, as it does in life.
func (s *Simulator) handOver(w http.ResponseWriter, r *http.Request, offers []offer) error {
	results, fails, slow, err := s.takeAll(offers)
	if err != nil {
		return err
	}
	pause(r.Context(), slow)
	if err := fails.after(); err != nil {
		return err
	}
	return write(w, answer[submitResult]{Results: results})
}

// takeAll takes every offer in one write of the journal, and says how the call
// goes wrong afterwards and how long its answer takes.
func (s *Simulator) takeAll(offers []offer) (results []submitResult, fails callFails, slow time.Duration, err error) {
	if err := s.open(); err != nil {
		return nil, 0, 0, err
	}
	defer s.mu.Unlock()
	fails = s.batchFault(offers[0].taken.Reference)
	if err := fails.before(); err != nil {
		return nil, 0, 0, err
	}
	results = make([]submitResult, len(offers))
	for i := range offers {
		o := &offers[i]
		result, isNew, err := s.take(o)
		if err != nil {
			return nil, 0, 0, err
		}
		results[i] = result
		if isNew {
			fails = fails.worse(o.taken.Reference)
			if strings.Contains(o.taken.Reference, wordSlow) {
				slow = s.config.SlowDelay
			}
		}
	}
	return results, fails, slow, s.journal.write()
}

// take takes one offer, or says why not.
func (s *Simulator) take(o *offer) (result submitResult, isNew bool, err error) {
	refused := func(why *reason) (submitResult, bool, error) {
		return submitResult{ClientID: o.clientID, Outcome: "refused", standing: standing{Reason: why}}, false, nil
	}
	if known := s.book.byClient[o.clientID]; known != nil {
		if known.Reference != o.taken.Reference || known.NPWP != o.taken.NPWP || known.Kind != o.taken.Kind {
			return refused(refuse("client_id_reused", "This client id names another document."))
		}
		result = submitResult{ClientID: o.clientID, Outcome: "taken", standing: known.standing()}
		if s.config.Dedup {
			return result, false, nil
		}
		return result, false, s.do(entry{Op: opAgain, ClientID: o.clientID})
	}
	if why := s.objectionTo(o); why != nil {
		return refused(why)
	}
	result = submitResult{ClientID: o.clientID, Outcome: "taken",
		standing: standing{Status: faktur.SigningInProgress, CoretaxStatus: coretaxWord[faktur.SigningInProgress]}}
	if s.loses(o.taken.Reference) {
		return result, true, nil
	}
	s.plan(&o.taken, o.content, o.wrong, s.book.earlier(o.taken.Kind, o.taken.NPWP, o.taken.Reference))
	return result, true, s.do(entry{Op: opTake, ClientID: o.clientID, Taken: &o.taken})
}

// objectionTo says why an offer is refused at the door; nil when it is not.
func (s *Simulator) objectionTo(o *offer) *reason {
	if o.refusal != nil || o.taken.ReplacesNSFP == "" {
		return o.refusal
	}
	original := s.book.byNSFP[o.taken.ReplacesNSFP]
	switch {
	case original == nil || original.NPWP != o.taken.NPWP || original.status != faktur.Approved:
		return refuse("replaced_unknown", "Faktur yang diganti tidak ditemukan atau tidak berstatus Approved")
	case original.Buyer != o.taken.Buyer: // PER-11/PJ/2025 art. 48(2): cancel it and issue another
		return refuse("buyer_changed", "Identitas pembeli tidak dapat diubah dengan faktur pengganti")
	}
	return nil
}

// do writes an entry and makes it true now.
func (s *Simulator) do(e entry) error {
	e.At = s.book.now
	if err := s.journal.note(e); err != nil {
		return err
	}
	return s.book.apply(e)
}
