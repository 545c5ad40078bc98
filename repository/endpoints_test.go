package repository_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// noon is the moment of every test here; micros because that is what is stored.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func addEndpoint(t *testing.T, db *repository.DB, tenant, id string) repository.Endpoint {
	t.Helper()
	e, err := db.AddEndpoint(t.Context(), repository.Endpoint{ID: id, Tenant: tenant, URL: "https://erp.test/" + id, Description: "the ERP",
		Events: []string{"invoice.approved", "invoice.saved_invalid"}, Secret: "sealed 1", CreatedAt: noon, UpdatedAt: noon}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func tell(t *testing.T, db *repository.DB, tenant, eventType string, count int) {
	t.Helper()
	for chunk := range slices.Chunk(make([]faktur.Event, count), 1000) {
		for i := range chunk {
			chunk[i] = faktur.Event{Tenant: tenant, Type: faktur.EventType(eventType), At: noon, Data: []byte(`{}`)}
		}
		if err := db.Tell(t.Context(), chunk...); err != nil {
			t.Fatal(err)
		}
	}
}

func take(t *testing.T, db *repository.DB, owner string, lease time.Duration) []repository.EndpointLease {
	t.Helper()
	taken, _, err := db.TakeEndpoints(t.Context(), owner, lease)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func takeOne(t *testing.T, db *repository.DB, owner string, lease time.Duration) repository.EndpointLease {
	t.Helper()
	taken := take(t, db, owner, lease)
	if len(taken) != 1 {
		t.Fatalf("%s took %v, want one", owner, taken)
	}
	return taken[0]
}

func TestEndpointsBelongToTheirTenant(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		want := addEndpoint(t, db, "a", "e1")
		addEndpoint(t, db, "a", "e2")
		addEndpoint(t, db, "b", "e3")
		got, err := db.Endpoint(t.Context(), "a", "e1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := db.Endpoint(t.Context(), "b", "e1"); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("another tenant's endpoint: %v", err)
		}
		if _, err := db.ChangeEndpoint(t.Context(), "b", "e1", repository.EndpointChange{}, noon); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("change of another tenant's endpoint: %v", err)
		}
		if err := db.RemoveEndpoint(t.Context(), "b", "e1", noon); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("removal of another tenant's endpoint: %v", err)
		}
		list, err := db.Endpoints(t.Context(), "a", "", 10)
		if err != nil || len(list) != 2 || list[0].ID != "e2" || list[1].ID != "e1" {
			t.Errorf("newest first: %v, %v", list, err)
		}
		if list, err = db.Endpoints(t.Context(), "a", "e2", 10); err != nil || len(list) != 1 || list[0].ID != "e1" {
			t.Errorf("after the newest: %v, %v", list, err)
		}
	})
}

func TestEndpointLimit(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		for i, want := range []error{nil, nil, repository.ErrTooManyEndpoints} {
			_, err := db.AddEndpoint(t.Context(), repository.Endpoint{ID: fmt.Sprint("e", i), Tenant: "a", CreatedAt: noon}, 2)
			if !errors.Is(err, want) {
				t.Errorf("endpoint %d: %v, want %v", i, err, want)
			}
		}
		if _, err := db.AddEndpoint(t.Context(), repository.Endpoint{ID: "other", Tenant: "b", CreatedAt: noon}, 2); err != nil {
			t.Errorf("another tenant's first: %v", err)
		}
	})
}

// A new endpoint hears of what happens from now on, whoever it happens to.
func TestNewEndpointStartsAtTheFeedsEnd(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		tell(t, db, "a", "invoice.approved", 3)
		tell(t, db, "b", "invoice.approved", 2)
		e := addEndpoint(t, db, "a", "e1")
		if last, err := db.LastPosition(t.Context()); err != nil || e.Position != last {
			t.Errorf("it starts at %d, the feed ends at %d, %v", e.Position, last, err)
		}
		tell(t, db, "a", "invoice.approved", 1)
		if events, err := db.Feed(t.Context(), "a", e.Position, 10); err != nil || len(events) != 1 {
			t.Errorf("after it: %v, %v", events, err)
		}
	})
}

