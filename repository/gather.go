package repository

import (
	"context"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Heap is what waits for a file channel to write it: of one taxpayer and one kind.
type Heap struct {
	Tenant       string
	TaxpayerNPWP string
	Kind         faktur.Kind
	Waiting      int       // how many documents
	Oldest       time.Time // the earliest turn among them; zero: one goes at once
}

// toGather is what the index documents_to_gather holds.
const toGather = `d.status = 'queued' AND NOT d.held AND d.channel IN ('coretax_xml', 'efaktur_desktop')`

// Heaps gives what waits on a file channel, the longest waiting first, at most limit.
func (db *DB) Heaps(ctx context.Context, p Part, now time.Time, limit int) ([]Heap, error) {
	part, args := db.partCondition(p)
	var rows []struct {
		Tenant       string `db:"tenant"`
		TaxpayerNPWP string `db:"taxpayer_npwp"`
		Kind         string `db:"kind"`
		Waiting      int    `db:"waiting"`
		Oldest       int64  `db:"oldest"`
	}
	err := db.selectPrepared(ctx, &rows, `SELECT d.tenant, d.taxpayer_npwp, d.kind, COUNT(*) AS waiting, MIN(d.turn_at) AS oldest
		FROM documents d WHERE `+toGather+` AND `+part+` AND d.due_at <= ?
		GROUP BY d.tenant, d.taxpayer_npwp, d.kind ORDER BY oldest LIMIT ?`, append(args, micros(now), limit)...)
	if err != nil {
		return nil, wrap("find what to gather", err)
	}
	heaps := make([]Heap, len(rows))
	for i, r := range rows {
		heaps[i] = Heap{r.Tenant, r.TaxpayerNPWP, faktur.Kind(r.Kind), r.Waiting, fromMicros(r.Oldest)}
	}
	return heaps, nil
}

// ToGather gives the next documents of a heap, with their content: earliest
// deadline first, then by turn. There are at most limit, and no more than what
// reaches size bytes of content, but one at least.
func (db *DB) ToGather(ctx context.Context, p Part, h Heap, now time.Time, limit int, size int64) ([]Stored, error) {
	part, args := db.partCondition(p)
	var rows []storedRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+storedColumns+` FROM (
			SELECT w.id, SUM(LENGTH(c.content)) OVER (ORDER BY w.leave_by, w.turn_at, w.id) - LENGTH(c.content) AS ahead
			FROM (SELECT d.id, d.leave_by, d.turn_at FROM documents d WHERE `+toGather+` AND `+part+`
				AND d.tenant = ? AND d.taxpayer_npwp = ? AND d.kind = ? AND d.due_at <= ?
				ORDER BY d.leave_by, d.turn_at, d.id LIMIT ?) AS w
			JOIN document_bodies c ON c.document_id = w.id) AS chosen
		JOIN documents d ON d.id = chosen.id JOIN document_bodies b ON b.document_id = d.id
		WHERE chosen.ahead < ? ORDER BY d.leave_by, d.turn_at, d.id`,
		append(args, h.Tenant, h.TaxpayerNPWP, string(h.Kind), micros(now), limit, size)...)
	if err != nil {
		return nil, wrap("gather", err)
	}
	return allStored(rows)
}
