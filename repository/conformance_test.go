package repository_test

import (
	"context"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		list, err := db.Migrations(ctx)
		if err != nil || len(list) == 0 || !list[0].Applied {
			t.Fatalf("after up: %v, %v", list, err)
		}
		for range list {
			if _, err := db.MigrateDown(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := db.MigrateTogether(ctx); err != nil || n != len(list) {
			t.Fatalf("up again: %d steps, %v", n, err)
		}
	})
}