func TestChangeEndpoint(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	url, description, yes, no := "https://new.test/", "", true, false
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		want := addEndpoint(t, db, "a", "e1")
		steps := []struct {
			name   string
			change repository.EndpointChange
			expect func(e *repository.Endpoint)
		}{
			{"nothing", repository.EndpointChange{}, func(*repository.Endpoint) {}},
			{"url", repository.EndpointChange{URL: &url}, func(e *repository.Endpoint) { e.URL = url }},
			{"no description", repository.EndpointChange{Description: &description}, func(e *repository.Endpoint) { e.Description = "" }},
			{"events", repository.EndpointChange{Events: []string{"*"}}, func(e *repository.Endpoint) { e.Events = []string{"*"} }},
			{"secret", repository.EndpointChange{Secret: "sealed 2", PreviousUntil: later}, func(e *repository.Endpoint) {
				e.Secret, e.PreviousSecret, e.PreviousUntil = "sealed 2", "sealed 1", later
			}},
			{"secret again", repository.EndpointChange{Secret: "sealed 3", PreviousUntil: later}, func(e *repository.Endpoint) {
				e.Secret, e.PreviousSecret = "sealed 3", "sealed 2"
			}},
			{"enabled already", repository.EndpointChange{Disabled: &no}, func(*repository.Endpoint) {}},
			{"disabled", repository.EndpointChange{Disabled: &yes, DisabledReason: "by hand"}, func(e *repository.Endpoint) {
				e.DisabledAt, e.DisabledReason = later, "by hand"
			}},
			{"disabled already", repository.EndpointChange{Disabled: &yes, DisabledReason: "again"}, func(*repository.Endpoint) {}},
			{"enabled", repository.EndpointChange{Disabled: &no}, func(e *repository.Endpoint) { e.DisabledAt, e.DisabledReason = time.Time{}, "" }},
		}
		for _, step := range steps {
			step.expect(&want)
			want.UpdatedAt = later
			changed, err := db.ChangeEndpoint(t.Context(), "a", "e1", step.change, later)
			if diff := cmp.Diff(want, changed); err != nil || diff != "" {
				t.Errorf("%s: %v %s", step.name, err, diff)
			}
			stored, err := db.Endpoint(t.Context(), "a", "e1")
			if diff := cmp.Diff(want, stored); err != nil || diff != "" {
				t.Errorf("%s, stored: %v %s", step.name, err, diff)
			}
		}
	})
}

func TestRemoveEndpointTakesItsDeliveriesAlong(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		tell(t, db, "a", "invoice.approved", 1)
		if _, err := db.SaveTried(t.Context(), lease, repository.Tried{First: []repository.Delivery{delivery("d1", 1, repository.Retrying)}}); err != nil {
			t.Fatal(err)
		}
		if err := db.RemoveEndpoint(t.Context(), "a", "e1", noon); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Redeliver(t.Context(), "a", "d1", noon); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("its delivery: %v", err)
		}
		if _, err := db.HeldEndpoint(t.Context(), lease); !errors.Is(err, repository.ErrFenced) {
			t.Errorf("its worker: %v", err)
		}
	})
}

// 8 workers at once, again and again: no endpoint has two holders.
func TestAnEndpointIsTakenOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		const endpoints, workers, rounds = 40, 8, 5
		for i := range endpoints {
			addEndpoint(t, db, fmt.Sprint("t", i%7), fmt.Sprintf("e%02d", i))
		}
		for round := range rounds {
			var mu sync.Mutex
			holders := map[string][]string{}
			var group sync.WaitGroup
			for w := range workers {
				owner := fmt.Sprintf("w%d of round %d", w, round)
				group.Go(func() {
					for range 20 {
						// No worker was seen, so everyone wants everything.
						taken, _, err := db.TakeEndpoints(t.Context(), owner, time.Hour)
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						for _, l := range taken {
							holders[l.EndpointID] = append(holders[l.EndpointID], owner)
							if l.Token != int64(round+1) {
								t.Errorf("%s has token %d in round %d", l.EndpointID, l.Token, round)
							}
						}
						mu.Unlock()
					}
				})
			}
			group.Wait()
			if len(holders) != endpoints {
				t.Errorf("round %d: %d of %d endpoints were taken", round, len(holders), endpoints)
			}
			for id, owners := range holders {
				if len(owners) != 1 {
					t.Errorf("round %d: %s was taken by %v", round, id, owners)
				}
			}
			for i := range endpoints {
				if err := db.ReleaseEndpoint(t.Context(), repository.EndpointLease{EndpointID: fmt.Sprintf("e%02d", i), Token: int64(round + 1)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestEndpointsAreSharedOut(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		expect := func(owner string, taken, surplus int) []repository.EndpointLease {
			t.Helper()
			leases, gotSurplus, err := db.TakeEndpoints(t.Context(), owner, time.Minute)
			if err != nil || len(leases) != taken || gotSurplus != surplus {
				t.Errorf("%s took %v, surplus %d, %v; want %d, %d", owner, leases, gotSurplus, err, taken, surplus)
			}
			return leases
		}
		for i := range 5 {
			addEndpoint(t, db, "a", fmt.Sprint("e", i))
		}
		held := expect("w1", 5, 0) // alone: all
		for i, owner := range []string{"w1", "w2"} {
			if alive, err := db.SeeWorker(t.Context(), owner, time.Minute); err != nil || alive != i+1 {
				t.Fatalf("%d workers, %v", alive, err)
			}
		}
		expect("w1", 0, 2) // one of two: at most 3
		expect("w2", 0, 0) // nothing is free yet
		for _, l := range held[:2] {
			if err := db.ReleaseEndpoint(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		for _, l := range expect("w2", 2, 0) {
			if l.Token != 2 {
				t.Errorf("token %d at the second holder", l.Token)
			}
		}
		expect("w1", 0, 0)
	})
}

func TestEndpointLeases(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := t.Context()
		addEndpoint(t, db, "a", "e1")
		first := takeOne(t, db, "w1", time.Minute)
		if held, err := db.RenewEndpoints(ctx, "w1", time.Minute); err != nil || !cmp.Equal(held, []repository.EndpointLease{first}) {
			t.Errorf("renewed: %v, %v", held, err)
		}
		if taken := take(t, db, "w2", time.Minute); len(taken) != 0 {
			t.Errorf("another took a held one: %v", taken)
		}
		if _, err := db.ChangeEndpoint(ctx, "a", "e1", repository.EndpointChange{Disabled: &yes}, noon); err != nil {
			t.Fatal(err)
		}
		if held, err := db.RenewEndpoints(ctx, "w1", 0); err != nil || len(held) != 0 {
			t.Errorf("renewed though disabled: %v, %v", held, err)
		}
		if err := db.ReleaseEndpoint(ctx, first); err != nil {
			t.Fatal(err)
		}
		if taken := take(t, db, "w2", time.Minute); len(taken) != 0 {
			t.Errorf("taken though disabled: %v", taken)
		}
		if _, err := db.ChangeEndpoint(ctx, "a", "e1", repository.EndpointChange{Disabled: &no}, noon); err != nil {
			t.Fatal(err)
		}
		second := takeOne(t, db, "w2", time.Minute)
		if second.Token <= first.Token {
			t.Errorf("token %d follows %d", second.Token, first.Token)
		}
		if err := db.ReleaseEndpoint(ctx, first); err != nil {
			t.Fatal(err)
		}
		if _, err := db.HeldEndpoint(ctx, second); err != nil {
			t.Errorf("an earlier holder gave back what is no longer its own: %v", err)
		}
	})
}

// A lease ends by itself, by the database's clock. Its holder keeps it for as
// long as nobody else wants it.
func TestEndpointLeaseExpires(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		first := takeOne(t, db, "w1", -time.Second)
		if held, err := db.RenewEndpoints(t.Context(), "w1", -time.Second); err != nil || len(held) != 1 || held[0] != first {
			t.Errorf("renewed after its end: %v, %v", held, err)
		}
		second := takeOne(t, db, "w2", time.Minute)
		if second.Token != first.Token+1 {
			t.Errorf("token %d follows %d", second.Token, first.Token)
		}
		if held, err := db.RenewEndpoints(t.Context(), "w1", time.Minute); err != nil || len(held) != 0 {
			t.Errorf("renewed after another took it: %v, %v", held, err)
		}
	})
}

