package repository_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func delivery(id string, position int64, state repository.DeliveryState) repository.Delivery {
	d := repository.Delivery{ID: id, Tenant: "a", EndpointID: "e1", Position: position, MessageID: "msg_" + id,
		EventType: "invoice.approved", DocumentID: "doc1", State: state, Tries: 1, FirstTryAt: noon, LastTryAt: noon}
	switch state {
	case repository.Delivered:
		d.StatusCode = 200
	case repository.Retrying:
		d.StatusCode, d.Error, d.NextTryAt = 500, "it answered 500 Internal Server Error", noon.Add(5*time.Second)
	case repository.Failed:
		d.Error, d.Tries = "connection refused", 11
	}
	return d
}

func save(t *testing.T, db *repository.DB, lease repository.EndpointLease, tried repository.Tried) time.Time {
	t.Helper()
	since, err := db.SaveTried(t.Context(), lease, tried)
	if err != nil {
		t.Fatal(err)
	}
	return since
}

func TestSaveTried(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := t.Context()
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		tell(t, db, "a", "invoice.approved", 3)
		first := []repository.Delivery{delivery("d1", 1, repository.Delivered), delivery("d2", 2, repository.Retrying), delivery("d3", 3, repository.Failed)}
		save(t, db, lease, repository.Tried{First: first, Position: 3})

		list, err := db.Deliveries(ctx, "a", "e1", "", "", 10)
		if diff := cmp.Diff([]repository.Delivery{first[2], first[1], first[0]}, list); err != nil || diff != "" {
			t.Errorf("newest first: %v %s", err, diff)
		}
		if e, err := db.Endpoint(ctx, "a", "e1"); err != nil || e.Position != 3 {
			t.Errorf("cursor at %d, %v", e.Position, err)
		}
		if retries, err := db.DueRetries(ctx, "e1", noon.Add(4*time.Second), 10); err != nil || len(retries) != 0 {
			t.Errorf("due early: %v, %v", retries, err)
		}
		if next, err := db.NextRetry(ctx, "e1", noon); err != nil || !next.Equal(noon.Add(5*time.Second)) {
			t.Errorf("next retry: %v, %v", next, err)
		}
		retries, err := db.DueRetries(ctx, "e1", noon.Add(5*time.Second), 10)
		if err != nil || len(retries) != 1 || !cmp.Equal(retries[0].Delivery, first[1]) || string(retries[0].Event.Data) != `{}` || !retries[0].Event.At.Equal(noon) {
			t.Fatalf("due: %+v, %v", retries, err)
		}
		again := retries[0].Delivery
		again.State, again.Tries, again.StatusCode, again.Error = repository.Delivered, 2, 204, ""
		again.LastTryAt, again.NextTryAt = noon.Add(6*time.Second), time.Time{}
		save(t, db, lease, repository.Tried{Again: []repository.Retried{{Delivery: again, DueAt: retries[0].Delivery.NextTryAt}}, Position: 3})
		if list, err = db.Deliveries(ctx, "a", "e1", repository.Delivered, "d3", 1); err != nil || len(list) != 1 || !cmp.Equal(list[0], again) {
			t.Errorf("after the retry: %+v, %v", list, err)
		}
		if next, err := db.NextRetry(ctx, "e1", noon); err != nil || !next.IsZero() {
			t.Errorf("another retry: %v, %v", next, err)
		}
	})
}

// An endpoint fails since the first failure after its last success.
func TestFailingSince(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		steps := []struct {
			succeeded    bool
			failed, want time.Time
		}{
			{false, time.Time{}, time.Time{}},
			{false, noon, noon},
			{false, noon.Add(time.Hour), noon},
			{true, time.Time{}, time.Time{}},
			{true, noon.Add(2 * time.Hour), noon.Add(2 * time.Hour)},
			{true, noon.Add(3 * time.Hour), noon.Add(3 * time.Hour)},
		}
		for i, s := range steps {
			if got := save(t, db, lease, repository.Tried{Succeeded: s.succeeded, FailedAt: s.failed}); !got.Equal(s.want) {
				t.Errorf("step %d: %v, want %v", i, got, s.want)
			}
			if e, err := db.HeldEndpoint(t.Context(), lease); err != nil || !e.FailingSince.Equal(s.want) {
				t.Errorf("step %d, stored: %v, %v; want %v", i, e.FailingSince, err, s.want)
			}
		}
	})
}

