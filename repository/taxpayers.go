package repository

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// TaxpayerKey names a taxpayer of a tenant.
type TaxpayerKey struct{ Tenant, NPWP string }

type taxpayerRow struct {
	Tenant    string `db:"tenant"`
	NPWP      string `db:"npwp"`
	Name      string `db:"name"`
	Channel   string `db:"channel"`
	Livemode  bool   `db:"livemode"`
	Settings  string `db:"settings"`
	Provider  string `db:"provider"`
	Version   int64  `db:"version"`
	PausedAt  int64  `db:"paused_at"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

const taxpayerColumns = "tenant, npwp, name, channel, livemode, settings, provider, version, paused_at, created_at, updated_at"

func (r *taxpayerRow) taxpayer() (faktur.Taxpayer, error) {
	t := faktur.Taxpayer{Tenant: r.Tenant, NPWP: r.NPWP, Name: r.Name, Channel: faktur.Channel(r.Channel),
		Livemode: r.Livemode, Version: r.Version, PausedAt: fromMicros(r.PausedAt), SealedProvider: r.Provider,
		CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt)}
	if err := json.Unmarshal([]byte(r.Settings), &t.Settings); err != nil {
		return t, fmt.Errorf("settings of %s: %w", r.NPWP, err)
	}
	return t, nil
}

// registration is what an acceptance depends on.
type registration struct {
	version int64
	paused  bool
}

// registrations fills in every registered key of sellers.
func (db *DB) registrations(ctx context.Context, tx *sqlx.Tx, sellers map[TaxpayerKey]registration) error {
	if db.dialect.isPostgres() {
		var tenants, npwps []string
		for k := range sellers {
			tenants, npwps = append(tenants, k.Tenant), append(npwps, k.NPWP)
		}
		return db.addRegistrations(ctx, tx, sellers, `SELECT t.tenant, t.npwp, t.version, t.paused_at FROM unnest(?::text[], ?::text[]) AS v(tenant, npwp)
			JOIN taxpayers t ON t.tenant = v.tenant AND t.npwp = v.npwp`, array(tenants), array(npwps))
	}
	for k := range sellers {
		if err := db.addRegistrations(ctx, tx, sellers,
			`SELECT tenant, npwp, version, paused_at FROM taxpayers WHERE tenant = ? AND npwp = ?`, k.Tenant, k.NPWP); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) addRegistrations(ctx context.Context, tx *sqlx.Tx, sellers map[TaxpayerKey]registration, query string, args ...any) error {
	var rows []taxpayerRow
	if err := db.selectIn(ctx, tx, &rows, query, args...); err != nil {
		return err
	}
	for _, r := range rows {
		sellers[TaxpayerKey{r.Tenant, r.NPWP}] = registration{r.Version, r.PausedAt > 0}
	}
	return nil
}

// Move says what a change of a seller's channel means for its queued documents.
// The zero value moves all but replacements and is noted nowhere.
type Move struct {
	Audit faktur.AuditEntry
	// Replaces: the new channel can replace; elsewhere replacements stay where they are.
	Replaces bool
	// KeepHeld: the new channel can only create, so that what the tax system
	// holds already, as Saved Invalid, stays where it is and is never made twice.
	KeepHeld bool
}

// SaveTaxpayer registers a seller or changes its name, channel and settings;
// livemode stays what it was at first. A change of channel moves what is queued
// and nothing else. It gives the registration as stored, and whether it is new.
func (db *DB) SaveTaxpayer(ctx context.Context, t faktur.Taxpayer, now time.Time, move Move) (faktur.Taxpayer, bool, error) {
	plain := t.Settings
	plain.Provider = nil // it is stored sealed
	settings, err := json.Marshal(plain)
	if err != nil {
		return t, false, fmt.Errorf("encode settings: %w", err)
	}
	created := false
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.lockTaxpayers(ctx, tx); err != nil {
			return err
		}
		n, err := db.execIn(ctx, tx, `INSERT INTO taxpayers (`+taxpayerColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?)
			ON CONFLICT (tenant, npwp) DO NOTHING`,
			t.Tenant, t.NPWP, t.Name, string(t.Channel), t.Livemode, string(settings), t.SealedProvider, micros(now), micros(now))
		if created = n == 1; err != nil || created {
			return err
		}
		var before string
		if err := tx.GetContext(ctx, &before, db.rebind(`SELECT channel FROM taxpayers WHERE tenant = ? AND npwp = ?`), t.Tenant, t.NPWP); err != nil {
			return err
		}
		if _, err := db.execIn(ctx, tx, `UPDATE taxpayers SET name = ?, channel = ?, settings = ?, provider = ?, version = version + 1, updated_at = ?
			WHERE tenant = ? AND npwp = ?`, t.Name, string(t.Channel), string(settings), t.SealedProvider, micros(now), t.Tenant, t.NPWP); err != nil {
			return err
		}
		return db.moveQueued(ctx, tx, t, before, move)
	})
	if err != nil {
		return t, false, fmt.Errorf("save taxpayer: %w", err)
	}
	stored, err := db.Taxpayer(ctx, t.Tenant, t.NPWP)
	return stored, created, err
}

