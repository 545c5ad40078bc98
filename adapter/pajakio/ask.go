package pajakio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// The statuses that were seen (FACTS 7). Besides, the tax system's own words are
// understood, and any other word is passed on raw.
const (
	draft    = "DRAFT"
	refused  = "DITOLAK"
	approved = "APPROVAL_SUKSES"
)

// standing is what a document's words say. Approved without its number is none
// yet (FACTS 0.4): only the word is passed on, as any that is not known.
func (a *account) standing(d *document) adapter.Outcome {
	o := adapter.Outcome{Certainty: adapter.Known, CoretaxStatus: a.scrub(string(d.Status)), Receipt: a.scrub(string(d.TransactionID))}
	if nsfp, err := faktur.ParseNSFP(string(d.Nofa)); err == nil {
		o.NSFP = nsfp.String()
	}
	switch word := string(d.Status); word {
	case draft:
		o.Status = faktur.AwaitingUpload
	case refused:
		o.Status = faktur.SavedInvalid
	case approved:
		o.Status = faktur.Approved
	default:
		o.Status, _ = faktur.ParseCoretaxStatus(word)
	}
	switch {
	case o.Status == faktur.AwaitingUpload:
		o.Reason = &faktur.Reason{Code: "draft_at_provider", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: "It is a draft at Pajak.io and is not with DJP. Upload it there; the gateway then follows it."}
	case o.Status == faktur.SavedInvalid:
		o.Reason = adapter.Refusal(a.scrub(firstText(d.Keterangan, d.Alasan, d.Message)), faktur.OriginTaxSystem)
	case o.Status == faktur.Approved && o.NSFP == "":
		o.Status = ""
	}
	return o
}

func firstText(texts ...adapter.Loose) string {
	i := slices.IndexFunc(texts, func(t adapter.Loose) bool { return t != "" })
	if i < 0 {
		return ""
	}
	return string(texts[i])
}

// Status asks for the detail of each, by its transactionId or as LookUp finds it.
func (c *Channel) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	return c.ask(ctx, questions)
}

// LookUp is Status for a document of which it is not known whether it arrived. A
// draft was certainly not uploaded: it goes again, under the transactionId that
// its Receipt names. The same is true of a refused one that is uploaded again:
// the refusal may be the one before.
func (c *Channel) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	outcomes, err := c.ask(ctx, questions)
	for i, o := range outcomes {
		again := o.Status == faktur.AwaitingUpload || o.Status == faktur.SavedInvalid && questions[i].Attempt > 1
		if o.Certainty == adapter.Known && again {
			outcomes[i] = adapter.Outcome{Certainty: adapter.NotTaken, CoretaxStatus: o.CoretaxStatus, Receipt: o.Receipt}
		}
	}
	return outcomes, err
}

func (c *Channel) ask(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	return adapter.EachItem(len(questions), func(i int) adapter.Result {
		q := &questions[i]
		a, failed := c.account(q.Provider, q.Secrets...)
		if failed != nil {
			return adapter.Result{Outcome: failed.Answer(), Failure: failed}
		}
		if q.Receipt == "" {
			return a.search(ctx, q)
		}
		d, failed := a.detail(ctx, q.Receipt)
		switch {
		case failed == nil:
			return adapter.Result{Outcome: a.standing(&d)}
		case failed.Trouble == adapter.Gone:
			return adapter.Result{Outcome: adapter.Outcome{Certainty: adapter.Absent}}
		}
		return adapter.Result{Outcome: failed.Answer(), Failure: failed}
	})
}

// detail asks for one document. An answer about another one is none.
func (a *account) detail(ctx context.Context, id string) (document, *adapter.CallError) {
	data, failed := a.call(ctx, http.MethodPost, "detail", id, "", struct{}{})
	if failed != nil {
		return document{}, failed
	}
	d, failed := a.one("detail", data)
	if failed != nil {
		return d, failed
	}
	if d.TransactionID == "" {
		d.TransactionID = adapter.Loose(id)
	}
	if string(d.TransactionID) != id {
		return d, &adapter.CallError{Own: a.endpoints.Own, Cause: errors.New("pajakio: detail: the answer is about another document")}
	}
	return d, nil
}

// The bounds of a search. A list that goes on beyond them is left unknown.
const (
	pageSize      = 100
	maxPages      = 50
	maxCandidates = 5
)

// search looks a document up whose transactionId is not known: by noInvoice, in
// the list, and then in the detail of each that has it.
func (a *account) search(ctx context.Context, q *adapter.Question) adapter.Result {
	ids, failed := a.numbered(ctx, q)
	if failed != nil {
		return adapter.Result{Outcome: failed.Answer(), Failure: failed}
	}
	if len(ids) > maxCandidates {
		return doubt(q, fmt.Sprintf("Pajak.io has %d documents of this number", len(ids)))
	}
	var ours []document
	for _, id := range ids {
		d, failed := a.detail(ctx, id)
		if failed != nil {
			return adapter.Result{Outcome: failed.Answer(), Failure: failed}
		}
		switch isOf(&d, q) {
		case yes:
			ours = append(ours, d)
		case perhaps:
			return doubt(q, "Pajak.io has document "+a.scrub(id)+" of this number, which may be an older one")
		}
	}
	return adapter.Result{Outcome: a.furthest(ours)}
}

