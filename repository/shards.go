package repository

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
)

// Lease is a worker's hold on one shard. Its token is new with every holder, so
// that a save by an earlier one is recognised.
type Lease struct {
	Shard int   `db:"shard"`
	Token int64 `db:"token"`
}

// EnsureShards makes the rows of a channel's shards where they are missing.
func (db *DB) EnsureShards(ctx context.Context, channel string, count int) error {
	channels, shards := make([]string, count), make([]int64, count)
	for i := range count {
		channels[i], shards[i] = channel, int64(i)
	}
	return wrap("make shards", db.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := db.insertMany(ctx, tx, "shards", []column{{name: "channel", values: channels}, {name: "shard", values: shards}}, "channel")
		return err
	}))
}

// SeeWorker notes that a worker lives for another lease, forgets those that do
// not, and gives how many live.
func (db *DB) SeeWorker(ctx context.Context, id string, lease time.Duration) (int, error) {
	var alive int
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := db.execIn(ctx, tx, `INSERT INTO workers (id, seen_until) VALUES (?, `+db.dialect.now+` + ?)
			ON CONFLICT (id) DO UPDATE SET seen_until = excluded.seen_until`, id, lease.Microseconds()); err != nil {
			return err
		}
		if _, err := db.execIn(ctx, tx, `DELETE FROM workers WHERE seen_until < `+db.dialect.now); err != nil {
			return err
		}
		return tx.GetContext(ctx, &alive, `SELECT COUNT(*) FROM workers`)
	})
	return alive, wrap("see worker", err)
}

// ForgetWorker takes a worker that stops off the list, and its leases with it.
func (db *DB) ForgetWorker(ctx context.Context, id string) error {
	return wrap("forget worker", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := db.execIn(ctx, tx, `DELETE FROM workers WHERE id = ?`, id); err != nil {
			return err
		}
		_, err := db.execIn(ctx, tx, `UPDATE shards SET owner = '', lease_until = 0 WHERE owner = ?`, id)
		return err
	}))
}

type shardRow struct {
	Lease
	Owner string `db:"owner"`
	Free  bool   `db:"free"`
}

// HoldShards renews a worker's leases on a channel and brings their number to
// want: it gives surplus ones back, and takes over free and expired ones. It
// gives what the worker holds now.
//
// All rows of the channel are locked in one order, here and in fence, so that
// neither waits for the other in a circle; and what is decided on is what the
// lock saw, not what an earlier snapshot did.
func (db *DB) HoldShards(ctx context.Context, channel, owner string, lease time.Duration, want int) ([]Lease, error) {
	var held []Lease
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		held = nil
		var rows []shardRow
		if err := db.selectIn(ctx, tx, &rows, `SELECT shard, token, owner, owner = '' OR lease_until < `+db.dialect.now+` AS free
			FROM shards WHERE channel = ? ORDER BY shard`+db.dialect.forUpdate, channel); err != nil {
			return err
		}
		var surplus []Lease
		held, surplus = shareOut(rows, owner, want)
		if err := db.writeLeases(ctx, tx, channel, "", 0, surplus); err != nil {
			return err
		}
		return db.writeLeases(ctx, tx, channel, owner, lease, held)
	})
	if err != nil {
		return nil, fmt.Errorf("hold shards of %s: %w", channel, err)
	}
	return held, nil
}

// shareOut decides which shards a worker holds from now on. A shard taken over
// gets a new token; one of its own whose lease ran out, but which nobody took,
// keeps the old one, for nobody else can have worked on it.
func shareOut(rows []shardRow, owner string, want int) (held, surplus []Lease) {
	for _, row := range rows {
		if row.Owner != owner {
			continue
		}
		if len(held) < want {
			held = append(held, row.Lease)
		} else {
			surplus = append(surplus, row.Lease)
		}
	}
	for _, row := range rows {
		if row.Owner != owner && row.Free && len(held) < want {
			row.Token++
			held = append(held, row.Lease)
		}
	}
	return held, surplus
}

func (db *DB) writeLeases(ctx context.Context, tx *sqlx.Tx, channel, owner string, lease time.Duration, leases []Lease) error {
	if len(leases) == 0 {
		return nil
	}
	until := "0"
	if lease > 0 {
		until = fmt.Sprintf("%s + %d", db.dialect.now, lease.Microseconds())
	}
	shards, tokens := make([]int64, len(leases)), make([]int64, len(leases))
	for i, l := range leases {
		shards[i], tokens[i] = int64(l.Shard), l.Token
	}
	set := "UPDATE shards AS t SET owner = ?, lease_until = " + until
	if db.dialect.isPostgres() {
		_, err := tx.ExecContext(ctx, db.rebind(set+`, token = v.token FROM unnest(?::bigint[], ?::bigint[]) AS v(shard, token)
			WHERE t.channel = ? AND t.shard = v.shard`), owner, array(shards), array(tokens), channel)
		return err
	}
	for i := range leases {
		if _, err := tx.ExecContext(ctx, set+", token = ? WHERE channel = ? AND shard = ?", owner, tokens[i], channel, shards[i]); err != nil {
			return err
		}
	}
	return nil
}

// Fence is the leases under which a save is made: token by shard.
type Fence struct {
	Channel string
	Tokens  map[int]int64
}

// fence holds the leases until the transaction ends, or gives ErrFenced when
// one of them has gone to another. A plain SELECT would race with the takeover.
func (db *DB) fence(ctx context.Context, tx *sqlx.Tx, f Fence) error {
	shards := make([]int64, 0, len(f.Tokens))
	for shard := range f.Tokens {
		shards = append(shards, int64(shard))
	}
	query, args := `SELECT shard, token FROM shards WHERE channel = ?`, []any{f.Channel}
	if db.dialect.isPostgres() {
		query, args = query+` AND shard = ANY(?::bigint[]) ORDER BY shard FOR SHARE`, append(args, array(shards))
	}
	var current []Lease
	if err := db.selectIn(ctx, tx, &current, query, args...); err != nil {
		return wrap("fence", err)
	}
	matching := 0
	for _, l := range current {
		if token, ok := f.Tokens[l.Shard]; ok && token == l.Token {
			matching++
		}
	}
	if matching != len(f.Tokens) && !fault.Planted(fault.NoFencing) {
		return ErrFenced
	}
	return nil
}

// FenceFor is the fence of the documents' shards out of what a worker holds on
// a channel; ErrFenced when it does not hold them all.
func FenceFor(channel string, held []Lease, documents []faktur.Document) (Fence, error) {
	tokens := make(map[int]int64, len(held))
	for _, l := range held {
		tokens[l.Shard] = l.Token
	}
	f := Fence{Channel: channel, Tokens: map[int]int64{}}
	for i := range documents {
		shard := faktur.ShardOf(documents[i].Tenant, documents[i].TaxpayerNPWP)
		token, ok := tokens[shard]
		if !ok {
			return Fence{}, ErrFenced
		}
		f.Tokens[shard] = token
	}
	return f, nil
}
