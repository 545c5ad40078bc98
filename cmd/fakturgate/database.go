package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// generatedKey reads or makes the key file beside a SQLite database. Of several
// that make it at once one wins, and the others read its key.
func generatedKey(sqlitePath string) (string, error) {
	if sqlitePath == "" {
		return "", errors.New("PostgreSQL needs FAKTURGATE_MASTER_KEY (or _FILE): 32 bytes in base64, which `openssl rand -base64 32` makes; keep it, secrets in the database open with no other")
	}
	path := sqlitePath + ".masterkey"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path, randomMasterKey()); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("%w; its folder must take new files and hard links, or set FAKTURGATE_MASTER_KEY (or _FILE)", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	return string(text), nil
}

// makeKeyFile writes a private file that is whole and on the disk, its name too,
// before anything is sealed with the key: the database is as durable. A file that
// is there already stays as it is, which is fs.ErrExist.
func makeKeyFile(path, key string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	_, err = file.WriteString(key + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Link(file.Name(), path)
	}
	if err = errors.Join(err, os.Remove(file.Name())); err == nil {
		err = repository.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	return nil
}

// randomMasterKey makes a new key.
func randomMasterKey() string {
	key := make([]byte, 32)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}