func doubt(q *adapter.Question, why string) adapter.Result {
	return adapter.Result{Outcome: adapter.Outcome{Certainty: adapter.Unknown, Reason: &faktur.Reason{
		Code: "reference_in_doubt", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
		Message: fmt.Sprintf("%s: %s. Look at it there, and tell the gateway at POST /invoices/{id}/resolve.", q.Reference, why),
	}}}
}

// numbered gives the transactionIds of the documents with the question's
// noInvoice. Whether the list can be filtered by it, and whether its first page
// is 0 or 1, is not known: pages are read until two in a row bring nothing new,
// or one has only documents that are too old.
func (a *account) numbered(ctx context.Context, q *adapter.Question) ([]string, *adapter.CallError) {
	var ids []string
	seen := map[adapter.Loose]bool{}
	idle := 0
	for page := range maxPages {
		list, failed := a.page(ctx, q.Reference, page)
		if failed != nil {
			return nil, failed
		}
		idle++
		tooOld := !q.AcceptedAt.IsZero()
		for i := range list {
			d := &list[i]
			made := d.madeAt()
			tooOld = tooOld && !made.IsZero() && made.Before(q.AcceptedAt.Add(-oldAge))
			if d.TransactionID == "" || seen[d.TransactionID] {
				continue
			}
			seen[d.TransactionID] = true
			idle = 0
			if string(d.NoInvoice) == q.Reference && string(d.TransactionID) != q.ReplacesReceipt {
				ids = append(ids, string(d.TransactionID))
			}
		}
		if idle == 2 || tooOld && len(list) > 0 {
			return ids, nil
		}
	}
	return nil, &adapter.CallError{Own: true, // this account has too many
		Cause: fmt.Errorf("pajakio: list: it goes on after %d pages; it seems not to be filtered by noInvoice", maxPages)}
}

// page gives one page of the list, the newest first.
func (a *account) page(ctx context.Context, reference string, page int) ([]document, *adapter.CallError) {
	query := fmt.Sprintf("?page=%d&size=%d&sortBy=createdAt&sortOrder=desc", page, pageSize)
	data, failed := a.call(ctx, http.MethodPost, "list", "", query, struct {
		NoInvoice string `json:"noInvoice"`
	}{reference})
	if failed != nil {
		return nil, failed
	}
	list, err := adapter.ListIn[document](data)
	if err != nil {
		return nil, &adapter.CallError{Own: a.endpoints.Own, Cause: fmt.Errorf("pajakio: list: %w", err)}
	}
	return list, nil
}

type belongs int

const (
	no belongs = iota
	perhaps
	yes
)

// The clocks of gateway and provider are never further apart than clockSkew; what
// was made longer than oldAge before the gateway had the document is another's.
const (
	clockSkew = 10 * time.Minute
	oldAge    = 24 * time.Hour
)

// isOf says whether a document of the same noInvoice is the one asked about. It
// may also be the original that this one replaces, a replacement of it, or an
// older one whose number became free again when it was cancelled. A draft or a
// refused one is not filed, so that going on with it does no harm; about any
// other there must be no doubt.
func isOf(d *document, q *adapter.Question) belongs {
	replaces := q.ReplacesNSFP != ""
	if d.Pengganti != "" && (d.Pengganti == "true") != replaces {
		return no
	}
	if replaces && (sameNSFP(d.Nofa, q.ReplacesNSFP) || d.NofaDiganti != "" && !sameNSFP(d.NofaDiganti, q.ReplacesNSFP)) {
		return no
	}
	made := d.madeAt()
	filed := d.Status != draft && d.Status != refused
	switch {
	case q.AcceptedAt.IsZero():
		return yes
	case made.IsZero() && filed:
		return perhaps
	case made.IsZero(), !made.Before(q.AcceptedAt.Add(-clockSkew)):
		return yes
	case made.Before(q.AcceptedAt.Add(-oldAge)):
		return no
	case filed:
		return perhaps
	}
	return yes
}

func sameNSFP(told adapter.Loose, nsfp string) bool {
	n, err := faktur.ParseNSFP(string(told))
	return err == nil && n.String() == nsfp
}

// furthest gives where the document stands: of several the one that is filed
// counts, and more than one that is filed is told.
func (a *account) furthest(ours []document) adapter.Outcome {
	best, filed := adapter.Outcome{Certainty: adapter.Absent}, []string{}
	for i := range ours {
		o := a.standing(&ours[i])
		if best.Certainty == adapter.Absent || adapter.Reach(o.Status) > adapter.Reach(best.Status) {
			best = o
		}
		if adapter.Filed(o.Status) && o.Status != faktur.AwaitingUpload {
			filed = append(filed, o.Receipt+" "+o.CoretaxStatus+" "+o.NSFP)
		}
	}
	if len(filed) > 1 {
		best.Reason = &faktur.Reason{Code: "filed_more_than_once", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: faktur.CleanText(fmt.Sprintf("Pajak.io holds it more than once: %q", filed))}
	}
	return best
}
