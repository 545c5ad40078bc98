package repository

import (
	"context"
	"strings"
)

// sealedColumns is where sealed texts are that must open: "v1.KEYID.BOX", or ""
// for none. A rotated-out webhook secret is not among them: one that does not
// open signs nothing, and is no hindrance.
var sealedColumns = []struct{ table, column string }{
	{"webhook_endpoints", "secret"},
	{"signers", "passphrase"},
	{"taxpayers", "provider"},
}

// SealedWith gives the ids of the master keys that stored secrets are sealed with.
func (db *DB) SealedWith(ctx context.Context) ([]string, error) {
	parts := make([]string, len(sealedColumns))
	for i, c := range sealedColumns {
		parts[i] = "SELECT substr(" + c.column + ", 4, 8) AS id FROM " + c.table + " WHERE " + c.column + " <> ''"
	}
	var ids []string
	err := db.read.SelectContext(ctx, &ids, strings.Join(parts, " UNION ")+" ORDER BY id")
	return ids, wrap("read how secrets are sealed", err)
}
