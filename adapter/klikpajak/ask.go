package klikpajak

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// ownWords are Klikpajak's own for where a document stands (FACTS 7, OPSY); its
// others are the tax system's.
var ownWords = map[string]faktur.Status{
	"IN_PROGRESS": faktur.SigningInProgress,
	"REJECTED":    faktur.SavedInvalid,
	"SUBSTITUED":  faktur.Amended, // sic
}

func meaning(word string) faktur.Status {
	if status, known := ownWords[word]; known {
		return status
	}
	status, _ := faktur.ParseCoretaxStatus(word)
	return status
}

// standing is what a document's two words say. approval_status counts while
// invoice_status says nothing but that it is an original or a replacement; any
// other, SUBSTITUED or CANCELLED, goes before it, and one that nobody knows makes
// the whole unknown. Approved without its number is none yet (FACTS 0.4).
func (a *account) standing(d *document) adapter.Outcome {
	word := string(d.ApprovalStatus)
	if s := string(d.InvoiceStatus); s != "" && s != "NORMAL" && s != "NORMAL_SUB" {
		word = s
	}
	o := adapter.Outcome{Certainty: adapter.Known, Status: meaning(word), CoretaxStatus: a.scrub(word), Receipt: a.scrub(string(d.ID))}
	if nsfp, err := faktur.ParseNSFP(string(d.TaxInvoiceNumber)); err == nil {
		o.NSFP = nsfp.String()
	}
	switch {
	case o.Status == faktur.AwaitingUpload:
		o.Reason = &faktur.Reason{Code: "draft_at_provider", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: "It is a draft at Klikpajak and is not with DJP. Approve it there; the gateway then follows it."}
	case o.Status == faktur.SavedInvalid:
		o.Reason = notOurSigner(adapter.Refusal(a.scrub(firstText(d.RejectionReason, d.Reason, d.Message)), faktur.OriginTaxSystem))
	case o.Status == faktur.Approved && o.NSFP == "":
		o.Status = ""
	}
	return o
}

// notOurSigner: Klikpajak signs as it is set up there, so that another signer of
// the gateway's would change nothing.
func notOurSigner(why *faktur.Reason) *faktur.Reason {
	if why != nil && why.Action == faktur.ActionChangeSigner {
		why.Action = faktur.ActionContactSupport
	}
	return why
}

func firstText(texts ...adapter.Loose) string {
	for _, text := range texts {
		if text != "" {
			return string(text)
		}
	}
	return ""
}

// Status asks for each by its id, or by its client_reference_id when that is not
// known or is that of an attempt before.
func (c *Channel) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	return c.ask(questions, func(a *account, q *adapter.Question) (adapter.Outcome, *adapter.CallError) {
		if q.Receipt == "" {
			return a.search(ctx, q.ClientID)
		}
		d, failed := a.detail(ctx, q.Receipt)
		switch {
		case failed == nil && d.ClientReferenceID != "" && string(d.ClientReferenceID) != q.ClientID:
			return a.search(ctx, q.ClientID)
		case failed == nil:
			return a.standing(&d), nil
		case failed.Trouble == adapter.Gone:
			return adapter.Outcome{Certainty: adapter.Absent}, nil
		}
		return adapter.Outcome{}, failed
	})
}

// LookUp asks for each by its client_reference_id. A draft was certainly not
// approved: it goes again, under the id that its Receipt names.
func (c *Channel) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	return c.ask(questions, func(a *account, q *adapter.Question) (adapter.Outcome, *adapter.CallError) {
		o, failed := a.search(ctx, q.ClientID)
		if o.Certainty == adapter.Known && o.Status == faktur.AwaitingUpload {
			o = adapter.Outcome{Certainty: adapter.NotTaken, CoretaxStatus: o.CoretaxStatus, Receipt: o.Receipt}
		}
		return o, failed
	})
}

func (c *Channel) ask(questions []adapter.Question, one func(*account, *adapter.Question) (adapter.Outcome, *adapter.CallError)) ([]adapter.Outcome, error) {
	return adapter.EachItem(len(questions), func(i int) adapter.Result {
		a, failed := c.account(questions[i].Provider)
		if failed != nil {
			return adapter.Result{Outcome: failed.Answer(), Failure: failed}
		}
		o, failed := one(a, &questions[i])
		if failed != nil {
			return adapter.Result{Outcome: failed.Answer(), Failure: failed}
		}
		return adapter.Result{Outcome: o}
	})
}

// detail asks for one document by Klikpajak's id.
func (a *account) detail(ctx context.Context, id string) (document, *adapter.CallError) {
	data, failed := a.call(ctx, request{method: http.MethodGet, name: "detail", id: id})
	if failed != nil {
		return document{}, failed
	}
	return a.one("detail", id, data)
}

// search looks an attempt up by its client_reference_id. Of several the one that
// is filed counts, and more than one that is filed is told.
func (a *account) search(ctx context.Context, clientID string) (adapter.Outcome, *adapter.CallError) {
	ids, failed := a.find(ctx, clientID)
	if failed != nil {
		return adapter.Outcome{}, failed
	}
	best, all := adapter.Outcome{Certainty: adapter.Absent}, []string{}
	for _, id := range ids {
		d, unread := a.detail(ctx, id)
		if unread != nil {
			return adapter.Outcome{}, unread
		}
		o := a.standing(&d)
		if best.Certainty == adapter.Absent || adapter.Reach(o.Status) > adapter.Reach(best.Status) {
			best = o
		}
		if filed(o.Status) {
			all = append(all, o.Receipt+" "+o.CoretaxStatus+" "+o.NSFP)
		}
	}
	if len(all) > 1 {
		best.Reason = &faktur.Reason{Code: "filed_more_than_once", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: faktur.CleanText(fmt.Sprintf("Klikpajak holds it more than once: %q", all))}
	}
	return best, nil
}

// maxCandidates is the most documents of one attempt that are looked at.
const maxCandidates = 5

// find gives the ids of the documents with this client_reference_id. That a list
// can be asked for so is an assumption: nothing is absent from one that has other
// documents in it, or that does not say whose they are.
func (a *account) find(ctx context.Context, clientID string) ([]string, *adapter.CallError) {
	data, failed := a.call(ctx, request{method: http.MethodGet, name: "find", query: "?client_reference_id=" + url.QueryEscape(clientID)})
	if failed != nil {
		return nil, failed
	}
	list, err := adapter.ListIn[document](data)
	if err != nil {
		return nil, a.unread("find", err.Error())
	}
	var ids []string
	for i := range list {
		switch d := &list[i]; {
		case d.ID == "" || d.ClientReferenceID == "":
			return nil, a.unread("find", "a document has no id or no client_reference_id")
		case string(d.ClientReferenceID) == clientID:
			ids = append(ids, string(d.ID))
		}
	}
	if len(ids) == 0 && len(list) > 0 || len(ids) > maxCandidates {
		return nil, a.unread("find", "the list seems not to be that of one client_reference_id")
	}
	return ids, nil
}
