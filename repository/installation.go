package repository

import (
	"context"

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
