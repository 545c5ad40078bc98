package portal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// seed adds the files of testdata.
func seed(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.[xc]*")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no seeds", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
}

// refusedAsAFile holds that a file is refused with a sentence and a known kind.
func refusedAsAFile(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*faktur.Error](err)
	if !ok || e.Kind != faktur.KindInvalid && e.Kind != faktur.KindTooLarge || e.Code == "" || e.Detail == "" {
		t.Fatalf("%v is no error that tells anything", err)
	}
}

func FuzzReadExport(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		before := bytes.Clone(content)
		export, err := ReadExport(content)
		if err != nil {
			refusedAsAFile(t, err)
			return
		}
		last := 0
		for _, row := range export.Rows {
			if row.Row <= last || !row.Date.Valid() {
				t.Fatalf("row %d after %d, dated %s", row.Row, last, row.Date)
			}
			last = row.Row
			if nsfp, err := faktur.ParseNSFP(row.NSFP); row.NSFP != "" && (err != nil || nsfp.String() != row.NSFP) {
				t.Fatalf("NSFP %q: %v", row.NSFP, err)
			}
			if row.Status == "" && len(row.Faults) == 0 {
				t.Fatalf("row %d says nothing, and nothing is wrong with it", row.Row)
			}
			for _, fault := range row.Faults {
				if fault.Code == "" || fault.Message == "" {
					t.Fatalf("row %d: %+v", row.Row, fault)
				}
			}
		}
		again, err := ReadExport(content)
		if err != nil || !reflect.DeepEqual(export, again) || !bytes.Equal(before, content) {
			t.Fatal("the same file gives something else the second time")
		}
	})
}

func FuzzReadTemplate(f *testing.F) {
	seed(f)
	rules := faktur.NewRules(nil)
	f.Fuzz(func(t *testing.T, content []byte) {
		template, err := ReadTemplate(content, TemplateOptions{Seller: "0012345674901000", Today: today})
		if err != nil {
			refusedAsAFile(t, err)
			return
		}
		for n := range template.Invoices {
			i := &template.Invoices[n]
			// Every invoice can be posted, and every fault of it has a place in the file.
			if _, err := json.Marshal(i.Invoice); err != nil && len(i.Faults) == 0 {
				t.Fatalf("%+v: %v", i.Invoice, err)
			}
			_, err := rules.Assess(i.Invoice, faktur.Settings{}, faktur.ChannelPJAP, today.StartOfDay())
			if e := faktur.AsError(err); e != nil {
				for _, fault := range e.Faults {
					if located := i.Locate(fault); located.Row < 1 || located.Message == "" {
						t.Fatalf("%+v is at %+v", fault, located)
					}
				}
			}
		}
	})
}
