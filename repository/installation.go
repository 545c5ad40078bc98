package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
)

// The names in table installation.
const (
	oldestSchema = "oldest_schema"
	identity     = "identity"
)

// installed gives what is noted under a name, "" when nothing is.
func (db *DB) installed(ctx context.Context, name string) (string, error) {
	var values []string
	err := db.write.SelectContext(ctx, &values, db.rebind(`SELECT value FROM installation WHERE name = ?`), name)
	if err != nil || len(values) == 0 {
		return "", wrap("read "+name, err)
	}
	return values[0], nil
}

func (db *DB) install(ctx context.Context, tx *sqlx.Tx, name, value string) error {
	_, err := tx.ExecContext(ctx, db.rebind(`INSERT INTO installation (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`), name, value)
	return wrap("note "+name, err)
}

// ErrRestored means that the database is another than was last served from: a
// backup that was restored, or a copy.
var ErrRestored = errors.New("the database is a restored backup or a copy")

// backupIdentity marks what Backup writes.
const backupIdentity = "backup"

// currentIdentity tells this database from what pg_restore or CREATE DATABASE
// makes of it. A SQLite file tells nothing by itself; Backup marks its copies.
func (db *DB) currentIdentity(ctx context.Context) (string, error) {
	if !db.dialect.isPostgres() {
		return sqlite.name, nil
	}
	var oid string
	err := db.write.GetContext(ctx, &oid, `SELECT oid::text FROM pg_database WHERE datname = current_database()`)
	return postgres.name + " " + oid, wrap("identity", err)
}

// CheckIdentity gives ErrRestored for a database that was restored or copied
// since it was last served from, until AdoptIdentity. The first call ever notes
// what the database is.
func (db *DB) CheckIdentity(ctx context.Context) error {
	noted, err := db.installed(ctx, identity)
	if err != nil {
		return err
	}
	current, err := db.currentIdentity(ctx)
	switch {
	case err != nil:
		return err
	case noted == "":
		return db.inTx(ctx, func(tx *sqlx.Tx) error { return db.install(ctx, tx, identity, current) })
	case noted != current:
		return ErrRestored
	}
	return nil
}

// feedGap is how far the feed jumps when a backup is restored: further than any
// cursor that was given out in the time that the backup does not know. At a
// nation's 30 million invoices a month, with four events each, that is 8 months.
const feedGap = 1_000_000_000

// AdoptIdentity takes a restored or copied database for the one to serve from.
// When something was lost, the feed goes on behind every cursor that readers may
// hold, so that they miss nothing of what comes.
func (db *DB) AdoptIdentity(ctx context.Context, lost bool) error {
	current, err := db.currentIdentity(ctx)
	if err != nil {
		return err
	}
	return wrap("adopt the database", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if lost {
			if err := db.jumpFeed(ctx, tx); err != nil {
				return err
			}
		}
		return db.install(ctx, tx, identity, current)
	}))
}

func (db *DB) jumpFeed(ctx context.Context, tx *sqlx.Tx) error {
	var last int64
	if err := tx.GetContext(ctx, &last, `SELECT COALESCE(MAX(position), 0) FROM events`); err != nil {
		return err
	}
	last += feedGap
	if db.dialect.isPostgres() {
		_, err := tx.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('events', 'position'), $1)`, last)
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = 'events'`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)`, last)
	return err
}

// NobodyWorks gives an error while processes work on this database, by their leases.
func (db *DB) NobodyWorks(ctx context.Context) error {
	var alive int
	err := db.write.GetContext(ctx, &alive, `SELECT COUNT(*) FROM workers WHERE seen_until >= `+db.dialect.now)
	if err == nil && alive > 0 {
		return fmt.Errorf("%d processes work on this database; stop them first (one that crashed counts until its lease is over)", alive)
	}
	return wrap("live workers", err)
}

// ErrNotSQLite is Backup's answer on PostgreSQL, which has its own tools.
var ErrNotSQLite = errors.New("not a SQLite database")

// Backup writes a whole copy of a SQLite database, as of one moment, while
// another process may serve from it. The file must not exist. It is marked, so
// that nothing is served from it before AdoptIdentity.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.dialect.isPostgres() {
		return ErrNotSQLite
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists already", path)
	}
	half := path + ".half"
	if err := os.Remove(half); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := db.write.ExecContext(ctx, `VACUUM INTO ?`, half); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := markBackup(ctx, half); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return wrap("backup", MoveThrough(half, path))
}

func markBackup(ctx context.Context, path string) error {
	raw, err := sqlx.Open(sqlite.driver, fileURI(path)+"?_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	_, err = raw.ExecContext(ctx, `INSERT INTO installation (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, identity, backupIdentity)
	return errors.Join(err, raw.Close())
}

// MoveThrough renames a file when all of it is on the disk, and then its name.
func MoveThrough(from, to string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

// SyncFolder brings the names of a folder's files onto the disk.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
