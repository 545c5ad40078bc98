package service

import (
	"context"
	"time"
)

// Remembered is the answer that an idempotency key already has.
type Remembered struct {
	Status int
	Body   []byte
}

const (
	// KeyedTime is how long a request may work under an Idempotency-Key; its context then ends.
	KeyedTime = 90 * time.Second
	// requestMost is after how long a key counts as abandoned by a crash: KeyedTime,
	// and what it takes to stop and to settle the key, so that nothing runs twice at once.
	requestMost = 2 * time.Minute
	// requestMemory is how long an answer is remembered (CONTRACT).
	requestMemory = 24 * time.Hour
	// forgetAtOnce bounds a transaction of the janitor: an hour of the busiest day
	// leaves millions of keys, and whoever accepts would wait for all of them.
	forgetAtOnce = 2000
)

// BeginIdempotent claims a key. It gives nil when the caller should go on, and
// then end with FinishIdempotent or AbandonIdempotent; or the answer to replay.
func (s *Service) BeginIdempotent(ctx context.Context, r Request) (*Remembered, error) {
	now := s.Now()
	found, err := s.DB.BeginRequest(ctx, r, now, now.Add(requestMost))
	if err != nil || found == nil {
		return nil, translate(err, "request")
	}
	body, err := s.Sealer.Open(found.Body, requestRow(r))
	if err != nil {
		return nil, translate(err, "request")
	}
	return &Remembered{Status: found.Status, Body: body}, nil
}

// FinishIdempotent remembers a 2xx answer. It is sealed: answers hold secrets
// of webhook endpoints.
func (s *Service) FinishIdempotent(ctx context.Context, r Request, status int, body []byte) error {
	return translate(s.DB.FinishRequest(ctx, r, status, s.Sealer.Seal(body, requestRow(r))), "request")
}

// AbandonIdempotent gives the key of a request that failed free.
func (s *Service) AbandonIdempotent(ctx context.Context, r Request) error {
	return translate(s.DB.AbandonRequest(ctx, r), "request")
}

func requestRow(r Request) string {
	return "idempotency_keys/" + r.Tenant + "/" + r.Route + "/" + r.Key
}

// forgetRequests is the janitor's step. It says whether there may be more to forget.
func (s *Service) forgetRequests(ctx context.Context) (bool, error) {
	forgotten, err := s.DB.ForgetRequests(ctx, s.Now().Add(-requestMemory), forgetAtOnce)
	return forgotten == forgetAtOnce, err
}