// Who lost the lease moves neither the cursor nor a delivery.
func TestAnEarlierHolderSavesNothing(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		old := takeOne(t, db, "w1", -time.Second)
		takeOne(t, db, "w2", time.Minute)
		tell(t, db, "a", "invoice.approved", 1)
		_, err := db.SaveTried(t.Context(), old, repository.Tried{First: []repository.Delivery{delivery("d1", 1, repository.Delivered)}, Position: 1})
		if !errors.Is(err, repository.ErrFenced) {
			t.Errorf("saved: %v", err)
		}
		if _, err := db.HeldEndpoint(t.Context(), old); !errors.Is(err, repository.ErrFenced) {
			t.Errorf("read: %v", err)
		}
		if e, err := db.Endpoint(t.Context(), "a", "e1"); err != nil || e.Position != 0 {
			t.Errorf("cursor at %d, %v", e.Position, err)
		}
		if list, err := db.Deliveries(t.Context(), "a", "e1", "", "", 10); err != nil || len(list) != 0 {
			t.Errorf("deliveries: %v, %v", list, err)
		}
	})
}

func TestRedeliverAndRecover(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx, later := t.Context(), noon.Add(time.Hour)
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		tell(t, db, "a", "invoice.approved", 5)
		old, test := delivery("d1", 1, repository.Failed), delivery("d5", 0, repository.Failed)
		old.LastTryAt = noon.Add(-time.Second)
		save(t, db, lease, repository.Tried{First: []repository.Delivery{old, delivery("d2", 2, repository.Failed),
			delivery("d3", 3, repository.Retrying), delivery("d4", 4, repository.Delivered)}, Position: 4})
		if err := db.AddTest(ctx, test); err != nil {
			t.Fatal(err)
		}

		if n, err := db.Recover(ctx, "a", "e1", noon, later); err != nil || n != 2 {
			t.Errorf("recovered %d, %v; want the failed and the waiting one of noon", n, err)
		}
		if _, err := db.Redeliver(ctx, "a", "d4", later); err != nil {
			t.Errorf("redeliver a delivered one: %v", err)
		}
		d, err := db.Redeliver(ctx, "a", "d5", later)
		if err != nil || d.State != repository.Retrying || d.Tries != 0 || !d.NextTryAt.Equal(later) || d.MessageID != "msg_d5" {
			t.Errorf("redeliver a test: %+v, %v", d, err)
		}
		retries, err := db.DueRetries(ctx, "e1", later, 10)
		var ids []string
		for _, r := range retries {
			ids = append(ids, r.Delivery.ID)
		}
		if err != nil || !cmp.Equal(ids, []string{"d2", "d3", "d4", "d5"}) {
			t.Errorf("due now: %v, %v", ids, err)
		}
		if due, err := db.EndpointsDue(ctx, "w1", later); err != nil || !cmp.Equal(due, []string{"e1"}) {
			t.Errorf("endpoints due: %v, %v", due, err)
		}
		if due, err := db.EndpointsDue(ctx, "w2", later); err != nil || len(due) != 0 {
			t.Errorf("another worker's endpoints due: %v, %v", due, err)
		}
		for _, change := range []struct {
			disabled *bool
			want     error
		}{{&yes, repository.ErrEndpointDisabled}, {&no, nil}} {
			if _, err := db.ChangeEndpoint(ctx, "a", "e1", repository.EndpointChange{Disabled: change.disabled}, noon); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Redeliver(ctx, "a", "d1", later); !errors.Is(err, change.want) {
				t.Errorf("redeliver, disabled %v: %v", *change.disabled, err)
			}
			if _, err := db.Recover(ctx, "a", "e1", noon, later); !errors.Is(err, change.want) {
				t.Errorf("recover, disabled %v: %v", *change.disabled, err)
			}
		}
		for name, err := range map[string]error{
			"redeliver another tenant's": second(db.Redeliver(ctx, "b", "d1", later)),
			"redeliver nothing":          second(db.Redeliver(ctx, "a", "d9", later)),
			"recover another tenant's":   second(db.Recover(ctx, "b", "e1", noon, later)),
		} {
			if !errors.Is(err, repository.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What is asked for by hand while a try is under way is not lost when that try is saved.
func TestATryUnderWayLosesNoRedelivery(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx, due, later := t.Context(), noon.Add(5*time.Second), noon.Add(6*time.Second)
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		tell(t, db, "a", "invoice.approved", 3)
		save(t, db, lease, repository.Tried{First: []repository.Delivery{delivery("d1", 1, repository.Retrying), delivery("d2", 2, repository.Retrying)}, Position: 2})
		var tried []repository.Retried
		for _, id := range []string{"d1", "d2"} {
			outcome := delivery(id, 0, repository.Failed)
			outcome.LastTryAt = later
			tried = append(tried, repository.Retried{Delivery: outcome, DueAt: due})
		}
		asked, err := db.Redeliver(ctx, "a", "d1", later)
		if err != nil {
			t.Fatal(err)
		}
		save(t, db, lease, repository.Tried{Again: tried, Position: 2})
		retries, err := db.DueRetries(ctx, "e1", later, 10)
		if err != nil || len(retries) != 1 || !cmp.Equal(retries[0].Delivery, asked) {
			t.Errorf("due: %+v, %v; want %+v", retries, err, asked)
		}
		if list, err := db.Deliveries(ctx, "a", "e1", repository.Failed, "", 10); err != nil || len(list) != 1 || list[0].ID != "d2" {
			t.Errorf("failed: %+v, %v; want d2", list, err)
		}
	})
}

// A test whose endpoint was removed meanwhile is told from one that cannot be stored.
func TestAddTestSaysWhyItIsRefused(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		d := delivery("d1", 0, repository.Failed)
		if err := db.AddTest(t.Context(), d); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("without an endpoint: %v", err)
		}
		addEndpoint(t, db, "a", "e1")
		d.Error = "a\x00b" // SQLite takes it
		if err := db.AddTest(t.Context(), d); errors.Is(err, repository.ErrNotFound) || err == nil && db.Kind() == "postgres" {
			t.Errorf("with a NUL: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestDeliveriesPageAndFilter(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		var all []repository.Delivery
		for i, state := range []repository.DeliveryState{repository.Delivered, repository.Failed, repository.Delivered, repository.Retrying, repository.Failed} {
			all = append(all, delivery(fmt.Sprint("d", i), int64(i+1), state))
		}
		save(t, db, lease, repository.Tried{First: all, Position: 5})
		cases := []struct {
			tenant string
			state  repository.DeliveryState
			before string
			limit  int
			want   []string
		}{
			{"a", "", "", 10, []string{"d4", "d3", "d2", "d1", "d0"}},
			{"a", "", "", 2, []string{"d4", "d3"}},
			{"a", "", "d3", 2, []string{"d2", "d1"}},
			{"a", repository.Failed, "", 10, []string{"d4", "d1"}},
			{"a", repository.Failed, "d4", 10, []string{"d1"}},
			{"a", repository.Retrying, "", 10, []string{"d3"}},
			{"b", "", "", 10, nil},
		}
		for _, c := range cases {
			list, err := db.Deliveries(t.Context(), c.tenant, "e1", c.state, c.before, c.limit)
			var ids []string
			for _, d := range list {
				ids = append(ids, d.ID)
			}
			if err != nil || !cmp.Equal(ids, c.want) {
				t.Errorf("%+v: %v, %v", c, ids, err)
			}
		}
	})
}

func TestNewsAfter(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		tell(t, db, "a", "invoice.approved", 2) // 1, 2
		tell(t, db, "b", "invoice.queued", 1)   // 3
		tell(t, db, "a", "invoice.queued", 1)   // 4
		for after, want := range map[int64]map[string]int64{0: {"a": 4, "b": 3}, 2: {"a": 4, "b": 3}, 3: {"a": 4}, 4: {}} {
			news, err := db.NewsAfter(t.Context(), after)
			got := map[string]int64{}
			for _, n := range news {
				got[n.Tenant] = n.Position
			}
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("after %d: %v, %v; want %v", after, got, err, want)
			}
		}
	})
}
