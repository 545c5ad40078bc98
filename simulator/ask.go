package simulator

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

func (s *Simulator) status(w http.ResponseWriter, r *http.Request) error {
	var call statusRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if err := s.batchFits(len(call.ClientIDs), "/client_ids"); err != nil {
		return err
	}
	results := make([]statusResult, len(call.ClientIDs))
	if err := s.open(); err != nil {
		return err
	}
	for i, id := range call.ClientIDs {
		results[i] = statusResult{ClientID: id}
		if known := s.book.byClient[id]; known != nil && !known.hidden {
			results[i] = statusResult{ClientID: id, Found: true, standing: known.standing()}
		}
	}
	s.mu.Unlock()
	return write(w, answer[statusResult]{Results: results})
}

func (s *Simulator) lookUp(w http.ResponseWriter, r *http.Request) error {
	var call lookUpRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if len(call.ClientIDs) > 0 && len(call.References) > 0 {
		return misshapen([]fault{{"", "invalid", "Ask by client_ids or by references, not both."}})
	}
	if err := s.batchFits(len(call.ClientIDs)+len(call.References), "/client_ids"); err != nil {
		return err
	}
	var results []lookUpResult
	if err := s.open(); err != nil {
		return err
	}
	for _, id := range call.ClientIDs {
		result := lookUpResult{ClientID: id, Entries: []lookUpEntry{}}
		if known := s.book.byClient[id]; known != nil {
			result.Entries = s.seen(result.Entries, known)
		}
		results = append(results, result)
	}
	for _, ref := range call.References {
		result := lookUpResult{SellerNPWP: ref.SellerNPWP, Reference: ref.Reference, Entries: []lookUpEntry{}}
		for _, known := range s.book.earlier(faktur.KindInvoice, ref.SellerNPWP, ref.Reference) {
			result.Entries = s.seen(result.Entries, known)
		}
		results = append(results, result)
	}
	s.mu.Unlock()
	return write(w, answer[lookUpResult]{Results: results})
}

// seen adds known to entries, unless look-up does not see it yet.
func (s *Simulator) seen(entries []lookUpEntry, known *submission) []lookUpEntry {
	if known.hidden || s.book.now < known.takenAt+s.config.LookupLag.Microseconds() {
		return entries
	}
	return append(entries, lookUpEntry{ClientID: known.clientID, SellerNPWP: known.NPWP, Reference: known.Reference,
		standing: known.standing(), TakenAt: time.UnixMicro(known.takenAt).UTC()})
}

func (s *submission) standing() standing {
	return standing{Status: s.status, CoretaxStatus: coretaxWord[s.status], NSFP: s.nsfp, Reason: s.reason, Signer: s.Signer}
}

// coretaxWord is what the portal's list shows for a status (FACTS 5.1).
var coretaxWord = map[faktur.Status]string{
	faktur.SigningInProgress:   "Signing In Progress",
	faktur.Approved:            "Approved",
	faktur.SavedInvalid:        "Saved Invalid",
	faktur.AmendmentPending:    "Waiting For Amendment",
	faktur.Amended:             "Amended",
	faktur.CancellationPending: "Waiting For Cancelation",
	faktur.Cancelled:           "Cancelled",
}

func (s *Simulator) cancel(w http.ResponseWriter, r *http.Request) error {
	var call cancelRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if err := livemodeIsFalse(call.Livemode); err != nil {
		return err
	}
	id := r.PathValue("client_id")
	if err := s.open(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	known := s.book.byClient[id]
	if known == nil || known.hidden {
		return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "No submission is known under that client id."}
	}
	fails := failsNot
	switch known.status {
	case faktur.Cancelled, faktur.CancellationPending:
	case faktur.Approved:
		if err := s.do(entry{Op: opCancel, ClientID: id}); err != nil {
			return err
		}
		fails = fails.worse(known.Reference)
	default:
		return &problem{Status: http.StatusConflict, Code: "cannot_cancel",
			Detail: "It is " + coretaxWord[known.status] + "; only an approved one can be cancelled."}
	}
	if err := s.journal.write(); err != nil {
		return err
	}
	if err := fails.after(); err != nil {
		return err
	}
	return write(w, cancelAnswer{Result: statusResult{ClientID: id, Found: true, standing: known.standing()}})
}

// changes reads the feed. A cursor is the position of the last change seen.
func (s *Simulator) changes(w http.ResponseWriter, r *http.Request) error {
	after, limit := 0, 500
	var err error
	latest := r.URL.Query().Get("after") == "latest"
	if text := r.URL.Query().Get("after"); text != "" && !latest {
		if after, err = strconv.Atoi(text); err != nil || after < 0 {
			return misshapen([]fault{{"after", "cursor_invalid", "The cursor is not one of this connector."}})
		}
	}
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 5000 {
			return misshapen([]fault{{"limit", "invalid", "The limit is 1 to 5000."}})
		}
	}
	if err := s.open(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if latest {
		after = len(s.book.changes)
	}
	if after > len(s.book.changes) {
		return misshapen([]fault{{"after", "cursor_invalid", "The cursor is ahead of this connector's feed; its memory was lost."}})
	}
	page := s.book.changes[after:min(after+limit, len(s.book.changes))]
	answer := changesAnswer{Changes: make([]feedChange, len(page)), Next: strconv.Itoa(after + len(page))}
	for i, c := range page {
		at := standing{Status: c.status, CoretaxStatus: coretaxWord[c.status], Reason: c.reason}
		if c.status != faktur.SigningInProgress && c.status != faktur.SavedInvalid {
			at.NSFP = c.submission.nsfp
		}
		answer.Changes[i] = feedChange{ClientID: c.submission.clientID, standing: at, At: time.UnixMicro(c.at).UTC()}
	}
	return write(w, answer)
}

// LedgerEntry is one client id that the tax system took, as GET /ledger tells it.
type LedgerEntry struct {
	ClientID  string        `json:"client_id"`
	Reference string        `json:"reference"`
	Accepted  int           `json:"accepted"` // how often it was taken; 1 unless Dedup is off and it was resent
	Status    faktur.Status `json:"status"`
	NSFP      string        `json:"nsfp"` // "" before approval
}

// Ledger gives everything that was taken under a reference, of any seller, in
// the order of taking; "" means all references.
func (s *Simulator) Ledger(reference string) ([]LedgerEntry, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	entries := []LedgerEntry{}
	for _, known := range s.book.submissions {
		if reference == "" || known.Reference == reference {
			entries = append(entries, LedgerEntry{known.clientID, known.Reference, known.accepted, known.status, known.nsfp})
		}
	}
	return entries, nil
}

func (s *Simulator) ledger(w http.ResponseWriter, r *http.Request) error {
	entries, err := s.Ledger(r.URL.Query().Get("reference"))
	if err != nil {
		return err
	}
	return write(w, map[string][]LedgerEntry{"entries": entries})
}

type releaseRequest struct {
	Reference string `json:"reference"` // "" releases all
}

// release lets what is stuck be signed after all.
func (s *Simulator) release(w http.ResponseWriter, r *http.Request) error {
	var call releaseRequest
	if err := decode(w, r, &call); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	released := []string{}
	for _, known := range s.book.submissions {
		if known.Signs != neverSigns || known.hidden || call.Reference != "" && known.Reference != call.Reference {
			continue
		}
		if err := s.do(entry{Op: opRelease, ClientID: known.clientID}); err != nil {
			return err
		}
		released = append(released, known.clientID)
	}
	if err := s.journal.write(); err != nil {
		return err
	}
	return write(w, map[string][]string{"released": released})
}
