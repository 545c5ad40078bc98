package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/webhook"
)

// simulation is a gateway's deliveries in a bubble of fake time: a real SQLite
// database in memory, and receivers that are functions.
type simulation struct {
	*Service
	t      *testing.T
	office *postOffice

	mu       sync.Mutex
	answer   func(received) int // the receiver's status code, or 0 for no answer
	received []received
	wait     string // Retry-After of failures
}

// received is one try as a receiver saw it.
type received struct {
	at     time.Time
	id     string
	url    string
	body   string
	header http.Header
}

// simulate runs a test in fake time, without jitter.
func simulate(t *testing.T, test func(t *testing.T, s *simulation)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{t: t, answer: always(http.StatusOK)}
		s.Service = deliverer(t, repotest.Open(t, "sqlite::memory:"), webhook.Config{Transport: s, Schedule: webhook.Schedule{Random: func() float64 { return 0 }}})
		s.office = &postOffice{service: s.Service, couriers: map[string]*courier{}}
		test(t, s)
	})
}

// deliverer is a service that can do no more than deliver.
func deliverer(t testing.TB, db *repository.DB, c webhook.Config) *Service {
	t.Helper()
	sealer, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	sender := webhook.NewSender(c)
	t.Cleanup(sender.Close)
	return New(Config{DB: db, Sealer: sealer, Sender: sender, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
}

func always(status int) func(received) int { return func(received) int { return status } }

// RoundTrip is the receivers' side.
func (s *simulation) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got := received{time.Now(), r.Header.Get("webhook-id"), r.URL.String(), string(body), r.Header.Clone()}
	s.received = append(s.received, got)
	status := s.answer(got)
	if status == 0 {
		return nil, errors.New("no route")
	}
	header := http.Header{}
	if status >= 300 && s.wait != "" {
		header.Set("Retry-After", s.wait)
	}
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: r}, nil
}

// endpoint makes an endpoint that wants everything.
func (s *simulation) endpoint() Endpoint {
	return makeEndpoint(s.t, s.Service, "https://93.184.216.34/hook")
}