// Where an endpoint was before says nothing about where it is now.
func TestANewURLHasNotFailedYet(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		was := addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		save(t, db, lease, repository.Tried{FailedAt: noon})
		newURL := "https://new.test/"
		for _, c := range []struct {
			url  string
			want time.Time
		}{{was.URL, noon}, {newURL, time.Time{}}} {
			if e, err := db.ChangeEndpoint(t.Context(), "a", "e1", repository.EndpointChange{URL: &c.url}, noon); err != nil || !e.FailingSince.Equal(c.want) {
				t.Errorf("%s: failing since %v, %v; want %v", c.url, e.FailingSince, err, c.want)
			}
			if e, err := db.HeldEndpoint(t.Context(), lease); err != nil || !e.FailingSince.Equal(c.want) {
				t.Errorf("%s, stored: failing since %v, %v; want %v", c.url, e.FailingSince, err, c.want)
			}
		}
	})
}

func TestDisableEndpointIsToldOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		addEndpoint(t, db, "a", "e1")
		lease := takeOne(t, db, "w1", time.Minute)
		event := faktur.Event{Tenant: "a", Type: faktur.EventWebhookOff, At: noon, Data: []byte(`{"endpoint_id":"e1"}`)}
		e, err := db.HeldEndpoint(t.Context(), lease)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			url  string
			want bool
		}{{"https://where-it-was.test/", false}, {e.URL, true}, {e.URL, false}} {
			if disabled, err := db.DisableEndpoint(t.Context(), lease, c.url, "it answered 410 Gone", event); err != nil || disabled != c.want {
				t.Errorf("%s: %v, %v; want %v", c.url, disabled, err, c.want)
			}
		}
		e, err = db.HeldEndpoint(t.Context(), lease)
		if err != nil || !e.DisabledAt.Equal(noon) || e.DisabledReason != "it answered 410 Gone" {
			t.Errorf("%+v, %v", e, err)
		}
		feed, err := db.Feed(t.Context(), "a", 0, 10)
		if err != nil || len(feed) != 1 || feed[0].Type != faktur.EventWebhookOff || string(feed[0].Data) != `{"endpoint_id":"e1"}` {
			t.Errorf("feed: %v, %v", feed, err)
		}
		stale := repository.EndpointLease{EndpointID: "e1", Token: lease.Token - 1}
		if _, err := db.DisableEndpoint(t.Context(), stale, e.URL, "", event); !errors.Is(err, repository.ErrFenced) {
			t.Errorf("an earlier holder disables it: %v", err)
		}
	})
}
