package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
)

type backupCommand struct {
	databaseFlags
	File string `arg:"" help:"Where to write it; it must not exist."`
}

// Run copies the database.
func (c backupCommand) Run(ctx context.Context) error {
	return withDatabase(ctx, c.databaseFlags, func(db *repository.DB) error {
		err := db.Backup(ctx, c.File)
		if errors.Is(err, repository.ErrNotSQLite) {
			return errors.New("this copies SQLite; for PostgreSQL use pg_dump --format=custom, or archive its WAL")
		}
		if err == nil {
			fmt.Println("written:", c.File)
			fmt.Println("The master key is not in it; keep a copy of that elsewhere.")
		}
		return err
	})
}

type restoredCommand struct {
	databaseFlags
	Moved bool `env:"FAKTURGATE_MOVED" help:"Nothing was lost: the database only moved. Nothing is looked up."`
}

// Run makes a restored database fit to be served from.
func (c restoredCommand) Run(ctx context.Context) error {
	return withDatabase(ctx, c.databaseFlags, func(db *repository.DB) error {
		if err := db.HoldForServing(); err != nil {
			return err
		}
		if _, err := db.MigrateTogether(ctx); err != nil {
			return err
		}
		if c.Moved {
			fmt.Println("The database counts as moved; nothing in it is doubted.")
			return db.AdoptIdentity(ctx, false)
		}
		done, err := service.New(service.Config{DB: db}).AfterRestore(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%d queued documents are looked up before anything is sent.\n", done.Doubted)
		if done.Paused > 0 {
			fmt.Printf("%d taxpayers whose files a person uploads are paused. Import the portal's list for each "+
				"(POST /taxpayers/{npwp}/status-imports), then POST /taxpayers/{npwp}/resume.\n", done.Paused)
		}
		fmt.Println("What was accepted after the backup is not known here; see Backup and restore in docs/operations.md.")
		return nil
	})
}