// moveQueued takes a seller's queued documents to its channel, wherever they
// are: those too that came back to the queue of a channel left earlier. A receipt
// is the former channel's name of a document, and would be another's on this one;
// and what waited because the former did not take it need not wait here.
func (db *DB) moveQueued(ctx context.Context, tx *sqlx.Tx, t faktur.Taxpayer, before string, move Move) error {
	moved, err := db.execIn(ctx, tx, `UPDATE documents SET channel = ?, receipt = '', `+dueAtOnce+` WHERE tenant = ? AND taxpayer_npwp = ?
		AND status = 'queued' AND channel <> ? AND (replaces_id = '' OR ?)
		AND NOT (? AND attempt > 1 AND coretax_status <> '')`,
		string(t.Channel), t.Tenant, t.NPWP, string(t.Channel), move.Replaces, move.KeepHeld)
	if err != nil || before == string(t.Channel) && moved == 0 {
		return err
	}
	move.Audit.Detail = fmt.Sprintf("from %s to %s, %d queued documents moved", before, t.Channel, moved)
	return db.insertAudit(ctx, tx, move.Audit)
}

// lockTaxpayers keeps acceptances out until the transaction ends.
func (db *DB) lockTaxpayers(ctx context.Context, tx *sqlx.Tx) error {
	if !db.dialect.isPostgres() {
		return nil
	}
	_, err := db.execIn(ctx, tx, `SELECT pg_advisory_xact_lock(?)`, taxpayerLock)
	return err
}

// shareTaxpayers keeps changes of registrations out until the transaction ends.
func (db *DB) shareTaxpayers(ctx context.Context, tx *sqlx.Tx) error {
	if !db.dialect.isPostgres() {
		return nil
	}
	_, err := db.execIn(ctx, tx, `SELECT pg_advisory_xact_lock_shared(?)`, taxpayerLock)
	return err
}

// Taxpayer gives a tenant's seller, or ErrNotFound.
func (db *DB) Taxpayer(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error) {
	var row taxpayerRow
	err := db.read.GetContext(ctx, &row, db.rebind(
		`SELECT `+taxpayerColumns+` FROM taxpayers WHERE tenant = ? AND npwp = ?`), tenant, npwp)
	if err != nil {
		return faktur.Taxpayer{}, notFound(err)
	}
	return row.taxpayer()
}

// TaxpayersNamed gives those of the named taxpayers that are registered, in no order.
func (db *DB) TaxpayersNamed(ctx context.Context, keys []TaxpayerKey) ([]faktur.Taxpayer, error) {
	tenants, npwps := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		tenants[i], npwps[i] = k.Tenant, k.NPWP
	}
	query, args := `SELECT `+taxpayerColumns+` FROM taxpayers WHERE (tenant, npwp) IN (SELECT * FROM unnest(?::text[], ?::text[]))`,
		[]any{array(tenants), array(npwps)}
	if !db.dialect.isPostgres() {
		query, args = `SELECT `+taxpayerColumns+` FROM taxpayers WHERE (tenant, npwp) IN
			(SELECT t.value, n.value FROM json_each(?) AS t JOIN json_each(?) AS n ON n.key = t.key)`, []any{jsonTexts(tenants), jsonTexts(npwps)}
	}
	var rows []taxpayerRow
	if err := db.selectPrepared(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read taxpayers: %w", err)
	}
	return allTaxpayers(rows)
}

func allTaxpayers(rows []taxpayerRow) ([]faktur.Taxpayer, error) {
	list := make([]faktur.Taxpayer, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].taxpayer(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Taxpayers lists a tenant's sellers by NPWP, those after afterNPWP, at most limit.
func (db *DB) Taxpayers(ctx context.Context, tenant, afterNPWP string, limit int) ([]faktur.Taxpayer, error) {
	var rows []taxpayerRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+taxpayerColumns+` FROM taxpayers
		WHERE tenant = ? AND npwp > ? ORDER BY npwp LIMIT ?`), tenant, afterNPWP, limit)
	if err != nil {
		return nil, fmt.Errorf("list taxpayers: %w", err)
	}
	return allTaxpayers(rows)
}

// WaitingElsewhere counts what is queued on a channel in the other livemode than
// the channel's own: it stays there, and readiness says so.
func (db *DB) WaitingElsewhere(ctx context.Context, channel faktur.Channel, livemode bool) (int, error) {
	var count int
	err := db.read.GetContext(ctx, &count, db.rebind(`SELECT COUNT(*) FROM (SELECT 1 FROM documents
		WHERE status = 'queued' AND attempt = 1 AND NOT held AND channel = ? AND livemode = ? LIMIT 1000) AS waiting`),
		string(channel), !livemode)
	return count, wrap("count waiting documents", err)
}
