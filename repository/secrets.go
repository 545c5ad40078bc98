package repository

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
)

// SealedWith gives the ids of the master keys that stored secrets are sealed
// with: the second part of "v1.KEYID.BOX". A webhook secret that was rotated out
// does not count: one that does not open signs nothing, and is no hindrance.
func (db *DB) SealedWith(ctx context.Context) ([]string, error) {
	var parts []string
	for _, place := range sealedTexts {
		if !place.spent {
			parts = append(parts, "SELECT substr("+place.column+", 4, 8) AS id FROM "+place.table+" WHERE "+place.column+" <> ''")
		}
	}
	var ids []string
	err := db.read.SelectContext(ctx, &ids, strings.Join(parts, " UNION ")+" ORDER BY id")
	return ids, wrap("read how secrets are sealed", err)
}

// Sealed is one sealed text and the row that it is bound to.
type Sealed struct {
	Row  string // "webhook_endpoints/ID", "signers/TENANT/NPWP/ID", ...
	Text string
	// Spent says that little is lost when it does not open: it is left as it is then.
	Spent bool
}

// sealedTexts is every place of sealed texts with the columns that name its row.
var sealedTexts = []struct {
	table, column string
	key           []string
	spent         bool
}{
	{"webhook_endpoints", "secret", []string{"id"}, false},
	{"webhook_endpoints", "previous_secret", []string{"id"}, true},
	{"idempotency_keys", "response", []string{"tenant", "route", "key"}, true}, // those that may hold a secret
	{"signers", "passphrase", []string{"tenant", "taxpayer_npwp", "id"}, false},
	{"taxpayers", "provider", []string{"tenant", "npwp"}, false},
}

// Reseal puts what reseal gives in the place of every sealed text, in one
// transaction, and gives how many there were. An error of reseal changes nothing.
func (db *DB) Reseal(ctx context.Context, reseal func(Sealed) (string, error)) (int, error) {
	var count int
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		count = 0
		for _, place := range sealedTexts {
			name := "'" + place.table + "/' || " + strings.Join(place.key, " || '/' || ")
			var rows []struct {
				Row  string `db:"row_name"`
				Text string `db:"sealed"`
			}
			if err := db.selectIn(ctx, tx, &rows, `SELECT `+name+` AS row_name, `+place.column+` AS sealed FROM `+place.table+
				` WHERE `+place.column+` LIKE 'v1.%' ORDER BY row_name`+db.dialect.forUpdate); err != nil {
				return err
			}
			for _, row := range rows {
				text, err := reseal(Sealed{row.Row, row.Text, place.spent})
				if err != nil {
					return err
				}
				if _, err := db.execIn(ctx, tx, `UPDATE `+place.table+` SET `+place.column+` = ? WHERE `+name+` = ?`, text, row.Row); err != nil {
					return err
				}
				count++
			}
		}
		return nil
	})
	return count, wrap("reseal", err)
}
