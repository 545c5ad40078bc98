package repository

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

type auditRow struct {
	ID      string `db:"id"`
	Tenant  string `db:"tenant"`
	At      int64  `db:"at"`
	Actor   string `db:"actor"`
	Action  string `db:"action"`
	Subject string `db:"subject"`
	Why     string `db:"why"`
	Detail  string `db:"detail"`
}

const auditColumns = "id, tenant, at, actor, action, subject, why, detail"

// insertAudit notes what an operator did, in the transaction that does it. An
// entry without ID notes nothing: nobody in particular did it.
func (db *DB) insertAudit(ctx context.Context, tx *sqlx.Tx, e faktur.AuditEntry) error {
	if e.ID == "" {
		return nil
	}
	_, err := db.execIn(ctx, tx, `INSERT INTO audit (`+auditColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, e.Tenant, micros(e.At), e.Actor, e.Action, e.Subject, e.Why, e.Detail)
	return wrap("note in the audit", err)
}

// Audit lists what operators of a tenant did, newest first: entries before
// beforeID ("" for the newest), at most limit.
func (db *DB) Audit(ctx context.Context, tenant, beforeID string, limit int) ([]faktur.AuditEntry, error) {
	var rows []auditRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+auditColumns+` FROM audit
		WHERE tenant = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`), tenant, beforeID, beforeID, limit)
	if err != nil {
		return nil, wrap("list the audit", err)
	}
	entries := make([]faktur.AuditEntry, len(rows))
	for i, r := range rows {
		entries[i] = faktur.AuditEntry{ID: r.ID, Tenant: r.Tenant, At: fromMicros(r.At), Actor: r.Actor,
			Action: r.Action, Subject: r.Subject, Why: r.Why, Detail: r.Detail}
	}
	return entries, nil
}
