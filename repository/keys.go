package repository

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// APIKey is what is stored of a key: never the key itself.
type APIKey struct {
	ID, Tenant, Name string
	Prefix           string // its first characters, to recognise it by
	Hash             string // SHA-256 of the whole key, hex
	Scopes           []string
	CreatedAt        time.Time
	RevokedAt        time.Time // zero: valid
}

type keyRow struct {
	ID        string `db:"id"`
	Tenant    string `db:"tenant"`
	Name      string `db:"name"`
	Prefix    string `db:"prefix"`
	Hash      string `db:"hash"`
	Scopes    string `db:"scopes"`
	CreatedAt int64  `db:"created_at"`
	RevokedAt int64  `db:"revoked_at"`
}

func (r *keyRow) key() APIKey {
	return APIKey{ID: r.ID, Tenant: r.Tenant, Name: r.Name, Prefix: r.Prefix, Hash: r.Hash,
		Scopes: strings.Fields(r.Scopes), CreatedAt: fromMicros(r.CreatedAt), RevokedAt: fromMicros(r.RevokedAt)}
}

const keyColumns = "id, tenant, name, prefix, hash, scopes, created_at, revoked_at"

// AddKey stores a key; one with the same hash that is there already stays as it is.
func (db *DB) AddKey(ctx context.Context, k APIKey) error {
	return wrap("add key", db.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := db.execIn(ctx, tx, `INSERT INTO api_keys (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT (hash) DO NOTHING`, k.ID, k.Tenant, k.Name, k.Prefix, k.Hash, strings.Join(k.Scopes, " "), micros(k.CreatedAt))
		return err
	}))
}

// KeyByHash gives the key of a hash, revoked or not, or ErrNotFound.
func (db *DB) KeyByHash(ctx context.Context, hash string) (APIKey, error) {
	var row keyRow
	if err := db.read.GetContext(ctx, &row, db.rebind(`SELECT `+keyColumns+` FROM api_keys WHERE hash = ?`), hash); err != nil {
		return APIKey{}, notFound(err)
	}
	return row.key(), nil
}

// Keys lists all keys of a tenant, or of all tenants when it is "", oldest first.
func (db *DB) Keys(ctx context.Context, tenant string) ([]APIKey, error) {
	var rows []keyRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+keyColumns+` FROM api_keys
		WHERE ? = '' OR tenant = ? ORDER BY id`), tenant, tenant)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make([]APIKey, len(rows))
	for i := range rows {
		keys[i] = rows[i].key()
	}
	return keys, nil
}

// RevokeKey makes a key invalid from now on, or gives ErrNotFound.
func (db *DB) RevokeKey(ctx context.Context, id string, now time.Time) error {
	return wrap("revoke key", db.inTx(ctx, func(tx *sqlx.Tx) error {
		n, err := db.execIn(ctx, tx, `UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, micros(now), id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	}))
}
