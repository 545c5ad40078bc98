package service

import (
	"context"
	"log/slog"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// Steps that do not end in their time are broken off, and the leases are given back all the same.
func TestLeasesAreGivenBackAfterWorkIsBrokenOff(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		s := New(Config{DB: db, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
		work, breakOff := context.WithCancel(t.Context())
		if err := s.leases.ensure(work); err != nil {
			t.Fatal(err)
		}
		if err := s.leases.renew(work); err != nil {
			t.Fatal(err)
		}
		if err := db.NobodyWorks(t.Context()); err == nil {
			t.Fatal("it holds no leases")
		}
		breakOff()
		s.leave(work)
		if err := db.NobodyWorks(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
