package faktur

import (
	"slices"
	"strings"
)

// Reference holds DJP's code lists (data/SOURCES.md). It does not change once
// loaded and may be used by many goroutines.
type Reference struct {
	lists map[string]list
}

// list is one code list: its rows in the order of its file, and by key.
type list struct {
	rows  []ReferenceRow
	byKey map[codeKey]int
}

// codeKey names a row: group is the transaction code or the kind where the same
// code means different things under each, else "".
type codeKey struct{ group, code string }

// The names of the lists, as in GET /reference/{list}.
const (
	ListTransactionCodes = "transaction-codes"
	ListAdditionalInfo   = "additional-info"
	ListFacilityStamps   = "facility-stamps"
	ListUnits            = "units"
	ListCountries        = "countries"
	ListGoodsServices    = "goods-services"
)

// ReferenceRow is one code of a list.
type ReferenceRow struct {
	// TrxCode is the transaction code, 07 or 08, that an additional information
	// or a facility stamp belongs to: the same code means different things under
	// the two. Absent in the other lists.
	TrxCode string `json:"trx_code,omitempty" example:"07"`
	// Kind is goods or service. In units it is the portal's picklist, absent
	// where the unit is on both; the other lists but goods-services have none.
	Kind  string `json:"kind,omitempty" enums:"goods,service" example:"goods"`
	Code  string `json:"code" example:"UM.0018"`
	Label string `json:"label" example:"Unit"` // DJP's words, in Indonesian
	// SupportingDocument says of an additional information whether the portal
	// asks for a supporting document with it; absent when that is not known.
	SupportingDocument string `json:"supporting_document,omitempty" enums:"yes,no" example:"yes"`
}

// ReferenceLists names every list, in the order of an invoice.
func ReferenceLists() []string {
	return []string{ListTransactionCodes, ListAdditionalInfo, ListFacilityStamps, ListUnits, ListCountries, ListGoodsServices}
}

// List gives the rows of a list whose code or label contains q, whatever the
// case of its letters; "" gives them all. Order is the list's own. A list that
// is not there is KindNotFound.
func (r *Reference) List(name, q string) ([]ReferenceRow, error) {
	found, known := r.lists[name]
	if !known {
		return nil, NotFound("reference list")
	}
	if q == "" {
		return slices.Clone(found.rows), nil
	}
	q = strings.ToLower(q)
	rows := []ReferenceRow{}
	for _, row := range found.rows {
		if strings.Contains(strings.ToLower(row.Code), q) || strings.Contains(strings.ToLower(row.Label), q) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// row finds a code in a list; group is "" in lists without one.
func (r *Reference) row(name, group, code string) (ReferenceRow, bool) {
	found := r.lists[name]
	i, known := found.byKey[codeKey{group, code}]
	if !known {
		return ReferenceRow{}, false
	}
	return found.rows[i], true
}

// has says whether a list knows a code.
func (r *Reference) has(name, group, code string) bool {
	_, known := r.lists[name].byKey[codeKey{group, code}]
	return known
}
