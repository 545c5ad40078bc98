package efaktur_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/efaktur"
	"github.com/fakturgate/fakturgate/faktur"
)

// expected is what the records of an invoice must read as.
func expected(s *adapter.Submission) [][]string {
	inv := &s.Invoice
	npwp, name := "0000000000000000", onOneLine(inv.Buyer.Name)
	switch inv.Buyer.IDType {
	case "npwp", "nik":
		npwp = inv.Buyer.IDNumber
	case "passport":
		name = inv.Buyer.IDNumber + "#PASPOR#NAMA#" + name
	}
	y, m, d := inv.Date.StartOfDay().In(faktur.Jakarta).Date()
	var lines [][]string
	dpp, ppn, ppnbm := new(big.Int), new(big.Int), new(big.Int)
	for _, l := range inv.Lines {
		total := rupiah(l.DPP.Add(l.Discount))
		discount := new(big.Int).Sub(total, rupiah(*l.DPP))
		lines = append(lines, []string{"OF", cmp.Or(l.Code, "000000"), onOneLine(l.Name),
			decimal(l.UnitPrice), decimal(l.Quantity), total.String(), discount.String(),
			rupiah(*l.DPP).String(), rupiah(*l.PPN).String(), l.PPnBMRate.String(), rupiah(*l.PPnBM).String()})
		dpp.Add(dpp, rupiah(*l.DPP))
		ppn.Add(ppn, rupiah(*l.PPN))
		ppnbm.Add(ppnbm, rupiah(*l.PPnBM))
	}
	addInfo := map[string]string{"": "", "TD.00501": "1", "TD.00510": "10"}[inv.AddInfo]
	fk := []string{"FK", inv.TrxCode, "0", s.NSFP, fmt.Sprint(int(m)), fmt.Sprint(y), fmt.Sprintf("%d/%d/%d", d, m, y),
		npwp, name, onOneLine(inv.Buyer.Address), dpp.String(), ppn.String(), ppnbm.String(), addInfo,
		"0", "0", "0", "0", s.Reference, "0"}
	return append([][]string{fk}, lines...)
}

// rupiah rounds half up in whole numbers alone.
func rupiah(a faktur.Amount) *big.Int {
	cents, _ := new(big.Int).SetString(strings.Replace(a.String(), ".", "", 1), 10)
	return cents.Div(cents.Add(cents, big.NewInt(50)), big.NewInt(100))
}

func decimal(a faktur.Amount) string {
	text := strings.TrimRight(a.String(), "0")
	return strings.TrimRight(text, ".")
}

var breaks = regexp.MustCompile(`[ \t\r\n]*[\t\r\n][ \t\r\n]*`)

// onOneLine is a text with a space for each run of line breaks and tabs.
func onOneLine(text string) string {
	return strings.Trim(breaks.ReplaceAllString(text, " "), " ")
}

// drawText makes any text that the application takes.
func drawText(t *rapid.T, name string) string {
	return rapid.StringOf(rapid.RuneFrom([]rune("abc XYZ019 &<>\"'];=#/,\r\n\t~!"))).Draw(t, name)
}

// drawSubmission makes any submission; its amounts do not add up, which is no
// matter of the format.
func drawSubmission(t *rapid.T) adapter.Submission {
	amount := func(name string) faktur.Amount {
		return faktur.Cents(rapid.Int64Range(0, 9_999_999_999_999_999).Draw(t, name))
	}
	some := func(name string) *faktur.Amount { a := amount(name); return &a }
	rate := func(name string) *faktur.Rate {
		r := faktur.Percent(rapid.Int64Range(0, 200).Draw(t, name))
		return &r
	}
	s := adapter.Submission{Livemode: true, TaxpayerNPWP: "0012345674901000", Reference: rapid.StringMatching("[ -Z]{1,20}").Draw(t, "reference"),
		NSFP: rapid.StringMatching("[0-9]{13}").Draw(t, "nsfp")}
	s.Invoice = faktur.TaxInvoice{
		Date:    faktur.NewDate(2026, 1, rapid.IntRange(1, 700).Draw(t, "day")),
		TrxCode: rapid.SampledFrom([]string{"01", "02", "03", "04", "05", "08", "09", "10"}).Draw(t, "trx_code"),
		AddInfo: rapid.SampledFrom([]string{"", "TD.00501", "TD.00510"}).Draw(t, "add_info"),
		Buyer: faktur.Buyer{
			IDType:   rapid.SampledFrom([]string{"npwp", "nik", "passport", "other"}).Draw(t, "id_type"),
			IDNumber: rapid.StringMatching("[0-9A-Z]{9,16}").Draw(t, "id_number"),
			Name:     drawText(t, "name"), Address: drawText(t, "address"),
		},
	}
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		s.Invoice.Lines = append(s.Invoice.Lines, faktur.Line{
			Code: rapid.SampledFrom([]string{"", "123456"}).Draw(t, "code"), Name: drawText(t, "line name"),
			UnitPrice: amount("price"), Quantity: amount("quantity"), Discount: amount("discount"),
			DPP: some("dpp"), OtherDPP: some("other_dpp"), PPNRate: rate("ppn_rate"), PPN: some("ppn"), PPnBMRate: rate("ppnbm_rate"), PPnBM: some("ppnbm"),
		})
	}
	return s
}

