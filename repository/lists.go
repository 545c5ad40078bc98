package repository

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// DocumentFilter narrows a list; a zero field narrows nothing.
type DocumentFilter struct {
	Kind           faktur.Kind // of which documents the list is; never zero
	Status         faktur.Status
	Reference      string
	TaxpayerNPWP   string
	Buyer          string // the buyer's identity number
	NSFP           string
	DateFrom       faktur.Date // of the invoice, inclusive
	DateTo         faktur.Date // inclusive
	UpdatedSince   int64       // microseconds, inclusive
	DeadlineBefore faktur.Date // exclusive
	BeforeID       string      // only documents older than this one
	Limit          int
}

// Documents lists a tenant's documents, newest first, at most f.Limit.
func (db *DB) Documents(ctx context.Context, tenant string, f DocumentFilter) ([]Stored, error) {
	query, args := db.documentsQuery(tenant, f)
	var rows []storedRow
	if err := db.read.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return allStored(rows)
}

func (db *DB) documentsQuery(tenant string, f DocumentFilter) (string, []any) {
	where, order, args := f.conditions(tenant)
	return db.rebind(`SELECT ` + storedColumns + `
		FROM documents d JOIN document_bodies b ON b.document_id = d.id
		WHERE ` + where + ` ORDER BY ` + order + ` LIMIT ?`), append(args, f.Limit)
}

// conditions gives the SQL of the filter, the order of the list, and the arguments.
func (f DocumentFilter) conditions(tenant string) (where, order string, args []any) {
	way, rest := f.way(tenant)
	all, args := []string{way.condition}, way.args
	add := func(wanted bool, condition string, arg any) {
		if wanted {
			all, args = append(all, condition), append(args, arg)
		}
	}
	add(rest.Status != "", "d.status = ?", string(rest.Status))
	add(rest.TaxpayerNPWP != "", "b.taxpayer_npwp = ?", rest.TaxpayerNPWP)
	add(rest.Buyer != "", "b.counterpart = ?", rest.Buyer)
	add(rest.NSFP != "", "d.nsfp = ?", rest.NSFP)
	add(!rest.DateFrom.IsZero(), "d.invoice_date >= ?", rest.DateFrom.String())
	add(!rest.DateTo.IsZero(), "d.invoice_date <= ?", rest.DateTo.String())
	add(rest.UpdatedSince != 0, "d.updated_at >= ?", rest.UpdatedSince)
	add(!rest.DeadlineBefore.IsZero(), "d.upload_deadline <> '' AND d.upload_deadline < ?", rest.DeadlineBefore.String())
	return strings.Join(all, " AND "), way.order, args
}

// way is how a list comes to its documents: by what an index has in the list's order.
type way struct {
	condition string
	order     string
	args      []any
}

// way takes the index that narrows the list most, and gives what is left of the filter.
func (f DocumentFilter) way(tenant string) (way, DocumentFilter) {
	rest, kind, before := f, string(f.Kind), cmp.Or(f.BeforeID, afterAllIDs)
	switch {
	case f.Reference != "": // each half has an index of its own
		return way{`d.tenant = ? AND d.kind = ? AND d.id < ? AND d.id IN (
			SELECT document_id FROM document_references WHERE tenant = ? AND reference = ?
			UNION ALL SELECT id FROM documents WHERE tenant = ? AND reference = ? AND (status = 'cancelled' OR replaces_id <> ''))`,
			"d.id DESC", []any{tenant, kind, before, tenant, f.Reference, tenant, f.Reference}}, rest
	case f.NSFP != "":
		rest.NSFP = ""
		return way{"d.tenant = ? AND d.kind = ? AND d.id < ? AND d.nsfp <> '' AND d.nsfp = ?",
			"d.id DESC", []any{tenant, kind, before, f.NSFP}}, rest
	case f.TaxpayerNPWP != "":
		rest.TaxpayerNPWP = ""
		return newest("b.taxpayer_npwp, b.tenant, b.kind", "b.document_id", before, f.TaxpayerNPWP, tenant, kind), rest
	case f.Buyer != "":
		rest.Buyer = ""
		return newest("b.counterpart, b.tenant, b.kind", "b.document_id", before, f.Buyer, tenant, kind), rest
	case f.Status != "" && f.Status != faktur.Approved: // of those there is no end, and no index
		rest.Status = ""
		w := newest("d.status, d.tenant, d.kind", "d.id", before, string(f.Status), tenant, kind)
		w.condition += " AND d.status <> 'approved'" // as the index says, or it is not taken
		return w, rest
	}
	return way{"b.tenant = ? AND b.kind = ? AND b.document_id < ?", "b.document_id DESC", []any{tenant, kind, before}}, rest
}

// afterAllIDs is greater than every id, byte by byte.
const afterAllIDs = "~"

// newest is the range of an index whose columns have these values, by falling id from
// before on. It compares rows, where equations and an order by id would say the same:
// how many documents a list has changes faster than what PostgreSQL knows of it, and by
// its guess it would read all of a tenant's. Only the index meant begins with the first
// column and has this order. The first column must be the one that narrows most, because
// PostgreSQL goes on through the index until that one differs.
func newest(columns, id, before string, values ...any) way {
	marks := strings.Repeat("?, ", len(values))
	return way{
		condition: fmt.Sprintf("(%s) >= (%s) AND (%s, %s) < (%s?)", columns, strings.TrimSuffix(marks, ", "), columns, id, marks),
		order:     strings.ReplaceAll(columns, ",", " DESC,") + " DESC, " + id + " DESC",
		args:      append(append(append([]any{}, values...), values...), before),
	}
}