func makeEndpoint(t testing.TB, s *Service, url string) Endpoint {
	t.Helper()
	e, err := s.CreateEndpoint(context.Background(), "default", EndpointInput{URL: url, Events: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tell appends count events to the feed, numbered in their data.
func tell(t testing.TB, s *Service, tenant string, eventType faktur.EventType, count int) {
	t.Helper()
	number := 0
	for chunk := range slices.Chunk(make([]faktur.Event, count), 1000) {
		for i := range chunk {
			number++
			chunk[i] = faktur.Event{Tenant: tenant, Type: eventType, At: s.Now(), Data: fmt.Appendf(nil, `{"number":%d}`, number)}
		}
		if err := s.DB.Tell(context.Background(), chunk...); err != nil {
			t.Fatal(err)
		}
	}
	s.grown()
}

// run lets time pass until nothing is left to do, or for at most d.
func (s *simulation) run(d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); ; {
		_, next, err := s.office.step(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			time.Sleep(time.Until(end))
			return
		}
		time.Sleep(time.Until(next))
	}
}

func (s *simulation) ids() []string {
	var ids []string
	for _, r := range s.received {
		ids = append(ids, r.id)
	}
	return ids
}

func (s *simulation) deliveries(endpointID string) []Delivery {
	s.t.Helper()
	page, err := s.Deliveries(s.t.Context(), "default", endpointID, "", 1000, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Data
}

func (s *simulation) reload(id string) Endpoint {
	s.t.Helper()
	e, err := s.Endpoint(s.t.Context(), "default", id)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func TestFailedMessageIsTriedByTheSchedule(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		s.answer = always(http.StatusInternalServerError)
		e := s.endpoint()
		start := time.Now()
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(100 * time.Hour)

		at := time.Duration(0)
		want := []time.Duration{0}
		for _, delay := range webhook.DefaultDelays() {
			at += delay
			want = append(want, at)
		}
		var got []time.Duration
		for _, r := range s.received {
			if r.id != s.received[0].id || r.body != s.received[0].body {
				t.Errorf("a retry is another message: %+v", r)
			}
			got = append(got, r.at.Sub(start))
		}
		if !slices.Equal(got, want) {
			t.Errorf("tried after\n%v, want\n%v", got, want)
		}
		d := s.deliveries(e.ID)
		if len(d) != 1 || d[0].State != "failed" || d[0].Tries != 11 || *d[0].StatusCode != 500 || d[0].NextTryAt != nil {
			t.Errorf("at the end: %+v", d)
		}
		if s.reload(e.ID).FailingSince == nil {
			t.Error("the endpoint does not count as failing")
		}
	})
}

func TestFailedMessageIsDeliveredWhenTheReceiverIsBack(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		down := time.Now().Add(time.Minute)
		s.answer = func(r received) int {
			if r.at.Before(down) {
				return 0
			}
			return http.StatusNoContent
		}
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(time.Hour)
		d := s.deliveries(e.ID)
		if len(d) != 1 || d[0].State != "delivered" || d[0].Tries != 4 || d[0].Error != "" {
			t.Errorf("%+v", d)
		}
		if s.reload(e.ID).FailingSince != nil {
			t.Error("the endpoint still counts as failing")
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		s.endpoint()
		s.wait = "3600"
		s.answer = func(received) int {
			if len(s.received) == 1 {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(2 * time.Hour)
		if len(s.received) != 2 || s.received[1].at.Sub(s.received[0].at) != time.Hour {
			t.Errorf("%d tries: %+v", len(s.received), s.received)
		}
	})
}

// While an endpoint is dead, few messages begin their retries; when it is back,
// all arrive, and their first tries were in the order of the feed.
func TestCursorDoesNotRunAhead(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		const messages = 2000
		up := time.Now().Add(2 * time.Hour)
		s.answer = func(r received) int {
			if r.at.Before(up) {
				return 0
			}
			return http.StatusOK
		}
		tell(t, s.Service, "default", "invoice.approved", messages)
		s.run(2 * time.Hour)
		tried := map[string]bool{}
		for _, id := range s.ids() {
			tried[id] = true
		}
		// 64 s of growing pauses, then one try in five minutes, half of them retries.
		if len(tried) > 30 || len(s.received) > 40 {
			t.Errorf("%d messages in %d tries while it was dead", len(tried), len(s.received))
		}
		s.run(31 * time.Hour)
		expectInOrder(t, s.ids(), messages)
		for _, d := range s.deliveries(e.ID) {
			if d.State != "delivered" {
				t.Errorf("%+v", d)
			}
		}
	})
}

// expectInOrder holds that all messages 1 to count arrived, and first in that
// order, but for those that were under way together.
func expectInOrder(t *testing.T, ids []string, count int) {
	t.Helper()
	position := map[string]int{}
	for i := 1; i <= count; i++ {
		position[(&faktur.Event{Position: int64(i)}).MessageID()] = i
	}
	arrived := 0
	for _, id := range ids {
		at, expected := position[id]
		if !expected {
			continue // a retry, or none of them
		}
		delete(position, id)
		arrived++
		if at >= arrived+maxWindow {
			t.Fatalf("message %d was tried when only %d were", at, arrived)
		}
	}
	if arrived != count {
		t.Errorf("%d messages arrived of %d", arrived, count)
	}
}

func TestOneBadMessageHoldsUpNoOther(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		s.endpoint()
		bad := (&faktur.Event{Position: 7}).MessageID()
		s.answer = func(r received) int {
			if r.id == bad {
				return http.StatusUnprocessableEntity
			}
			return http.StatusOK
		}
		start := time.Now()
		tell(t, s.Service, "default", "invoice.approved", 500)
		s.run(time.Second)
		if got := len(s.received); got != 500 {
			t.Errorf("%d tries in %v, want one for each", got, time.Since(start))
		}
	})
}

func TestGoneDisablesAndNothingIsLost(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		s.answer = always(http.StatusGone)
		tell(t, s.Service, "default", "invoice.approved", 3)
		s.run(time.Hour)
		if len(s.received) != 1 {
			t.Errorf("%d tries, want one", len(s.received))
		}
		off := s.reload(e.ID)
		if !off.Disabled || !strings.Contains(string(off.DisabledReason), "410") {
			t.Errorf("%+v", off)
		}
		feed, err := s.DB.Feed(t.Context(), "default", 0, 10)
		if err != nil || len(feed) != 4 || feed[3].Type != faktur.EventWebhookOff || !strings.Contains(string(feed[3].Data), e.ID) {
			t.Errorf("feed: %v, %v", feed, err)
		}
		tell(t, s.Service, "default", "invoice.approved", 2) // meanwhile
		s.run(24 * time.Hour)
		s.answer = always(http.StatusOK)
		no := false
		on, err := s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Disabled: &no})
		if err != nil || on.Disabled || on.DisabledReason != "" {
			t.Fatalf("%+v, %v", on, err)
		}
		s.run(time.Hour)
		expectInOrder(t, s.ids(), 6) // the fourth tells that the endpoint was disabled
	})
}

