package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"github.com/fakturgate/fakturgate/migrations"
)

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

func (db *DB) goose() (*goose.Provider, error) {
	files, err := fs.Sub(migrations.Files, db.dialect.name)
	if err != nil {
		return nil, err
	}
	kind := goose.DialectSQLite3
	if db.dialect.isPostgres() {
		kind = goose.DialectPostgres
	}
	return goose.NewProvider(kind, db.write.DB, files)
}

// MigrateUp brings the schema to this release's and gives how many steps that took.
func (db *DB) MigrateUp(ctx context.Context) (int, error) {
	provider, err := db.goose()
	if err != nil {
		return 0, err
	}
	if err := db.checkSchema(ctx, provider); err != nil {
		return 0, err
	}
	steps, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate up: %w", err)
	}
	return len(steps), nil
}

// MigrateDown takes back the last step.
func (db *DB) MigrateDown(ctx context.Context) (Migration, error) {
	provider, err := db.goose()
	if err != nil {
		return Migration{}, err
	}
	step, err := provider.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return Migration{}, ErrNotFound
	}
	if err != nil {
		return Migration{}, fmt.Errorf("migrate down: %w", err)
	}
	return Migration{Version: step.Source.Version, Name: step.Source.Path}, nil
}

// Migrations lists every step and whether the database has it.
func (db *DB) Migrations(ctx context.Context) ([]Migration, error) {
	provider, err := db.goose()
	if err != nil {
		return nil, err
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	list := make([]Migration, len(statuses))
	for i, s := range statuses {
		list[i] = Migration{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied}
	}
	return list, nil
}

// MigrationLock is the advisory lock under which several starting processes
// migrate one after the other.
const migrationLock = 0x66616b74 // "fakt"

// MigrateTogether is MigrateUp for processes that may start at the same moment.
func (db *DB) MigrateTogether(ctx context.Context) (int, error) {
	if !db.dialect.isPostgres() {
		return db.MigrateUp(ctx)
	}
	conn, err := db.write.Connx(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	defer conn.Close()
	if err := lockMigration(ctx, conn); err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	steps, err := db.MigrateUp(ctx)
	_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
	return steps, errors.Join(err, unlockErr)
}

// lockMigration tries until it has the lock. To wait for it inside a statement
// would hang for good: CREATE INDEX CONCURRENTLY waits for every statement that
// is under way, and that one would wait for the migration.
func lockMigration(ctx context.Context, conn *sqlx.Conn) error {
	for {
		var locked bool
		if err := conn.GetContext(ctx, &locked, "SELECT pg_try_advisory_lock($1)", migrationLock); err != nil || locked {
			return err
		}
		select {
		case <-time.After(migrationPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const migrationPause = 50 * time.Millisecond

// installationSince is the migration that made the table installation.
const installationSince = 3

// checkSchema refuses a database that a later release has changed in a way that
// this one cannot work with. What was only added does not matter: a release works
// on a schema newer than its own until a migration says otherwise.
func (db *DB) checkSchema(ctx context.Context, provider *goose.Provider) error {
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	if current <= known || current < installationSince {
		return nil
	}
	text, err := db.installed(ctx, oldestSchema)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	oldest, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("schema: oldest_schema in table installation is %q, not a number", text)
	}
	if known < oldest {
		return fmt.Errorf("the database has schema %d, in which only releases that know schema %d or later can work; "+
			"this one knows %d. Run the release that migrated it, or a later one", current, oldest, known)
	}
	return nil
}
