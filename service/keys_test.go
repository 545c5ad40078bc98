package service_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

func TestAKeyOpensItsTenantUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		var ahead atomic.Int64
		s := newService(t, db, func(c *service.Config) {
			c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		})
		secret, key, err := s.CreateKey(ctx, "acme", "ERP", []string{service.ScopeRead})
		if err != nil {
			t.Fatal(err)
		}
		caller, err := s.Authenticate(ctx, secret)
		if err != nil || caller.Tenant != "acme" || !caller.Has(service.ScopeRead) || caller.Has(service.ScopeWrite) {
			t.Fatalf("%+v, %v", caller, err)
		}
		for _, wrong := range []string{"", "fg_", secret[:len(secret)-1], secret + "x", "Bearer " + secret} {
			if _, err := s.Authenticate(ctx, wrong); faktur.AsError(err).Kind != faktur.KindUnknownKey {
				t.Errorf("%.8q: %v", wrong, err)
			}
		}
		if err := s.RevokeKey(ctx, key.ID); err != nil {
			t.Fatal(err)
		}
		ahead.Store(int64(4 * time.Second)) // longer than a key is remembered
		if _, err := s.Authenticate(ctx, secret); faktur.AsError(err).Kind != faktur.KindUnknownKey {
			t.Errorf("a revoked key: %v", err)
		}
		if err := s.RevokeKey(ctx, key.ID); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("revoked twice: %v", err)
		}
	})
}

func TestKeysAreStoredAsHashes(t *testing.T) {
	t.Parallel()
	s := newService(t, repotest.SQLite(t))
	secret, _, err := s.CreateKey(context.Background(), "acme", "ERP", service.Scopes())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(context.Background(), "acme")
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	if keys[0].Hash == secret || len(keys[0].Prefix) > 9 || keys[0].Prefix != secret[:len(keys[0].Prefix)] {
		t.Errorf("stored: %+v", keys[0])
	}
	if _, _, err := s.CreateKey(context.Background(), "acme", "", []string{"everything"}); err == nil {
		t.Error("a scope that does not exist was granted")
	}
	if _, _, err := s.CreateKey(context.Background(), "a b", "", nil); err == nil {
		t.Error("a tenant of two words was taken")
	}
}
