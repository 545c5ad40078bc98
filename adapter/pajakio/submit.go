package pajakio

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Submit creates each document and uploads it, or goes on with the one that its
// Receipt names.
func (c *Channel) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	for _, s := range batch {
		if !s.Livemode {
			return nil, &adapter.NotSent{Cause: errors.New("pajakio: a simulated document never goes to a real channel")}
		}
	}
	return adapter.EachItem(len(batch), func(i int) adapter.Result { return c.submit(ctx, &batch[i]) })
}

func (c *Channel) submit(ctx context.Context, s *adapter.Submission) adapter.Result {
	if why := unfit(s); why != nil {
		return adapter.Result{Outcome: adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: why}}
	}
	var passphrase faktur.Secret
	if s.Signer != nil {
		passphrase = s.Signer.Passphrase
	}
	a, failed := c.account(s.Provider, passphrase)
	if failed != nil {
		return failure(failed, s.Receipt)
	}
	id := s.Receipt
	if id != "" {
		if _, failed = a.call(ctx, http.MethodPut, "update", id, "", newInvoice(s)); failed != nil {
			standing, asked := a.afterRefusal(ctx, id, failed)
			if asked == nil || asked.Trouble != adapter.Gone {
				return standing
			}
			id = "" // it was deleted there, so nothing of it is filed
		}
	}
	if id == "" {
		if id, failed = a.create(ctx, s); failed != nil {
			return failure(failed, "")
		}
	}
	return a.upload(ctx, id)
}

// unfit says why Pajak.io's API cannot carry a document; nil when it can.
func unfit(s *adapter.Submission) *faktur.Reason {
	refuse := func(code string, action faktur.Action, message string) *faktur.Reason {
		return &faktur.Reason{Code: code, Action: action, Message: message, Origin: faktur.OriginChannel}
	}
	if s.Return != nil {
		return refuse("channel_cannot", faktur.ActionContactSupport, "The channel pajakio files no returns. Enter it in the portal.")
	}
	if g := s.Signer; g != nil && (g.Name == "" || g.Position == "" || g.City == "" || g.Passphrase == "") {
		return refuse("signer_incomplete", faktur.ActionChangeSigner,
			"Pajak.io takes a signer with name, position, city and passphrase, or none at all. Complete signer "+g.ID+" at PUT /taxpayers/{npwp}/signers/{id}.")
	}
	return nil
}

func failure(failed *adapter.CallError, receipt string) adapter.Result {
	o := failed.Outcome()
	o.Receipt = receipt
	return adapter.Result{Outcome: o, Failure: failed}
}

// create makes a draft and gives its transactionId.
func (a *account) create(ctx context.Context, s *adapter.Submission) (string, *adapter.CallError) {
	body := newInvoice(s)
	body.TransactionID = ""
	data, failed := a.call(ctx, http.MethodPost, "create", "", "", body)
	if failed != nil {
		return "", failed
	}
	made, failed := a.one("create", data)
	if failed == nil && made.TransactionID == "" {
		failed = &adapter.CallError{Own: a.endpoints.Own, Cause: errors.New("pajakio: create: the answer has no transactionId")}
	}
	return a.scrub(string(made.TransactionID)), failed
}

// upload files a draft. What its answer says beyond OK is not known; a word that
// is one of the three known ones counts, and otherwise it is being signed.
func (a *account) upload(ctx context.Context, id string) adapter.Result {
	data, failed := a.call(ctx, http.MethodPost, "upload", id, "", transaction{id})
	if failed != nil {
		standing, _ := a.afterRefusal(ctx, id, failed)
		return standing
	}
	o := adapter.Outcome{Certainty: adapter.Known, Status: faktur.SigningInProgress, Receipt: id}
	if d, unread := a.one("upload", data); unread == nil && d.Status != "" && d.Status != draft {
		told := a.standing(&d)
		told.Status, told.Receipt = cmp.Or(told.Status, o.Status), id
		o = told
	}
	return adapter.Result{Outcome: o}
}

// afterRefusal says what an update or upload that failed means. When it was
// refused, that may be because an earlier one, whose answer was lost, got
// through: detail tells. asked is detail's own failure.
func (a *account) afterRefusal(ctx context.Context, id string, failed *adapter.CallError) (result adapter.Result, asked *adapter.CallError) {
	if failed.Trouble != adapter.Refused && failed.Trouble != adapter.Gone {
		return failure(failed, id), nil
	}
	d, asked := a.detail(ctx, id)
	if asked != nil {
		lost := failure(failed, id)
		lost.Outcome = adapter.Outcome{Certainty: adapter.Unknown, Receipt: id}
		return lost, asked
	}
	if d.Status == "" || d.Status == draft || d.Status == refused {
		return failure(failed, id), nil
	}
	return adapter.Result{Outcome: a.standing(&d)}, nil
}
