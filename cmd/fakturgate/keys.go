package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
)

type keysCommand struct {
	Create keysCreateCommand `cmd:"" help:"Create an API key and print it, this once."`
	List   keysListCommand   `cmd:"" help:"List API keys."`
	Revoke keysRevokeCommand `cmd:"" help:"Make an API key invalid."`
	Rotate keysRotateCommand `cmd:"" name:"rotate-master" help:"Seal the stored secrets with a new master key."`
}

type keysCreateCommand struct {
	databaseFlags
	Tenant string   `env:"FAKTURGATE_TENANT" default:"default" help:"Whose key it is (default: ${default})."`
	Name   string   `env:"FAKTURGATE_KEY_NAME" default:"" help:"What it is for."`
	Scopes []string `env:"FAKTURGATE_KEY_SCOPES" default:"invoices:write,invoices:read,webhooks" help:"What it may do: invoices:write, invoices:read, webhooks, admin (default: ${default})."`
}

// Run creates a key.
func (c keysCreateCommand) Run(ctx context.Context) error {
	return withKeys(ctx, c.databaseFlags, func(s *service.Service) error {
		secret, key, err := s.CreateKey(ctx, c.Tenant, c.Name, c.Scopes)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "Key %s of tenant %s (%s). It is shown only now:\n", key.ID, key.Tenant, strings.Join(key.Scopes, ", "))
		fmt.Println(secret)
		return nil
	})
}

type keysListCommand struct {
	databaseFlags
	Tenant string `env:"FAKTURGATE_TENANT" default:"" help:"Only this tenant's."`
}

// Run lists keys.
func (c keysListCommand) Run(ctx context.Context) error {
	return withKeys(ctx, c.databaseFlags, func(s *service.Service) error {
		keys, err := s.Keys(ctx, c.Tenant)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tTENANT\tNAME\tKEY\tSCOPES\tCREATED\tREVOKED")
		for _, k := range keys {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s...\t%s\t%s\t%s\n", k.ID, k.Tenant, k.Name, k.Prefix,
				strings.Join(k.Scopes, " "), timeOrDash(k.CreatedAt), timeOrDash(k.RevokedAt))
		}
		return table.Flush()
	})
}

func timeOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

type keysRevokeCommand struct {
	databaseFlags
	ID string `arg:"" help:"The key's id, as keys list shows it."`
}

// Run revokes a key.
func (c keysRevokeCommand) Run(ctx context.Context) error {
	return withKeys(ctx, c.databaseFlags, func(s *service.Service) error {
		err := s.RevokeKey(ctx, c.ID)
		if errors.Is(err, repository.ErrNotFound) {
			return fmt.Errorf("there is no valid key with id %s", c.ID)
		}
		return err
	})
}

// withKeys opens the database, brings its schema up, and does something with its keys.
func withKeys(ctx context.Context, flags databaseFlags, do func(*service.Service) error) (err error) {
	db, err := flags.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.MigrateTogether(ctx); err != nil {
		return err
	}
	return do(service.New(service.Config{DB: db}))
}
