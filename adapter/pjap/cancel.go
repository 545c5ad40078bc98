package pjap

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

var _ adapter.Canceller = (*Channel)(nil)

// Cancel asks for the cancellation of an approved submission. What the connector
// refuses stays approved, with its words as the reason; one that it does not
// know now is Absent, and to be asked about again.
func (c *Channel) Cancel(ctx context.Context, call adapter.Cancellation) (adapter.Outcome, error) {
	if described := c.livemode.Load(); described != nil && *described != call.Livemode {
		return adapter.Outcome{}, &adapter.NotSent{Cause: errors.New("pjap: the document's livemode is not the connector's")}
	}
	var answer cancelAnswer
	err := c.call(ctx, http.MethodPost, "/v1/submissions/"+url.PathEscape(call.ClientID)+"/cancel",
		cancelRequest{Livemode: call.Livemode, Signer: signerID(call.Signer), Signature: signatureOf(call.Signer)}, &answer)
	if refused, ok := errors.AsType[*failure](err); ok {
		switch {
		case refused.status == http.StatusConflict && refused.problem.Code == "cannot_cancel":
			return adapter.Outcome{Certainty: adapter.Known, Status: faktur.Approved, Reason: &faktur.Reason{
				Code: "cannot_cancel", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
				Message: cmp.Or(refused.problem.Detail, "The connector refuses the cancellation and does not say why."),
			}}, nil
		case refused.status == http.StatusNotFound && refused.problem.Code == "not_found":
			return adapter.Outcome{Certainty: adapter.Absent}, nil
		}
	}
	if err != nil {
		return adapter.Outcome{}, err
	}
	if err := c.sameLivemode(answer.Livemode); err != nil {
		return adapter.Outcome{}, err
	}
	return match([]string{call.ClientID}, []statusResult{answer.Result})[0], nil
}
