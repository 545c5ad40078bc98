package repository

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// maxSigners is how many signers a taxpayer has at most.
const maxSigners = 100

// ErrTooManySigners is the answer when a taxpayer has maxSigners already.
var ErrTooManySigners = errors.New("too many signers")

type signerRow struct {
	Tenant       string `db:"tenant"`
	TaxpayerNPWP string `db:"taxpayer_npwp"`
	ID           string `db:"id"`
	Name         string `db:"name"`
	Position     string `db:"position"`
	City         string `db:"city"`
	Passphrase   string `db:"passphrase"`
	Priority     int    `db:"priority"`
	Failures     int    `db:"failures"`
	Proven       bool   `db:"proven"`
	PausedAt     int64  `db:"paused_at"`
	PausedWhy    string `db:"paused_why"`
	TriedAt      int64  `db:"tried_at"`
	CreatedAt    int64  `db:"created_at"`
	UpdatedAt    int64  `db:"updated_at"`
}

const (
	signerColumns = `s.tenant, s.taxpayer_npwp, s.id, s.name, s.position, s.city, s.passphrase, s.priority, s.failures, s.proven,
	s.paused_at, s.paused_why, s.tried_at, s.created_at, s.updated_at`
	// byPriority is the order in which signers are chosen.
	byPriority = ` ORDER BY s.tenant, s.taxpayer_npwp, s.priority, s.id`
)

func (r *signerRow) signer() faktur.Signer {
	return faktur.Signer{Tenant: r.Tenant, TaxpayerNPWP: r.TaxpayerNPWP, ID: r.ID, Name: r.Name, Position: r.Position, City: r.City,
		SealedPassphrase: r.Passphrase, Priority: r.Priority, Failures: r.Failures, Proven: r.Proven,
		PausedAt: fromMicros(r.PausedAt), PausedWhy: r.PausedWhy, TriedAt: fromMicros(r.TriedAt),
		CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt)}
}

func allSigners(rows []signerRow) []faktur.Signer {
	signers := make([]faktur.Signer, len(rows))
	for i := range rows {
		signers[i] = rows[i].signer()
	}
	return signers
}

// Signers gives a taxpayer's signers by priority; none when it has none, or is
// not registered.
func (db *DB) Signers(ctx context.Context, tenant, npwp string) ([]faktur.Signer, error) {
	var rows []signerRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+signerColumns+` FROM signers s
		WHERE s.tenant = ? AND s.taxpayer_npwp = ?`+byPriority), tenant, npwp)
	return allSigners(rows), wrap("list signers", err)
}

// SignersOf gives the signers of every taxpayer of documents, each taxpayer's by priority.
func (db *DB) SignersOf(ctx context.Context, documents []faktur.Document) ([]faktur.Signer, error) {
	from, args := db.ofTaxpayers(documents)
	var rows []signerRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+signerColumns+` FROM `+from+byPriority, args...)
	return allSigners(rows), wrap("find who signs", err)
}

// ofTaxpayers joins signers s with the taxpayers of documents.
func (db *DB) ofTaxpayers(documents []faktur.Document) (from string, args []any) {
	seen := map[TaxpayerKey]bool{}
	var tenants, npwps []string
	for i := range documents {
		key := TaxpayerKey{documents[i].Tenant, documents[i].TaxpayerNPWP}
		if !seen[key] {
			seen[key] = true
			tenants, npwps = append(tenants, key.Tenant), append(npwps, key.NPWP)
		}
	}
	if db.dialect.isPostgres() {
		return `unnest(?::text[], ?::text[]) AS v(tenant, npwp)
			JOIN signers s ON s.tenant = v.tenant AND s.taxpayer_npwp = v.npwp`, []any{array(tenants), array(npwps)}
	}
	return `json_each(?) AS v JOIN json_each(?) AS w ON w.key = v.key
		JOIN signers s ON s.tenant = v.value AND s.taxpayer_npwp = w.value`, []any{jsonTexts(tenants), jsonTexts(npwps)}
}

// SaveSigner stores a signer, or removes it when remove, as do makes it out of
// what is stored: it is called with the stored signer, or with a new one that
// has only its names. It says whether the signer was new. ErrNotFound when the
// taxpayer is not registered, or an error of do, which stores nothing.
//
// Documents that waited for a signer go on: somebody has seen to it.
func (db *DB) SaveSigner(ctx context.Context, tenant, npwp, id string, audit faktur.AuditEntry, remove bool,
	do func(s *faktur.Signer, isNew bool) error) (signer faktur.Signer, created bool, err error) {
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		var registered []string
		if err := db.selectIn(ctx, tx, &registered, `SELECT npwp FROM taxpayers WHERE tenant = ? AND npwp = ?`, tenant, npwp); err != nil {
			return err
		}
		if len(registered) == 0 {
			return ErrNotFound
		}
		var rows []signerRow
		if err := db.selectIn(ctx, tx, &rows, `SELECT `+signerColumns+` FROM signers s
			WHERE s.tenant = ? AND s.taxpayer_npwp = ?`+byPriority+db.dialect.forUpdate, tenant, npwp); err != nil {
			return err
		}
		signer, created = faktur.Signer{Tenant: tenant, TaxpayerNPWP: npwp, ID: id}, true
		for i := range rows {
			if rows[i].ID == id {
				signer, created = rows[i].signer(), false
			}
		}
		if created && len(rows) >= maxSigners {
			return ErrTooManySigners
		}
		if err := do(&signer, created); err != nil {
			return err
		}
		if err := db.writeSigner(ctx, tx, &signer, created, remove); err != nil {
			return err
		}
		if err := db.releasePutOff(ctx, tx, tenant, npwp); err != nil {
			return err
		}
		return db.insertAudit(ctx, tx, audit)
	})
	return signer, created, wrap("save signer", err)
}

