package faktur

import "io/fs"

// Reference holds DJP's code lists.
type Reference struct{}

// ReferenceRow is one code of a list.
type ReferenceRow struct {
	TrxCode string `json:"trx_code,omitempty" example:"07"`
	Kind    string `json:"kind,omitempty" enums:"goods,service" example:"goods"`
	Code    string `json:"code" example:"UM.0018"`
	Label   string `json:"label" example:"Unit"`
}

// BuiltInReference gives the code lists of this release.
func BuiltInReference() *Reference { return &Reference{} }

// LoadReference gives the built-in lists with those replaced that dir holds.
func LoadReference(dir fs.FS) (*Reference, error) { return &Reference{}, nil }

// List gives the rows of a list whose code or label contains q.
func (r *Reference) List(name, q string) ([]ReferenceRow, error) {
	return nil, NotFound("reference list")
}
