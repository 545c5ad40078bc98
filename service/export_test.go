package service

import (
	"context"

	"github.com/fakturgate/fakturgate/repository"
)

// Watch takes one step of the deadline watch.
func (s *Service) Watch(ctx context.Context) (bool, error) { return s.watch(ctx) }

// TraceSteps traces steps of which none was taken.
func (s *Service) TraceSteps(ctx context.Context, steps []repository.Step) {
	s.traceSteps(ctx, steps, nil)
}

// ReferenceConflict is what a POST is told whose reference names d.
var ReferenceConflict = referenceConflict