func (db *DB) writeSigner(ctx context.Context, tx *sqlx.Tx, s *faktur.Signer, isNew, remove bool) error {
	switch {
	case remove:
		_, err := db.execIn(ctx, tx, `DELETE FROM signers WHERE tenant = ? AND taxpayer_npwp = ? AND id = ?`, s.Tenant, s.TaxpayerNPWP, s.ID)
		return err
	case isNew:
		n, err := db.execIn(ctx, tx, `INSERT INTO signers (name, position, city, passphrase, priority, failures, proven,
			paused_at, paused_why, tried_at, created_at, updated_at, tenant, taxpayer_npwp, id)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, signerValues(s)...)
		if err == nil && n == 0 {
			return errAgain // another has just made the same: this one changes it
		}
		return err
	}
	_, err := db.execIn(ctx, tx, `UPDATE signers SET name = ?, position = ?, city = ?, passphrase = ?, priority = ?, failures = ?, proven = ?,
		paused_at = ?, paused_why = ?, tried_at = ?, created_at = ?, updated_at = ? WHERE tenant = ? AND taxpayer_npwp = ? AND id = ?`, signerValues(s)...)
	return err
}

func signerValues(s *faktur.Signer) []any {
	return []any{s.Name, s.Position, s.City, s.SealedPassphrase, s.Priority, s.Failures, s.Proven,
		micros(s.PausedAt), s.PausedWhy, micros(s.TriedAt), micros(s.CreatedAt), micros(s.UpdatedAt), s.Tenant, s.TaxpayerNPWP, s.ID}
}

// releasePutOff lets documents go that wait for a signer, and with them those
// few that wait for another reason. The caller holds a signer's row.
func (db *DB) releasePutOff(ctx context.Context, tx *sqlx.Tx, tenant, npwp string) error {
	_, err := db.execIn(ctx, tx, `UPDATE documents SET `+dueAtOnce+`
		WHERE tenant = ? AND taxpayer_npwp = ? AND status = 'queued' AND due_at > 0`, tenant, npwp)
	return err
}

type signerKey struct{ tenant, npwp, id string }

func (r *signerRow) key() signerKey { return signerKey{r.Tenant, r.TaxpayerNPWP, r.ID} }

// judgeSigners notes what saved steps tell of their signers, and gives the events
// of those that were paused by it. A signer who is well and of whom only
// approvals are told is not even locked.
func (db *DB) judgeSigners(ctx context.Context, tx *sqlx.Tx, steps []Step) ([]faktur.Event, error) {
	concerned := map[signerKey]bool{} // whether it changes in any case
	var documents []faktur.Document
	for i := range steps {
		d := &steps[i].Document
		if steps[i].Signing == faktur.SigningUntouched || steps[i].SignedBy == "" {
			continue
		}
		key := signerKey{d.Tenant, d.TaxpayerNPWP, steps[i].SignedBy}
		concerned[key] = concerned[key] || steps[i].Signing == faktur.SigningTried || steps[i].Signing == faktur.SigningFailed
		documents = append(documents, *d)
	}
	if len(documents) == 0 {
		return nil, nil
	}
	signers, err := db.lockSigners(ctx, tx, documents, concerned)
	if err != nil {
		return nil, err
	}
	var events []faktur.Event
	for i := range signers {
		told, err := db.judge(ctx, tx, &signers[i], steps)
		if err != nil {
			return nil, err
		}
		events = append(events, told...)
	}
	return events, nil
}

// lockSigners gives those of the concerned signers whose rows may change, and
// holds them.
func (db *DB) lockSigners(ctx context.Context, tx *sqlx.Tx, documents []faktur.Document, concerned map[signerKey]bool) ([]faktur.Signer, error) {
	from, args := db.ofTaxpayers(documents)
	var rows []signerRow
	if err := db.selectIn(ctx, tx, &rows, `SELECT `+signerColumns+` FROM `+from, args...); err != nil {
		return nil, err
	}
	changing := slices.ContainsFunc(rows, func(r signerRow) bool {
		changes, ok := concerned[r.key()]
		return ok && (changes || !r.Proven || r.Failures > 0 || r.TriedAt > 0)
	})
	if !changing {
		return nil, nil
	}
	rows, err := db.heldSigners(ctx, tx, documents)
	rows = slices.DeleteFunc(rows, func(r signerRow) bool {
		_, ok := concerned[r.key()]
		return !ok
	})
	return allSigners(rows), err
}

// judge writes what steps tell of one signer, whose row is held. When its trial
// is over, one way or the other, what waited for that goes on.
func (db *DB) judge(ctx context.Context, tx *sqlx.Tx, s *faktur.Signer, steps []Step) ([]faktur.Event, error) {
	var events []faktur.Event
	before, key := *s, signerKey{s.Tenant, s.TaxpayerNPWP, s.ID}
	var at time.Time
	for i := range steps {
		d := &steps[i].Document
		if key != (signerKey{d.Tenant, d.TaxpayerNPWP, steps[i].SignedBy}) || steps[i].Signing == faktur.SigningUntouched {
			continue
		}
		at = d.UpdatedAt
		if s.Judge(steps[i].Signing, at) {
			events = append(events, s.PausedEvent(d, at))
		}
	}
	if s.Failures == before.Failures && s.Proven == before.Proven && s.TriedAt.Equal(before.TriedAt) && s.PausedAt.Equal(before.PausedAt) {
		return nil, nil
	}
	s.UpdatedAt = at
	if err := db.writeSigner(ctx, tx, s, false, false); err != nil {
		return nil, err
	}
	if s.Paused() != before.Paused() || s.TriedAt.IsZero() && !before.TriedAt.IsZero() {
		return events, db.releasePutOff(ctx, tx, s.Tenant, s.TaxpayerNPWP)
	}
	return events, nil
}

// Waiting is a document that waits for its signer: until Document.Work.DueAt,
// because of Document.Reason.
type Waiting struct {
	Document faktur.Document
	// TrialOf is the signer whose trial it waits for; "" when it waits for another reason.
	TrialOf string
	// AllPaused says that it waits because all signers of its taxpayer are paused.
	AllPaused bool
}

// AwaitSigner notes until when documents wait, and why. One whose signer's trial
// is not under way any more, or one of whose signers is not paused any more,
// stays as it is and may go at once: who ends a trial or a pause releases only
// what waits by then.
func (db *DB) AwaitSigner(ctx context.Context, f Fence, waiting []Waiting) error {
	if len(waiting) == 0 {
		return nil
	}
	documents := make([]faktur.Document, len(waiting))
	for i := range waiting {
		documents[i] = waiting[i].Document
	}
	return wrap("wait for a signer", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.fence(ctx, tx, f); err != nil {
			return err
		}
		rows, err := db.heldSigners(ctx, tx, documents)
		if err != nil {
			return err
		}
		onTrial, usable := map[signerKey]bool{}, map[signerKey]bool{} // usable by taxpayer, with no id
		for i := range rows {
			onTrial[rows[i].key()] = rows[i].TriedAt > 0
			if rows[i].PausedAt == 0 {
				usable[signerKey{tenant: rows[i].Tenant, npwp: rows[i].TaxpayerNPWP}] = true
			}
		}
		waiting := slices.DeleteFunc(slices.Clone(waiting), func(w Waiting) bool {
			of := signerKey{w.Document.Tenant, w.Document.TaxpayerNPWP, w.TrialOf}
			return w.AllPaused && usable[of] || w.TrialOf != "" && !onTrial[of]
		})
		return db.putOff(ctx, tx, waiting)
	}))
}

// heldSigners gives all signers of the taxpayers of documents, their rows held
// in one order.
func (db *DB) heldSigners(ctx context.Context, tx *sqlx.Tx, documents []faktur.Document) ([]signerRow, error) {
	from, args := db.ofTaxpayers(documents)
	query := `SELECT ` + signerColumns + ` FROM ` + from + ` ORDER BY s.tenant, s.taxpayer_npwp, s.id`
	if db.dialect.isPostgres() {
		query += ` FOR UPDATE OF s`
	}
	var rows []signerRow
	return rows, db.selectIn(ctx, tx, &rows, query, args...)
}

func (db *DB) putOff(ctx context.Context, tx *sqlx.Tx, waiting []Waiting) error {
	n := len(waiting)
	if n == 0 {
		return nil
	}
	ids, reasons, sequences, due := make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)
	for i := range waiting {
		d := &waiting[i].Document
		ids[i], reasons[i], sequences[i], due[i] = d.ID, reasonText(d.Reason), d.Sequence, micros(d.Work.DueAt)
	}
	_, err := db.updateMany(ctx, tx, "documents", []column{{name: "due_at", values: due}, {name: "reason", values: reasons}},
		[]column{{name: "id", values: ids}, {name: "sequence", values: sequences}}, "id")
	return err
}
