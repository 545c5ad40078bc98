package repository

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// poolSize is how many connections a process opens at most to PostgreSQL, and
// how many readers to SQLite. PostgreSQL's default is 100 in all.
const poolSize = 20

// memoryDatabases numbers the databases of ":memory:", each of which is its own.
var memoryDatabases atomic.Int64

// Open connects to "sqlite:PATH", "sqlite::memory:" or "postgres://...". It
// does not migrate. A caller that will serve calls HoldForServing next.
func Open(ctx context.Context, databaseURL string) (*DB, error) {
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		return openSQLite(ctx, path)
	}
	if strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://") {
		return openPostgres(ctx, databaseURL)
	}
	return nil, errors.New("the database's address must begin with sqlite: or postgres://")
}

func openPostgres(ctx context.Context, databaseURL string) (*DB, error) {
	if _, err := pq.NewConnector(databaseURL); err != nil {
		// lib/pq's parse errors quote the URL, password and all.
		return nil, errors.New("the PostgreSQL address in FAKTURGATE_DATABASE_URL cannot be read; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=require")
	}
	pool, err := sqlx.Open(postgres.driver, withSettings(databaseURL))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(poolSize)
	db := &DB{write: pool, read: pool, dialect: postgres, url: databaseURL, slots: make(chan struct{}, poolSize-4), feedWait: newFeedWait()}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// connectionSettings are what an address gets that does not set them otherwise.
var connectionSettings = [][2]string{
	// How long a session may do nothing within a transaction. A process that is
	// suspended in one, or whose machine is gone, would keep all others from the
	// feed's lock until it comes back, which can be hours. Its transaction is
	// rolled back, as after any lost connection.
	{"idle_in_transaction_session_timeout", "10s"},
	// Every question has an index. While a database is small, or too new for
	// statistics, PostgreSQL would read whole tables at every step.
	{"enable_seqscan", "off"},
	// It would compile what it then thinks is expensive.
	{"jit", "off"},
	// Of the driver: a query goes in one round trip and not in two.
	{"binary_parameters", "yes"},
}

// withSettings adds what is missing at the end, and leaves the rest of the address as it was written.
func withSettings(databaseURL string) string {
	_, query, _ := strings.Cut(databaseURL, "?")
	given, _ := url.ParseQuery(query) // the driver has read it already
	for _, setting := range connectionSettings {
		if given.Has(setting[0]) {
			continue
		}
		mark := "?"
		if strings.Contains(databaseURL, "?") {
			mark = "&"
		}
		databaseURL += mark + setting[0] + "=" + setting[1]
	}
	return databaseURL
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("the database's address names no file: sqlite:PATH")
	}
	writer, err := sqlx.Open(sqlite.driver, sqliteSource(path, true))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	writer.SetMaxOpenConns(1)
	db := &DB{write: writer, read: writer, dialect: sqlite, url: path, slots: make(chan struct{}, 1), feedWait: newFeedWait()}
	if path != ":memory:" {
		if db.read, err = sqlx.Open(sqlite.driver, sqliteSource(path, false)); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), writer.Close())
		}
		db.read.SetMaxOpenConns(poolSize)
		db.read.SetMaxIdleConns(poolSize)
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

// sqliteSource is the driver's address of a file. Writing transactions begin
// immediate: a deferred one that reads first and writes then fails at once.
func sqliteSource(path string, writer bool) string {
	q := url.Values{}
	for _, pragma := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"} {
		q.Add("_pragma", pragma)
	}
	if writer {
		q.Set("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(1)")
	}
	if path == ":memory:" {
		return fmt.Sprintf("file:memory%d?mode=memory&%s", memoryDatabases.Add(1), q.Encode())
	}
	return fileURI(path) + "?" + q.Encode()
}

// fileURI names a file to SQLite, which would read ?, # and % of a bare path otherwise.
func fileURI(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// HoldForServing makes sure that one process at a time serves from a SQLite
// file; on PostgreSQL any number may. The hold ends with Close or the process.
func (db *DB) HoldForServing() error {
	if db.dialect.isPostgres() || db.url == ":memory:" {
		return nil
	}
	lock, err := takeSideLock(db.url + ".lock")
	if err != nil {
		return err
	}
	db.lock = lock
	return nil
}

// sideLock is a lock on a file beside the database, which ends with the process.
type sideLock struct{ file *os.File }

func takeSideLock(path string) (*sideLock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another fakturgate already serves from this SQLite file (%s is locked); "+
			"stop it, or use PostgreSQL for several processes: %w", path, err)
	}
	return &sideLock{file}, nil
}

func (l *sideLock) release() error { return l.file.Close() }
