package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
)

// databaseFlags name the database.
type databaseFlags struct {
	DatabaseURL string `env:"FAKTURGATE_DATABASE_URL" default:"sqlite:fakturgate.db" placeholder:"URL" help:"sqlite:PATH or postgres://... (default: ${default})."`
}

func (f databaseFlags) open(ctx context.Context) (*repository.DB, error) {
	return repository.Open(ctx, f.DatabaseURL)
}

// sqlitePath is the file of a SQLite database, "" for PostgreSQL.
func (f databaseFlags) sqlitePath() string {
	path, _ := strings.CutPrefix(f.DatabaseURL, "sqlite:")
	if path == f.DatabaseURL {
		return ""
	}
	return path
}

// masterKeyFlags give the key that stored secrets are encrypted with.
type masterKeyFlags struct {
	MasterKey     string `env:"FAKTURGATE_MASTER_KEY" placeholder:"BASE64" help:"32 bytes, base64: encrypts stored secrets. Without it a file beside the SQLite database is used, and made when missing."`
	MasterKeyLost bool   `env:"FAKTURGATE_MASTER_KEY_LOST" help:"Start although the stored secrets are sealed with another master key; rotate the secret of every webhook endpoint then."`
	MasterKeyFile string `env:"FAKTURGATE_MASTER_KEY_FILE" placeholder:"FILE" help:"A file that holds the master key."`
}

// sealer makes the Sealer. On SQLite a missing key is generated beside the file.
func (f masterKeyFlags) sealer(database databaseFlags) (*service.Sealer, error) {
	text, err := secretOrFile(f.MasterKey, f.MasterKeyFile, "FAKTURGATE_MASTER_KEY")
	if err != nil {
		return nil, err
	}
	if text == "" {
		if text, err = generatedKey(database.sqlitePath()); err != nil {
			return nil, err
		}
	}
	return sealerOf(text, "FAKTURGATE_MASTER_KEY")
}

// sealerOf makes the Sealer of a key in base64, which name gave.
func sealerOf(text, name string) (*service.Sealer, error) {
	key, err := base64.StdEncoding.DecodeString(trimmed([]byte(text)))
	if err != nil {
		return nil, errors.New(name + " is not base64; `openssl rand -base64 32` makes one")
	}
	return service.NewSealer(key)
}

func trimmed(text []byte) string { return strings.TrimSpace(string(text)) }

// secretOrFile gives a secret that is set directly or by file; "" when neither is.
func secretOrFile(value, file, name string) (string, error) {
	switch {
	case value != "" && file != "":
		return "", fmt.Errorf("set %s or %s_FILE, not both", name, name)
	case file == "":
		return value, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// generatedKey reads or makes the key file beside a SQLite database.
func generatedKey(sqlitePath string) (string, error) {
	if sqlitePath == "" {
		return "", errors.New("PostgreSQL needs FAKTURGATE_MASTER_KEY (or _FILE): 32 bytes in base64, which `openssl rand -base64 32` makes; keep it, secrets in the database open with no other")
	}
	path := sqlitePath + ".masterkey"
	text, err := os.ReadFile(path)
	if err == nil {
		return string(text), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("master key: %w", err)
	}
	fresh := randomMasterKey()
	if err := os.WriteFile(path, []byte(fresh+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	return fresh, nil
}

// randomMasterKey makes a new key.
func randomMasterKey() string {
	key := make([]byte, 32)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}