// What is written is read back as it was, and every line is located where a
// parser finds it.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		batch := rapid.SliceOfN(rapid.Custom(drawSubmission), 1, 4).Draw(r, "batch")
		file := write(t, batch...)
		var want [][]string
		for i := range batch {
			want = append(want, expected(&batch[i])...)
		}
		rows := parse(t, file.Content)
		if diff := gocmp.Diff(want, rows); diff != "" {
			r.Fatalf("(-meant +read):\n%s", diff)
		}
		checkLines(r, file.Content, rows)
		if again := write(t, batch...); !bytes.Equal(again.Content, file.Content) || again.Name != file.Name {
			r.Fatal("the same batch gave two files")
		}
	})
}

// fataler is a test or a property's run.
type fataler interface {
	Fatalf(format string, args ...any)
}

// checkLines compares Places with the records that a parser finds.
func checkLines(t fataler, content []byte, rows [][]string) {
	for line := -1; line <= 3; line++ {
		if place, ok := adapter.Locate(efaktur.New(), content, line); ok {
			t.Fatalf("line %d is %+v", line, place)
		}
	}
	document, item := -1, -1
	for i, row := range rows {
		if row[0] == "FK" {
			document, item = document+1, -1
		} else {
			item++
		}
		want := adapter.Place{Document: document, Item: item, Element: row[0]}
		if got, ok := adapter.Locate(efaktur.New(), content, i+4); !ok || got != want {
			t.Fatalf("line %d is %+v, %v; want %+v", i+4, got, ok, want)
		}
	}
	if place, ok := adapter.Locate(efaktur.New(), content, len(rows)+4); ok {
		t.Fatalf("a line beyond the end is %+v", place)
	}
}

// Whatever the texts are, the document is refused or read back as it was.
func FuzzWrite(f *testing.F) {
	f.Add("INV/1", "PT Pembeli", "Jl. Merdeka 1", "Kertas A4", int64(10_000_050))
	f.Add("A,B", "\"", "\",\"", "\"\"\n\"FK\",", int64(49))
	f.Add("\\", "é", "\xff", "\x00", int64(0))
	f.Add("=1+1", "\r\n", " \t ", "#NIK#", int64(999_999_999_999_999_99))
	f.Fuzz(func(t *testing.T, reference, name, address, item string, cents int64) {
		s := ordinary(t)
		s.Reference, s.Invoice.Buyer.Name, s.Invoice.Buyer.Address, s.Invoice.Lines[1].Name = reference, name, address, item
		if cents >= 0 {
			s.Invoice.Lines[0].UnitPrice = faktur.Cents(cents % 100_000_000_000_000_000)
		}
		file, outcomes, err := efaktur.New().Write([]adapter.Submission{s})
		if err != nil {
			t.Fatal(err)
		}
		if outcomes[0].Status == faktur.SavedInvalid {
			if all := name + address + item; !strings.ContainsAny(reference, "\r\n\t") && regexp.MustCompile(`^[\t\r\n -\[\]-~]*$`).MatchString(reference+all) {
				t.Fatalf("%q is refused: %s", all, outcomes[0].Reason.Message)
			}
			return
		}
		rows := parse(t, file.Content)
		if diff := gocmp.Diff(expected(&s), rows); diff != "" {
			t.Fatalf("(-meant +read):\n%s", diff)
		}
		checkLines(t, file.Content, rows)
	})
}

// Places is asked about files as they are stored, and must bear any.
func FuzzPlaces(f *testing.F) {
	f.Add([]byte(headers+"\"FK\",\"04\"\n\"OF\",\"\"\n"), 5)
	f.Add([]byte(headers+"\"OF\",\"\"\n"), 4)
	f.Add([]byte("\n\n\n\n\"FK"), 5)
	f.Fuzz(func(t *testing.T, content []byte, line int) {
		place, ok := adapter.Locate(efaktur.New(), content, line)
		if ok && (place.Document < 0 || place.Item < -1 || place.Element != "FK" && place.Element != "OF") {
			t.Fatalf("%+v", place)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	s := ordinary(b)
	s.Invoice.Lines = append(s.Invoice.Lines, s.Invoice.Lines[0], s.Invoice.Lines[1], s.Invoice.Lines[0])
	batch := make([]adapter.Submission, 1000)
	for i := range batch {
		batch[i] = s
	}
	b.ReportAllocs()
	for b.Loop() {
		file, _, err := efaktur.New().Write(batch)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(file.Content)))
	}
}
