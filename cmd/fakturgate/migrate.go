package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/fakturgate/fakturgate/repository"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Bring the schema to this release's."`
	Down   migrateDownCommand   `cmd:"" help:"Take back the last migration. It deletes what that one had made room for."`
	Status migrateStatusCommand `cmd:"" help:"Show which migrations the database has."`
}

type migrateUpCommand struct{ databaseFlags }

// Run migrates up.
func (c migrateUpCommand) Run(ctx context.Context) error {
	return withDatabase(ctx, c.databaseFlags, func(db *repository.DB) error {
		n, err := db.MigrateTogether(ctx)
		if err == nil {
			fmt.Printf("%d migrations applied\n", n)
		}
		return err
	})
}

type migrateDownCommand struct{ databaseFlags }

// Run takes one migration back.
func (c migrateDownCommand) Run(ctx context.Context) error {
	return withDatabase(ctx, c.databaseFlags, func(db *repository.DB) error {
		if err := nobodyServes(ctx, db); err != nil {
			return err
		}
		m, err := db.MigrateDown(ctx)
		if errors.Is(err, repository.ErrNotFound) {
			fmt.Println("nothing to take back")
			return nil
		}
		if err == nil {
			fmt.Println("taken back:", m.Name)
		}
		return err
	})
}

// nobodyServes gives an error while a process works in the database: it would go on
// without the tables that are taken from it.
func nobodyServes(ctx context.Context, db *repository.DB) error {
	if err := db.HoldForServing(); err != nil {
		return err
	}
	has, err := db.Migrations(ctx)
	if err != nil || !has[0].Applied { // then there is no table of workers
		return err
	}
	return db.NobodyWorks(ctx)
}

type migrateStatusCommand struct{ databaseFlags }

// Run shows the migrations.
func (c migrateStatusCommand) Run(ctx context.Context) error {
	return withDatabase(ctx, c.databaseFlags, func(db *repository.DB) error {
		list, err := db.Migrations(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
		for _, m := range list {
			state := "pending"
			if m.Applied {
				state = "applied"
			}
			fmt.Fprintf(table, "%s\t%s\n", m.Name, state)
		}
		return table.Flush()
	})
}

// withDatabase opens the database as it is, without migrating it.
func withDatabase(ctx context.Context, flags databaseFlags, do func(*repository.DB) error) (err error) {
	db, err := flags.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return do(db)
}
