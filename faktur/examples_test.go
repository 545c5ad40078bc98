package faktur_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// exampleSettings are the settings that an example is for; the others need none.
var exampleSettings = map[string]faktur.Settings{
	"whole-rupiah": {Rounding: faktur.RoundRupiah},
}

func exampleNames(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(examples, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return names
}

// What POST /invoices/validate answers to each example.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range exampleNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := example(t, name)
			a, err := assessWith(inv, exampleSettings[name])
			if err != nil {
				t.Fatalf("an example is accepted: %v", err)
			}
			preview := faktur.NewPreview(inv, &a, faktur.UploadDeadline(inv.Date, faktur.ChannelPJAP, nil))
			golden(t, filepath.Join("testdata", "assessments", name+".json"), encode(t, preview))
		})
	}
}

// An ERP may post back what it was answered: it is accepted and filed the same.
func TestFilledExamplesAreAcceptedAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, name := range exampleNames(t) {
		inv := example(t, name)
		first, err := assessWith(inv, exampleSettings[name])
		if err != nil {
			t.Fatal(err)
		}
		inv.Lines = first.Fill(inv.Lines)
		second, err := assessWith(decode[faktur.TaxInvoice](t, encode(t, inv)), exampleSettings[name])
		if err != nil {
			t.Errorf("%s, filled: %v", name, err)
		}
		if diff := cmp.Diff(first.Totals, second.Totals); diff != "" {
			t.Errorf("%s, filled, has other totals:\n%s", name, diff)
		}
	}
}

func BenchmarkAssess(b *testing.B) {
	rules := faktur.NewRules(nil)
	inv := example(b, "multi-line")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Assess(inv, faktur.Settings{}, faktur.ChannelPJAP, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeInvoice(b *testing.B) {
	text := read(b, filepath.Join(examples, "multi-line.json"))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		decode[faktur.TaxInvoice](b, text)
	}
}

func BenchmarkEncodeStoredInvoice(b *testing.B) {
	inv := example(b, "multi-line")
	a, err := assess(inv)
	if err != nil {
		b.Fatal(err)
	}
	d := document(faktur.Queued)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(faktur.NewStoredInvoice(d, inv, &a)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkContentHash(b *testing.B) {
	inv := example(b, "multi-line")
	b.ReportAllocs()
	for b.Loop() {
		faktur.ContentHash(inv)
	}
}

func BenchmarkApply(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		d := document(faktur.SigningInProgress)
		if _, err := d.Apply(faktur.Change{To: faktur.Approved, CoretaxStatus: "Approved", NSFP: "04002600000000001", At: time.Unix(0, 0)}); err != nil {
			b.Fatal(err)
		}
	}
}
