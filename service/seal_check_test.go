package service_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

func TestAnotherMasterKeyIsNoticedAtTheStart(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		s := newService(t, db)
		if err := s.CheckMasterKey(ctx); err != nil {
			t.Fatalf("nothing is sealed yet: %v", err)
		}
		if _, err := s.CreateEndpoint(ctx, tenant, service.EndpointInput{URL: "http://127.0.0.1:9/"}); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckMasterKey(ctx); err != nil {
			t.Errorf("the same key: %v", err)
		}
		other := newService(t, db, func(c *service.Config) {
			sealer, err := service.NewSealer(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				t.Fatal(err)
			}
			c.Sealer = sealer
		})
		if err := other.CheckMasterKey(ctx); err == nil || !strings.Contains(err.Error(), "FAKTURGATE_MASTER_KEY") {
			t.Errorf("another key: %v", err)
		}
	})
}

// Who lost the master key rotates, and goes on: the old secret is no hindrance.
func TestALostMasterKeyIsOvercomeByRotation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := repotest.SQLite(t)
	lost := newService(t, db)
	endpoint, err := lost.CreateEndpoint(ctx, tenant, service.EndpointInput{URL: "http://127.0.0.1:9/"})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, db, func(c *service.Config) {
		sealer, err := service.NewSealer(bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		c.Sealer = sealer
	})
	if _, err := s.TestEndpoint(ctx, tenant, endpoint.ID); err == nil {
		t.Error("a message was signed with a secret that does not open")
	}
	if _, err := s.RotateSecret(ctx, tenant, endpoint.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TestEndpoint(ctx, tenant, endpoint.ID); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	if err := s.CheckMasterKey(ctx); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}