// An endpoint that was moved while its old place answered 410 goes on at the new one.
func TestGoneFromAnOldPlaceDisablesNothing(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		newURL := "https://93.184.216.34/new"
		s.answer = func(r received) int {
			if r.url == newURL {
				return http.StatusOK
			}
			time.Sleep(time.Second)
			if _, err := s.UpdateEndpoint(context.Background(), "default", e.ID, EndpointPatch{URL: &newURL}); err != nil {
				t.Error(err)
			}
			return http.StatusGone
		}
		tell(t, s.Service, "default", "invoice.approved", 3)
		s.run(time.Hour)
		if now := s.reload(e.ID); now.Disabled || now.FailingSince != nil {
			t.Errorf("%+v", now)
		}
		for _, d := range s.deliveries(e.ID) {
			if d.State != "delivered" {
				t.Errorf("%+v", d)
			}
		}
		c := only(t, s.office.couriers)
		c.underWay++
		c.note(&try{first: true, url: e.URL, attempt: webhook.Attempt{StatusCode: http.StatusGone, Error: "it answered 410 Gone"}})
		if c.off != "" || !c.unsaved.failedAt.IsZero() {
			t.Errorf("a late 410 of the old place: off %q, failed at %v", c.off, c.unsaved.failedAt)
		}
	})
}

func TestFiveDaysOfFailureDisable(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		s.answer = always(http.StatusBadGateway)
		start := time.Now()
		for time.Since(start) < 5*24*time.Hour-time.Minute {
			tell(t, s.Service, "default", "invoice.approved", 1)
			s.run(12 * time.Hour)
			if s.reload(e.ID).Disabled {
				t.Fatalf("disabled after %v", time.Since(start))
			}
		}
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(time.Hour)
		if off := s.reload(e.ID); !off.Disabled || !strings.Contains(string(off.DisabledReason), "5 days") {
			t.Errorf("after %v: %+v", time.Since(start), off)
		}
	})
}

// An endpoint gets what it subscribed to, and its cursor passes the rest.
func TestOnlyWantedEventsAreSent(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e, err := s.CreateEndpoint(t.Context(), "default", EndpointInput{URL: "https://93.184.216.34/hook"})
		if err != nil {
			t.Fatal(err)
		}
		tell(t, s.Service, "default", "invoice.queued", 1200)
		tell(t, s.Service, "other", "invoice.approved", 5)
		tell(t, s.Service, "default", "invoice.saved_invalid", 1)
		tell(t, s.Service, "default", "invoice.queued", 10)
		s.run(time.Minute)
		if len(s.received) != 1 || !strings.Contains(s.received[0].body, "saved_invalid") {
			t.Errorf("%d messages: %+v", len(s.received), s.received)
		}
		stored, err := s.DB.Endpoint(t.Context(), "default", e.ID)
		if err != nil || stored.Position != 1216 {
			t.Errorf("cursor at %d of 1216, %v", stored.Position, err)
		}
		tell(t, s.Service, "default", "invoice.queued", 1)
		if _, err := s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Events: &[]string{"invoice.queued"}}); err != nil {
			t.Fatal(err)
		}
		s.run(time.Minute)
		if len(s.received) != 2 || !strings.Contains(s.received[1].body, "queued") {
			t.Errorf("after a change: %d messages", len(s.received))
		}
	})
}

func TestRotatedSecretsOverlap(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		first := s.endpoint()
		second, err := s.RotateSecret(t.Context(), "default", first.ID)
		if err != nil || second.Secret == first.Secret {
			t.Fatalf("%+v, %v", second, err)
		}
		stranger, _ := webhook.NewSecret(strings.NewReader(strings.Repeat("x", 32)))
		expect := func(step string, secret string, want bool) {
			t.Helper()
			last := s.received[len(s.received)-1]
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify([]byte(last.body), last.header); (err == nil) != want {
				t.Errorf("%s: %v, want it to verify %v", step, err, want)
			}
		}
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(time.Second)
		expect("new secret, at once", second.Secret, true)
		expect("old secret, at once", first.Secret, true)
		expect("another secret", stranger.Text(), false)
		s.run(secretOverlap)
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(time.Second)
		expect("new secret, a day later", second.Secret, true)
		expect("old secret, a day later", first.Secret, false)
	})
}

// What was sent and not saved is sent again, under the same id.
func TestCrashBetweenSendAndSave(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		s.endpoint()
		tell(t, s.Service, "default", "invoice.approved", 1)
		if err := s.office.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		crashed := only(t, s.office.couriers)
		if _, _, err := crashed.step(t.Context()); err != nil { // it sends
			t.Fatal(err)
		}
		crashed.note(<-crashed.results)
		if err := s.DB.ReleaseEndpoint(t.Context(), crashed.lease); err != nil { // its lease ran out
			t.Fatal(err)
		}
		clear(s.office.couriers)
		s.run(time.Minute)
		if len(s.received) != 2 || s.received[0].id != s.received[1].id {
			t.Errorf("%d tries: %+v", len(s.received), s.ids())
		}
		if _, _, err := crashed.step(t.Context()); !errors.Is(err, repository.ErrFenced) {
			t.Errorf("the crashed one saves: %v", err)
		}
		if len(s.received) != 2 {
			t.Error("the crashed one sends")
		}
	})
}

