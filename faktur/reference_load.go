package faktur

import (
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
)

//go:embed data/*.csv
var builtIn embed.FS

// listFile is how one list stands in a file.
type listFile struct {
	list, file string
	columns    []string
	// grouped: the same code means different things under each transaction code
	// or kind.
	grouped bool
	read    func(fields []string) (ReferenceRow, error)
}

var listFiles = []listFile{
	{ListTransactionCodes, "transaction_codes.csv", []string{"trx_code", "label_id"}, false,
		func(f []string) (ReferenceRow, error) {
			return ReferenceRow{Code: f[0], Label: f[1]}, wantShape(f[0], shapeTrxCode)
		}},
	{ListAdditionalInfo, "additional_info.csv", []string{"trx_code", "add_info", "label_id", "has_supporting_document_field"}, true,
		func(f []string) (ReferenceRow, error) {
			row := ReferenceRow{TrxCode: f[0], Code: f[1], Label: f[2], SupportingDocument: f[3]}
			return row, errors.Join(wantOneOf(f[0], "07", "08"), wantShape(f[1], shapeAddInfo), wantOneOf(f[3], "yes", "no", ""))
		}},
	{ListFacilityStamps, "facility_stamp.csv", []string{"trx_code", "facility_stamp", "label_id"}, true,
		func(f []string) (ReferenceRow, error) {
			return ReferenceRow{TrxCode: f[0], Code: f[1], Label: f[2]},
				errors.Join(wantOneOf(f[0], "07", "08"), wantShape(f[1], shapeStamp))
		}},
	{ListUnits, "units.csv", []string{"unit_code", "label_id", "portal_picklist_opt"}, false,
		func(f []string) (ReferenceRow, error) {
			return ReferenceRow{Code: f[0], Label: f[1], Kind: kindOf[f[2]]},
				errors.Join(wantShape(f[0], shapeUnit), wantOneOf(f[2], "A", "B", "A|B", ""))
		}},
	{ListCountries, "countries.csv", []string{"country_code", "label_id"}, false,
		func(f []string) (ReferenceRow, error) {
			return ReferenceRow{Code: f[0], Label: f[1]}, wantShape(f[0], shapeCountry)
		}},
	{ListGoodsServices, "goods_service_codes.csv", []string{"opt", "code", "label_id"}, true,
		func(f []string) (ReferenceRow, error) {
			return ReferenceRow{Kind: kindOf[f[0]], Code: f[1], Label: f[2]},
				errors.Join(wantOneOf(f[0], "A", "B"), wantShape(f[1], shapeGoodsCode))
		}},
}

// kindOf reads DJP's opt: A is goods (barang), B services (jasa).
var kindOf = map[string]string{"A": Goods, "B": Service}

// BuiltInReference gives the code lists of this release.
var BuiltInReference = sync.OnceValue(func() *Reference {
	reference, err := LoadReference(nil)
	if err != nil {
		panic("the built-in code lists: " + err.Error()) // held by a test
	}
	return reference
})

// LoadReference gives the built-in lists, each replaced by the file of its name
// in dir where there is one (FAKTURGATE_REFERENCE_DIR; names and columns as in
// faktur/data). A nil dir replaces nothing. Errors name file and row, and all
// bad rows come at once. A dir that cannot be read, or holds a .csv that is no
// list, is an error, so that a misspelt name is not silently without effect.
func LoadReference(dir fs.FS) (*Reference, error) {
	reference := &Reference{lists: map[string]list{}}
	problems := []error{onlyLists(dir)}
	for _, f := range listFiles {
		loaded, err := f.load(dir)
		if err != nil {
			problems = append(problems, err)
		}
		reference.lists[f.list] = loaded
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return reference, nil
}

// onlyLists says what is wrong with dir before any list is read.
func onlyLists(dir fs.FS) error {
	if dir == nil {
		return nil
	}
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return fmt.Errorf("reference lists: %w", err)
	}
	var problems []error
	for _, entry := range entries {
		isList := slices.ContainsFunc(listFiles, func(f listFile) bool { return f.file == entry.Name() })
		if path.Ext(entry.Name()) == ".csv" && !isList {
			problems = append(problems, fmt.Errorf("%s has the name of no code list", entry.Name()))
		}
	}
	return errors.Join(problems...)
}

// load reads the list from dir, or, where dir has no such file, the built-in one.
func (f listFile) load(dir fs.FS) (list, error) {
	file, err := fs.File(nil), fs.ErrNotExist
	if dir != nil {
		file, err = dir.Open(f.file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		file, err = builtIn.Open("data/" + f.file)
	}
	if err != nil {
		return list{}, fmt.Errorf("reference list %s: %w", f.file, err)
	}
	defer file.Close()
	return f.parse(file)
}

// parse reads a header and at least one row.
func (f listFile) parse(from io.Reader) (list, error) {
	reader := csv.NewReader(from)
	reader.FieldsPerRecord = len(f.columns)
	header, err := reader.Read()
	if err != nil {
		return list{}, fmt.Errorf("%s row 1: %w", f.file, err)
	}
	if !slices.Equal(header, f.columns) {
		return list{}, fmt.Errorf("%s row 1: the columns are %v, not %v", f.file, header, f.columns)
	}
	loaded := list{byKey: map[codeKey]int{}}
	var problems []error
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // it names the row
			return list{}, fmt.Errorf("%s: %w", f.file, err)
		}
		if err := f.add(&loaded, fields); err != nil {
			row, _ := reader.FieldPos(0)
			problems = append(problems, fmt.Errorf("%s row %d: %w", f.file, row, err))
		}
	}
	if len(loaded.rows)+len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%s has no rows", f.file))
	}
	return loaded, errors.Join(problems...)
}

// add reads one row into the list.
func (f listFile) add(to *list, fields []string) error {
	row, err := f.read(fields)
	if err != nil {
		return err
	}
	if row.Label == "" {
		return fmt.Errorf("%s has no label", row.Code)
	}
	key := codeKey{code: row.Code}
	if f.grouped {
		key.group = cmp.Or(row.TrxCode, row.Kind)
	}
	if _, twice := to.byKey[key]; twice {
		return fmt.Errorf("%s stands there twice", row.Code)
	}
	to.byKey[key] = len(to.rows)
	to.rows = append(to.rows, row)
	return nil
}

func wantShape(text, shapes string) error {
	if !hasShape(text, shapes) {
		return fmt.Errorf("%q is not written like %s", text, shapes)
	}
	return nil
}

func wantOneOf(text string, choices ...string) error {
	if !slices.Contains(choices, text) {
		return fmt.Errorf("%q is not one of %q", text, choices)
	}
	return nil
}
