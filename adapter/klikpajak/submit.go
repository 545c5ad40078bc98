package klikpajak

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Submit creates each document with auto_approval=true, or goes on with the draft
// that its Receipt names.
//
// The gateway's signers are not sent: Klikpajak has no field for them, and signs
// as it is set up there.
func (c *Channel) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	for _, s := range batch {
		if !s.Livemode {
			return nil, &adapter.NotSent{Cause: errors.New("klikpajak: a simulated document never goes to a real channel")}
		}
	}
	return adapter.EachItem(len(batch), func(i int) adapter.Result { return c.submit(ctx, &batch[i]) })
}

func (c *Channel) submit(ctx context.Context, s *adapter.Submission) adapter.Result {
	if why := unfit(s); why != nil {
		return adapter.Result{Outcome: adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: why}}
	}
	a, failed := c.account(s.Provider)
	if failed != nil {
		return failure(failed, "")
	}
	if s.Receipt != "" {
		if result, done := a.before(ctx, s); done {
			return result
		}
	}
	return a.create(ctx, s)
}

// unfit says why Klikpajak's API cannot carry a document; nil when it can. Most of
// it is told at acceptance already; a document that waited while its seller moved
// to this channel comes here all the same.
func unfit(s *adapter.Submission) *faktur.Reason {
	refuse := func(code, message string) *faktur.Reason {
		return &faktur.Reason{Code: code, Action: faktur.ActionContactSupport, Message: message, Origin: faktur.OriginChannel}
	}
	if s.Return != nil {
		return refuse("channel_cannot", "The channel klikpajak files no returns. Enter it in the portal.")
	}
	if s.ReplacesNSFP != "" && s.ReplacesReceipt == "" {
		return refuse("channel_cannot", "Klikpajak replaces only what was filed by it, and "+s.ReplacesNSFP+" was filed otherwise. Replace it in the portal; the next status import adopts the replacement.")
	}
	if faults := faktur.NotOnKlikpajak(&s.Invoice); len(faults) > 0 {
		return refuse(faults[0].Code, faults[0].Message)
	}
	return nil
}

func failure(failed *adapter.CallError, receipt string) adapter.Result {
	o := failed.Outcome()
	o.Receipt, o.Reason = receipt, notOurSigner(o.Reason)
	return adapter.Result{Outcome: o, Failure: failed}
}

// before asks for the document that the Receipt names: the draft of this attempt,
// which is approved, or an attempt before. When one of those is filed, it stands
// for this one: that the content has changed since is less than a second faktur.
// done is false when nothing stands in the way of creating it.
func (a *account) before(ctx context.Context, s *adapter.Submission) (result adapter.Result, done bool) {
	d, failed := a.detail(ctx, s.Receipt)
	if failed != nil {
		lost := failure(failed, "")
		if failed.Trouble == adapter.Refused { // of the question, not of the document
			lost.Outcome = adapter.Outcome{Certainty: adapter.Unknown}
		}
		return lost, failed.Trouble != adapter.Gone
	}
	o := a.standing(&d)
	switch {
	case string(d.ClientReferenceID) == s.ClientID && o.Status == faktur.AwaitingUpload:
		return a.approve(ctx, s.Receipt), true
	case string(d.ClientReferenceID) == s.ClientID, filed(o.Status):
		return adapter.Result{Outcome: o}, true
	}
	return adapter.Result{}, false
}

// filed says whether a document is with the tax system, or may be; a draft is not.
func filed(status faktur.Status) bool {
	return adapter.Filed(status) && status != faktur.AwaitingUpload
}

// create files a document. An attempt that is sent again has the same body and
// the same key, by which Klikpajak knows it; so it is found, should it not.
func (a *account) create(ctx context.Context, s *adapter.Submission) adapter.Result {
	data, failed := a.call(ctx, request{method: http.MethodPost, name: "create", query: "?auto_approval=true", idempotencyKey: s.ClientID, body: newInvoice(s)})
	var d document
	if failed == nil {
		d, failed = a.one("create", "", data)
	}
	if failed == nil && d.ClientReferenceID != "" && string(d.ClientReferenceID) != s.ClientID {
		failed = a.unread("create", "the answer is about another document")
	}
	switch {
	case failed == nil:
		return a.goOn(ctx, a.standing(&d))
	case failed.Trouble == adapter.Refused:
		return a.afterRefusal(ctx, s, failed)
	}
	return failure(failed, "")
}

// goOn approves what is only a draft.
func (a *account) goOn(ctx context.Context, o adapter.Outcome) adapter.Result {
	if o.Status == faktur.AwaitingUpload {
		return a.approve(ctx, o.Receipt)
	}
	return adapter.Result{Outcome: o}
}

// afterRefusal says what a refused create means: it may be refused because it is
// there already. Where there is no find, the refusal counts.
func (a *account) afterRefusal(ctx context.Context, s *adapter.Submission, refused *adapter.CallError) adapter.Result {
	o, failed := a.search(ctx, s.ClientID)
	switch {
	case failed == nil && o.Certainty == adapter.Known:
		return a.goOn(ctx, o)
	case failed == nil, failed.Trouble == adapter.TurnedAway, failed.Trouble == adapter.Gone, failed.Trouble == adapter.Refused:
		return failure(refused, "")
	}
	return adapter.Result{Failure: failed} // Unknown
}

// approve files a draft. What its answer says beyond approval_status is not
// known; until a word says more, it is being signed.
func (a *account) approve(ctx context.Context, id string) adapter.Result {
	data, failed := a.call(ctx, request{method: http.MethodPut, name: "approve", id: id})
	if failed != nil {
		return a.afterApproval(ctx, id, failed)
	}
	o := adapter.Outcome{Certainty: adapter.Known, Status: faktur.SigningInProgress, Receipt: id}
	if d, unread := a.one("approve", id, data); unread == nil {
		if told := a.standing(&d); told.Status != faktur.AwaitingUpload {
			told.Status = cmp.Or(told.Status, o.Status)
			o = told
		}
	}
	return adapter.Result{Outcome: o}
}

// afterApproval says what an approval that failed means. When it was turned away,
// that may be because an earlier one, or the automatic one, got through: detail tells.
func (a *account) afterApproval(ctx context.Context, id string, failed *adapter.CallError) adapter.Result {
	if failed.Trouble != adapter.Refused && failed.Trouble != adapter.Gone {
		return failure(failed, id)
	}
	d, asked := a.detail(ctx, id)
	if asked != nil {
		return adapter.Result{Outcome: adapter.Outcome{Certainty: adapter.Unknown, Receipt: id}, Failure: asked}
	}
	if o := a.standing(&d); o.Status != faktur.AwaitingUpload {
		return adapter.Result{Outcome: o}
	}
	return failure(failed, id)
}