func only(t *testing.T, couriers map[string]*courier) *courier {
	t.Helper()
	if len(couriers) != 1 {
		t.Fatalf("%d couriers", len(couriers))
	}
	for _, c := range couriers {
		return c
	}
	return nil
}

func TestRedeliverAndRecoverSendTheSameMessage(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(time.Minute)
		d := s.deliveries(e.ID)[0]
		again, err := s.Redeliver(t.Context(), "default", d.ID)
		if err != nil || again.State != "retrying" || again.Tries != 0 || again.MessageID != d.MessageID {
			t.Fatalf("%+v, %v", again, err)
		}
		s.run(time.Minute)
		if len(s.received) != 2 || s.received[1].id != s.received[0].id || s.received[1].body != s.received[0].body {
			t.Errorf("redelivered as %+v", s.received)
		}
		s.answer = always(http.StatusInternalServerError)
		since := time.Now()
		tell(t, s.Service, "default", "invoice.approved", 3)
		s.run(90 * time.Hour)
		s.answer = always(http.StatusOK)
		s.received = nil
		if recovery, err := s.RecoverEndpoint(t.Context(), "default", e.ID, since); err != nil || recovery.Count != 3 {
			t.Errorf("%+v, %v", recovery, err)
		}
		s.run(time.Minute)
		for _, d := range s.deliveries(e.ID) {
			if d.State != "delivered" {
				t.Errorf("after the recovery: %+v", d)
			}
		}
		if len(s.received) != 3 {
			t.Errorf("%d tries for 3 messages", len(s.received))
		}
	})
}

func TestAskingAgainDuringTheLastTryIsNotLost(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		last := len(webhook.DefaultDelays()) + 1
		s.answer = func(received) int {
			if len(s.received) == last {
				time.Sleep(time.Second)
				if recovery, err := s.RecoverEndpoint(context.Background(), "default", e.ID, time.Time{}); err != nil || recovery.Count != 1 {
					t.Errorf("%+v, %v", recovery, err)
				}
			}
			if len(s.received) > last {
				return http.StatusOK
			}
			return http.StatusInternalServerError
		}
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(100 * time.Hour)
		s.run(time.Minute)
		if d := s.deliveries(e.ID); d[0].State != "delivered" || d[0].Tries != 1 {
			t.Errorf("after %d tries: %+v", len(s.received), d)
		}
	})
}

func TestTestMessage(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
			s.answer = always(status)
			d, err := s.TestEndpoint(t.Context(), "default", e.ID)
			want := map[int]string{200: "delivered", 500: "failed"}[status]
			if err != nil || d.State != want || *d.StatusCode != status || d.Tries != 1 || d.NextTryAt != nil {
				t.Errorf("%d: %+v, %v", status, d, err)
			}
			s.run(24 * time.Hour)
			if len(s.received) != 1 {
				t.Errorf("%d tries, want one", len(s.received))
			}
			sent := s.received[0]
			if !strings.Contains(sent.body, `"type":"webhook.test"`) || !strings.Contains(sent.body, e.ID) {
				t.Errorf("sent %s", sent.body)
			}
			verifier, err := standardwebhooks.NewWebhook(e.Secret)
			if err != nil || verifier.VerifyIgnoringTimestamp([]byte(sent.body), sent.header) != nil {
				t.Error("its signature does not verify")
			}
			s.answer = always(http.StatusOK)
			if _, err := s.Redeliver(t.Context(), "default", d.ID); err != nil {
				t.Fatal(err)
			}
			s.run(time.Minute)
			if len(s.received) != 2 || s.received[1].id != sent.id || s.received[1].body != sent.body {
				t.Errorf("redelivered as %+v", s.received[1:])
			}
			s.received = nil
		}
	})
}

// At our own end, tries under way are broken off when they take too long. They
// count as failed tries, and say nothing about the endpoint.
func TestInterruptedTriesAreTriedAgain(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		s.answer = always(0)
		tell(t, s.Service, "default", "invoice.approved", 1)
		if err := s.office.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := only(t, s.office.couriers)
		c.abandon() // before it even begins
		if _, _, err := c.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.finish(t.Context(), nil)
		clear(s.office.couriers)
		if d := s.deliveries(e.ID); len(d) != 1 || d[0].State != "retrying" || d[0].Tries != 1 {
			t.Errorf("%+v", d)
		}
		if s.reload(e.ID).FailingSince != nil {
			t.Error("the endpoint counts as failing")
		}
		s.answer = always(http.StatusOK)
		s.run(time.Minute)
		if d := s.deliveries(e.ID); len(d) != 1 || d[0].State != "delivered" || d[0].Tries != 2 {
			t.Errorf("%+v", d)
		}
	})
}
