package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
)

type keysRotateCommand struct {
	databaseFlags
	masterKeyFlags
	NewKey     string `name:"new-key" env:"FAKTURGATE_NEW_MASTER_KEY" placeholder:"BASE64" help:"The new master key: 32 bytes, base64. Without it one is made, when the present one is in the file beside the SQLite database."`
	NewKeyFile string `name:"new-key-file" env:"FAKTURGATE_NEW_MASTER_KEY_FILE" placeholder:"FILE" help:"A file that holds the new master key."`
}

// Run seals the stored secrets with a new master key.
//
// A generated key lies in a file beside the database. The new one is written
// there as .new first, and takes its place when the database has it: whoever
// dies in between runs the command again, and it goes on with that key.
func (c keysRotateCommand) Run(ctx context.Context) (err error) {
	present, err := c.sealer(c.databaseFlags)
	if err != nil {
		return err
	}
	keyFile := ""
	if c.MasterKey == "" && c.MasterKeyFile == "" {
		keyFile = c.sqlitePath() + ".masterkey"
	}
	next, err := c.next(keyFile)
	if err != nil {
		return err
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.HoldForServing(); err != nil {
		return err
	}
	if _, err := db.MigrateTogether(ctx); err != nil {
		return err
	}
	count, err := service.New(service.Config{DB: db, Sealer: present}).RotateMasterKey(ctx, next)
	if err != nil {
		return err
	}
	if keyFile != "" {
		if err := repository.MoveThrough(keyFile+".new", keyFile); err != nil {
			return fmt.Errorf("the database has the new key, its file could not be put in place; run this again: %w", err)
		}
	}
	fmt.Printf("%d secrets are sealed with the new master key. Start every process with it now; those that run with the former one open nothing any more.\n", count)
	return nil
}

// next is the new key. With a key file it goes through keyFile.new, which is
// kept until it has taken keyFile's place.
func (c keysRotateCommand) next(keyFile string) (*service.Sealer, error) {
	text, err := secretOrFile(c.NewKey, c.NewKeyFile, "FAKTURGATE_NEW_MASTER_KEY")
	if err != nil {
		return nil, err
	}
	if keyFile == "" {
		if text == "" {
			return nil, errors.New("set FAKTURGATE_NEW_MASTER_KEY (or _FILE, --new-key-file) to the new master key; `openssl rand -base64 32` makes one")
		}
		return sealerOf(text, "FAKTURGATE_NEW_MASTER_KEY")
	}
	begun, err := os.ReadFile(keyFile + ".new")
	switch {
	case err == nil && text != "" && text != trimmed(begun):
		return nil, fmt.Errorf("an earlier rotation was interrupted and has its key in %s.new; run this without a new key to finish it", keyFile)
	case err == nil:
		return sealerOf(trimmed(begun), keyFile+".new")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("master key: %w", err)
	}
	if text == "" {
		text = randomMasterKey()
	}
	sealer, err := sealerOf(text, "FAKTURGATE_NEW_MASTER_KEY")
	if err != nil {
		return nil, err
	}
	return sealer, makeKeyFile(keyFile+".new", text)
}
