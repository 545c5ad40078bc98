package repository

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// Part is the part of a channel's documents that a worker may touch: those in
// the shards it holds, and of the channel's own livemode.
type Part struct {
	Channel  faktur.Channel
	Livemode bool
	Shards   []Lease
}

// partCondition and its arguments select a part's documents.
func (db *DB) partCondition(p Part) (string, []any) {
	shards := make([]int64, len(p.Shards))
	for i, l := range p.Shards {
		shards[i] = int64(l.Shard)
	}
	if db.dialect.isPostgres() {
		return "d.channel = ? AND d.livemode = ? AND d.shard = ANY(?::bigint[])", []any{string(p.Channel), p.Livemode, array(shards)}
	}
	return "d.channel = ? AND d.livemode = ? AND d.shard IN (SELECT value FROM json_each(?))",
		[]any{string(p.Channel), p.Livemode, jsonNumbers(shards)}
}

func jsonNumbers(numbers []int64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return "[" + strings.Join(texts, ",") + "]"
}

func jsonTexts(texts []string) string {
	text, err := json.Marshal(texts)
	if err != nil {
		panic(err) // they came out of the database, as UTF-8
	}
	return string(text)
}

// dueAtOnce ends a wait, but for what is held for good.
var dueAtOnce = fmt.Sprintf("due_at = CASE WHEN due_at < %d THEN 0 ELSE due_at END", micros(faktur.HeldForGood))

// ToSubmit gives first uploads that wait to be handed over, with their content:
// earliest deadline first, then by turn.
func (db *DB) ToSubmit(ctx context.Context, p Part, now time.Time, limit int) ([]Stored, error) {
	part, args := db.partCondition(p)
	var rows []storedRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+storedColumns+` FROM documents d
		JOIN document_bodies b ON b.document_id = d.id
		WHERE d.status = 'queued' AND d.attempt = 1 AND NOT d.held AND `+part+` AND d.due_at <= ?
		ORDER BY d.leave_by, d.turn_at LIMIT ?`, append(args, micros(now), limit)...)
	if err != nil {
		return nil, wrap("find what to submit", err)
	}
	return allStored(rows)
}

// ToResubmit gives re-uploads that may go now, with their content: of each
// seller the first, and only when no earlier one has been under way since
// waitSince or later. DJP advises to re-upload one by one (FACTS SEED).
func (db *DB) ToResubmit(ctx context.Context, p Part, now, waitSince time.Time, limit int) ([]Stored, error) {
	part, args := db.partCondition(p)
	var rows []storedRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+storedColumns+` FROM (
			SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.tenant, d.taxpayer_npwp ORDER BY d.leave_by, d.turn_at) AS place
			FROM documents d WHERE d.status = 'queued' AND d.attempt > 1 AND NOT d.held AND `+part+` AND d.due_at <= ?) AS d
		JOIN document_bodies b ON b.document_id = d.id
		WHERE d.place = 1 AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.tenant = d.tenant AND o.taxpayer_npwp = d.taxpayer_npwp
			AND o.status IN ('submitting', 'signing_in_progress') AND o.attempt > 1 AND o.status_since > ?)
		ORDER BY d.leave_by, d.turn_at LIMIT ?`, append(args, micros(now), micros(waitSince), limit)...)
	if err != nil {
		return nil, wrap("find what to submit again", err)
	}
	return allStored(rows)
}

// ToLookUp gives documents of unknown fate whose look-up is due.
func (db *DB) ToLookUp(ctx context.Context, p Part, now time.Time, limit int) ([]faktur.Document, error) {
	return db.due(ctx, p, `d.status = 'submitting'`, now, limit)
}

// Wishing gives approved documents about which something is still to be done,
// and for which it is due.
func (db *DB) Wishing(ctx context.Context, p Part, wish faktur.Wish, now time.Time, limit int) ([]faktur.Document, error) {
	// The first condition is what the index is made for.
	return db.due(ctx, p, `d.wish <> '' AND d.wish = '`+string(wish)+`' AND d.status = 'approved'`, now, limit)
}

// ToPoll gives documents in the tax system's hands, drafts among them, whose next
// question is due.
func (db *DB) ToPoll(ctx context.Context, p Part, now time.Time, limit int) ([]faktur.Document, error) {
	return db.due(ctx, p, `d.status IN ('awaiting_upload', 'signing_in_progress', 'amendment_pending', 'cancellation_pending')`, now, limit)
}

// ToMend gives documents that are Saved Invalid for their signer and shall be
// uploaded again with another, whose next look is due.
func (db *DB) ToMend(ctx context.Context, p Part, now time.Time, limit int) ([]faktur.Document, error) {
	return db.due(ctx, p, `d.status = 'saved_invalid' AND d.wish <> '' AND d.wish = 'mend'`, now, limit)
}

func (db *DB) due(ctx context.Context, p Part, status string, now time.Time, limit int) ([]faktur.Document, error) {
	part, args := db.partCondition(p)
	var rows []documentRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+documentColumns+` FROM documents d
		WHERE `+status+` AND `+part+` AND d.due_at <= ? ORDER BY d.due_at LIMIT ?`, append(args, micros(now), limit)...)
	if err != nil {
		return nil, wrap("find what is due", err)
	}
	return allDocuments(rows)
}

// Queued gives queued documents of all tenants and channels in the order of
// their ids, those after one ("" begins), at most limit. It reads every document
// on the way.
func (db *DB) Queued(ctx context.Context, after string, limit int) ([]faktur.Document, error) {
	var rows []documentRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+documentColumns+` FROM documents d
		WHERE d.status = 'queued' AND d.id > ? ORDER BY d.id LIMIT ?`), after, limit)
	if err != nil {
		return nil, wrap("find what is queued", err)
	}
	return allDocuments(rows)
}

// NearDeadline gives documents that are not approved yet, whose upload deadline
// ends by a moment, and of which told (0 nothing, 1 near) is the last that was said.
func (db *DB) NearDeadline(ctx context.Context, told int, by time.Time, limit int) ([]faktur.Document, error) {
	var rows []documentRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+documentColumns+` FROM documents d
		WHERE d.status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid')
		AND d.deadline_told = ? AND d.deadline_at > 0 AND d.deadline_at <= ?
		ORDER BY d.deadline_at LIMIT ?`, told, micros(by), limit)
	if err != nil {
		return nil, wrap("find near deadlines", err)
	}
	return allDocuments(rows)
}

func allDocuments(rows []documentRow) ([]faktur.Document, error) {
	documents := make([]faktur.Document, len(rows))
	for i := range rows {
		var err error
		if documents[i], err = rows[i].document(); err != nil {
			return nil, err
		}
	}
	return documents, nil
}

// selectPrepared reads rows outside a transaction through a statement that is
// prepared once a connection.
func (db *DB) selectPrepared(ctx context.Context, dest any, query string, args ...any) error {
	statement, ok := db.readStatements.Load(query)
	if !ok {
		fresh, err := db.read.PreparexContext(ctx, db.rebind(query))
		if err != nil {
			return err
		}
		var loaded bool
		if statement, loaded = db.readStatements.LoadOrStore(query, fresh); loaded {
			fresh.Close() // a twin won the race; this one is unused
		}
	}
	return statement.(*sqlx.Stmt).SelectContext(ctx, dest, args...)
}
