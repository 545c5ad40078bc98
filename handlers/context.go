package handlers

import (
	"context"

	"github.com/fakturgate/fakturgate/service"
)

// Visit is what is known of a request besides its content.
type Visit struct {
	RequestID string         // under which the log knows it, and X-Request-Id tells it
	Caller    service.Caller // zero until Authenticate has found it out
}

type visitKey struct{}

// WithVisit begins a visit. Package api does so before anything else.
func WithVisit(ctx context.Context, visit *Visit) context.Context {
	return context.WithValue(ctx, visitKey{}, visit)
}

// VisitOf gives the request's visit; an empty one outside of any.
func VisitOf(ctx context.Context) *Visit {
	if visit, ok := ctx.Value(visitKey{}).(*Visit); ok {
		return visit
	}
	return &Visit{}
}

func tenant(ctx context.Context) string { return VisitOf(ctx).Caller.Tenant }

func requestID(ctx context.Context) string { return VisitOf(ctx).RequestID }
