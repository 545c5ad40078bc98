package repository

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// Errors that an idempotency key, or a changed registration, decides.
var (
	ErrKeyReused       = errors.New("the idempotency key was used with another body")
	ErrKeyRunning      = errors.New("a request with this idempotency key is still running")
	ErrTaxpayerChanged = errors.New("the seller's registration changed meanwhile")
)

// HTTP statuses of the answers that Accept remembers.
const (
	StatusAccepted = 202
	StatusReplayed = 200
)

// Request names a request by its idempotency key; a key is unique in its tenant and route.
type Request struct {
	Tenant, Route, Key string
	BodyHash           string // of the query string and the whole body
}

// id is what insertRequests tells apart; neither tenant nor route holds a line break.
func (r Request) id() string { return r.Tenant + "\n" + r.Route + "\n" + r.Key }

// Remembered is the answer that a request already had.
type Remembered struct {
	Status int
	Body   string
}

// insertRequests stores requests with their answers, and gives the ids of those
// whose key was not there before.
func (db *DB) insertRequests(ctx context.Context, tx *sqlx.Tx, requests []Request, answers []string, status int, at time.Time) (map[string]bool, error) {
	n := len(requests)
	tenants, routes, keys, hashes := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	statuses, created := make([]int64, n), make([]int64, n)
	for i, r := range requests {
		tenants[i], routes[i], keys[i], hashes[i] = r.Tenant, r.Route, r.Key, r.BodyHash
		statuses[i], created[i] = int64(status), micros(at)
	}
	ids, err := db.insertMany(ctx, tx, "idempotency_keys", []column{{name: "tenant", values: tenants}, {name: "route", values: routes}, {name: "key", values: keys},
		{name: "body_hash", values: hashes}, {name: "status", values: statuses}, {name: "response", values: answers}, {name: "running_until", values: make([]int64, n)},
		{name: "created_at", values: created}}, "tenant || '\n' || route || '\n' || key")
	if err != nil {
		return nil, err
	}
	claimed := make(map[string]bool, len(ids))
	for _, id := range ids {
		claimed[id] = true
	}
	return claimed, nil
}

type requestRow struct {
	BodyHash     string `db:"body_hash"`
	Status       int    `db:"status"`
	Response     string `db:"response"`
	RunningUntil int64  `db:"running_until"`
}

// rememberedIn gives the answer that a request's key already has, or
// ErrKeyReused or ErrKeyRunning.
func rememberedIn(ctx context.Context, find finder, r Request) (*Remembered, error) {
	var rows []requestRow
	err := find(ctx, &rows, `SELECT body_hash, status, response, running_until FROM idempotency_keys
		WHERE tenant = ? AND route = ? AND key = ?`, r.Tenant, r.Route, r.Key)
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, errAgain // forgotten between the insert and this look
	case rows[0].BodyHash != r.BodyHash:
		return nil, ErrKeyReused
	case rows[0].Status == 0:
		return nil, ErrKeyRunning
	}
	return &Remembered{Status: rows[0].Status, Body: rows[0].Response}, nil
}

func isKeyVerdict(err error) bool {
	return err == nil || errors.Is(err, ErrKeyReused) || errors.Is(err, ErrKeyRunning)
}

func (db *DB) forgetRequest(ctx context.Context, tx *sqlx.Tx, r Request) error {
	if r.Key == "" {
		return nil
	}
	_, err := db.execIn(ctx, tx, `DELETE FROM idempotency_keys WHERE tenant = ? AND route = ? AND key = ?`, r.Tenant, r.Route, r.Key)
	return err
}

func (db *DB) rewriteRequest(ctx context.Context, tx *sqlx.Tx, r Request, status int, response string) error {
	if r.Key == "" {
		return nil
	}
	_, err := db.execIn(ctx, tx, `UPDATE idempotency_keys SET status = ?, response = ? WHERE tenant = ? AND route = ? AND key = ?`,
		status, response, r.Tenant, r.Route, r.Key)
	return err
}

// BeginRequest claims an idempotency key for a request that runs until then at
// most. It gives nil, nil when the caller should go on, the answer when there is
// one already, or ErrKeyReused or ErrKeyRunning.
func (db *DB) BeginRequest(ctx context.Context, r Request, now, until time.Time) (*Remembered, error) {
	var remembered *Remembered
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		remembered = nil
		n, err := db.execIn(ctx, tx, `INSERT INTO idempotency_keys (tenant, route, key, body_hash, status, response, running_until, created_at)
			VALUES (?, ?, ?, ?, 0, '', ?, ?) ON CONFLICT (tenant, route, key) DO UPDATE
			SET body_hash = excluded.body_hash, running_until = excluded.running_until, created_at = excluded.created_at
			WHERE idempotency_keys.status = 0 AND idempotency_keys.running_until < ?`,
			r.Tenant, r.Route, r.Key, r.BodyHash, micros(until), micros(now), micros(now))
		if err != nil || n == 1 {
			return err
		}
		remembered, err = rememberedIn(ctx, db.finderIn(tx), r)
		return err
	})
	return remembered, wrap("begin request", err)
}

// FinishRequest remembers the answer of a request that BeginRequest let go on.
func (db *DB) FinishRequest(ctx context.Context, r Request, status int, response string) error {
	return wrap("finish request", db.inTx(ctx, func(tx *sqlx.Tx) error {
		return db.rewriteRequest(ctx, tx, r, status, response)
	}))
}

// AbandonRequest forgets a request that failed, so that it may be tried again.
func (db *DB) AbandonRequest(ctx context.Context, r Request) error {
	return wrap("abandon request", db.inTx(ctx, func(tx *sqlx.Tx) error { return db.forgetRequest(ctx, tx, r) }))
}

// ForgetRequests deletes the oldest answers that were remembered before a moment,
// at most so many, and says how many there were.
func (db *DB) ForgetRequests(ctx context.Context, before time.Time, most int) (forgotten int, err error) {
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		n, err := db.execIn(ctx, tx, `DELETE FROM idempotency_keys WHERE created_at < ? AND (tenant, route, key) IN
			(SELECT tenant, route, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`, micros(before), micros(before), most)
		forgotten = int(n)
		return err
	})
	return forgotten, wrap("forget requests", err)
}
