package faktur_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// now is a moment of the month in which every example is dated.
var now = time.Date(2026, 11, 22, 10, 0, 0, 0, faktur.Jakarta)

const examples = "../docs/examples"

// example decodes docs/examples/{name}.json as strictly as the API does.
func example(t testing.TB, name string) faktur.TaxInvoice {
	t.Helper()
	return decode[faktur.TaxInvoice](t, read(t, filepath.Join(examples, name+".json")))
}

func decode[T any](t testing.TB, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
	return v
}

// encode writes v as indented JSON with a line break at its end.
func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, path)), string(got)); diff != "" {
		t.Errorf("%s differs; go test ./faktur -update writes it anew (-file +now):\n%s", path, diff)
	}
}

// assess is Assess for a seller on pjap with default settings, at now.
func assess(inv faktur.TaxInvoice) (faktur.Assessment, error) {
	return assessWith(inv, faktur.Settings{})
}

func assessWith(inv faktur.TaxInvoice, s faktur.Settings) (faktur.Assessment, error) {
	return faktur.NewRules(nil).Assess(inv, s, faktur.ChannelPJAP, now)
}

// faultsOf gives the faults of a refusal, nil of no error.
func faultsOf(t testing.TB, err error) []faktur.Fault {
	t.Helper()
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*faktur.Error](err)
	if !ok {
		t.Fatalf("the error is a %T, not a *faktur.Error: %v", err, err)
	}
	return refusal.Faults
}

// summary writes faults as "pointer code".
func summary(faults []faktur.Fault) []string {
	lines := []string{}
	for _, f := range faults {
		lines = append(lines, f.Pointer+" "+f.Code)
	}
	return lines
}

func amount(text string) faktur.Amount {
	a, err := faktur.ParseAmount(text)
	if err != nil {
		panic(err)
	}
	return a
}

func given(text string) *faktur.Amount {
	a := amount(text)
	return &a
}

func rate(text string) *faktur.Rate {
	r, err := faktur.ParseRate(text)
	if err != nil {
		panic(err)
	}
	return &r
}
