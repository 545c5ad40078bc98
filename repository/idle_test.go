package repository_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// A process that is suspended within a transaction must not hold up the others
// for as long as it sleeps: they all need the feed's lock.
func TestASleeperInATransactionIsCutOff(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // SQLite has one process
	}
	url := repotest.URL(t, "postgres")
	awake := repotest.Open(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), repotest.Patience)
	defer cancel()
	var limit string
	if err := awake.InTx(ctx, func(tx *sqlx.Tx) error { return tx.Get(&limit, `SHOW idle_in_transaction_session_timeout`) }); err != nil || limit != "10s" {
		t.Errorf("the limit is %q, %v", limit, err)
	}

	sleeper, err := repository.Open(ctx, url+"&idle_in_transaction_session_timeout=100ms")
	if err != nil {
		t.Fatal(err)
	}
	defer sleeper.Close()
	const lock = `SELECT pg_advisory_xact_lock(1)`
	err = sleeper.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(lock); err != nil {
			t.Error(err)
		}
		if err := awake.InTx(ctx, func(tx *sqlx.Tx) error { _, err := tx.Exec(lock); return err }); err != nil {
			t.Errorf("another is held up: %v", err)
		}
		return nil
	})
	if err == nil {
		t.Error("the sleeper has committed")
	}
}

// A setting that the address has stays; a name that stands elsewhere in it is none.
func TestAnAddressKeepsWhatItSets(t *testing.T) {
	t.Parallel()
	const rest = "&enable_seqscan=off&jit=off&binary_parameters=yes"
	for address, want := range map[string]string{
		"postgres://jit:x@h/d":         "postgres://jit:x@h/d?idle_in_transaction_session_timeout=10s" + rest,
		"postgres://h/d?jit=on":        "postgres://h/d?jit=on&idle_in_transaction_session_timeout=10s&enable_seqscan=off&binary_parameters=yes",
		"postgres://h/d?host=/run/jit": "postgres://h/d?host=/run/jit&idle_in_transaction_session_timeout=10s" + rest,
	} {
		if got := repository.WithSettings(address); got != want {
			t.Errorf("%s becomes %s, want %s", address, got, want)
		}
	}
}
