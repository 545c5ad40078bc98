package repository

import (
	"context"
	"strings"
)

// SealedWith gives the ids of the master keys that stored secrets are sealed
// with: the second part of "v1.KEYID.BOX".
func (db *DB) SealedWith(ctx context.Context) ([]string, error) {
	var ids []string
	err := db.read.SelectContext(ctx, &ids, `SELECT DISTINCT substr(secret, 1, 11) FROM webhook_endpoints WHERE secret <> ''`)
	for i := range ids {
		ids[i] = strings.TrimPrefix(ids[i], "v1.")
	}
	return ids, wrap("read how secrets are sealed", err)
}
