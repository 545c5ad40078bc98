// Package repository holds all SQL, for SQLite and for PostgreSQL. One method
// is one transaction; no transaction leaves the package.
package repository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
)

// DB is the gateway's database. It is safe for concurrent use.
type DB struct {
	write   *sqlx.DB // on SQLite a single connection
	read    *sqlx.DB // on PostgreSQL the same pool as write
	dialect dialect
	url     string
	lock    *sideLock // nil unless this process holds the SQLite file for serving
	// statements keeps the prepared form of queries whose text never changes.
	statements, readStatements sync.Map
	// unprepared are queries that SQLite has met in a transaction and will prepare after it.
	unprepared sync.Map
	// slots bounds the transactions that are open at once, so that a connection
	// is left to prepare a statement while they wait for it.
	slots chan struct{}
	// feedWait measures the waits for the feed's lock; on SQLite there are none.
	feedWait prometheus.Histogram
}

// ErrNotFound is the answer of every method that names one row which is not there.
var ErrNotFound = errors.New("not found")

// ErrFenced means that the lease under which a worker wanted to save has gone
// to another; nothing was saved.
var ErrFenced = errors.New("the lease has passed to another worker")

// Kind is "sqlite" or "postgres".
func (db *DB) Kind() string { return db.dialect.name }

// Close ends all connections and gives a held SQLite file free.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	if db.lock != nil {
		err = errors.Join(err, db.lock.release())
	}
	return err
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.write.PingContext(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// txTries is how often a transaction is tried that PostgreSQL ends so that
// another can go on. It happens where a person's change meets a worker's.
const txTries = 8

// inTx runs do in one transaction on the writing side and commits it when do
// gives nil. After a deadlock nothing of it is left, and do runs anew: it must
// begin from the beginning each time.
func (db *DB) inTx(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	err := db.tryTx(ctx, do)
	for try := 1; try < txTries && isDeadlock(err); try++ {
		err = db.tryTx(ctx, do)
	}
	return err
}

func (db *DB) tryTx(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	select {
	case db.slots <- struct{}{}:
		defer func() { <-db.slots }()
	case <-ctx.Done():
		return fmt.Errorf("begin: %w", ctx.Err())
	}
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing left to do
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return fmt.Errorf("commit: %w", ctx.Err()) // whose end has rolled it back
	} else if err != nil {
		return &commitError{err}
	}
	db.prepareMet(ctx)
	return nil
}

// commitError marks an error of COMMIT itself: whether it happened is not known.
type commitError struct{ cause error }

func (e *commitError) Error() string { return "commit: " + e.cause.Error() }
func (e *commitError) Unwrap() error { return e.cause }

// rebind turns ? marks into what the database wants.
func (db *DB) rebind(query string) string { return db.dialect.rebind(query) }

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// micros is how times are stored: microseconds since 1970 in UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros, in UTC.
func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// marks gives "?, ?, ?" with n marks.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// wrap says what was being done when err happened; nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
