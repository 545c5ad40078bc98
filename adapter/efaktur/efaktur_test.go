package efaktur_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/efaktur"
	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares a file with the one kept, or keeps it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-kept +written):\n%s", name, diff)
	}
}

const drawn = "0002600000042"

// submission is one with a number drawn for it.
func submission(t testing.TB, inv faktur.TaxInvoice) adapter.Submission {
	t.Helper()
	s := adaptertest.SubmissionOf(t, inv, true)
	s.NSFP = drawn
	return s
}

func ordinary(t testing.TB) adapter.Submission {
	t.Helper()
	s := adaptertest.Submission(t, "INV/1", true)
	s.NSFP = drawn
	return s
}

// write writes a batch that must go into a file as a whole.
func write(t testing.TB, batch ...adapter.Submission) adapter.File {
	t.Helper()
	file, outcomes, err := efaktur.New().Write(batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Certainty != adapter.Known || o.Status != faktur.AwaitingUpload || o.Reason != nil {
			t.Fatalf("document %d is %+v, with reason %+v", i, o, o.Reason)
		}
	}
	return file
}

// parse reads a file's records, which must each have their own line, and its
// three headers, which it leaves out.
func parse(t testing.TB, content []byte) [][]string {
	t.Helper()
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, content)
	}
	if lines := bytes.Count(content, []byte("\n")); len(rows) != lines || len(rows) < 3 {
		t.Fatalf("%d records on %d lines", len(rows), lines)
	}
	return rows[3:]
}

func wantRefusal(t *testing.T, s adapter.Submission, code string) *faktur.Reason {
	t.Helper()
	file, outcomes, err := efaktur.New().Write([]adapter.Submission{s})
	if err != nil || len(file.Content) != 0 || len(outcomes) != 1 {
		t.Fatalf("%d bytes, outcomes %+v, %v", len(file.Content), outcomes, err)
	}
	o := outcomes[0]
	if o.Certainty != adapter.Known || o.Status != faktur.SavedInvalid || o.Reason == nil {
		t.Fatalf("outcome %+v", o)
	}
	if o.Reason.Code != code || o.Reason.Action != faktur.ActionCorrectContent || o.Reason.Origin != faktur.OriginGateway || o.Reason.Message == "" {
		t.Errorf("reason %+v, want the code %s", o.Reason, code)
	}
	return o.Reason
}

func TestInvoicesAreWrittenAsBefore(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"trx-06": "trx_code_not_on_channel", "trx-07": "trx_code_not_on_channel", "not-ascii": "character_not_carried",
	}
	for _, c := range adaptertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			s := submission(t, c.Invoice)
			if code := refused[c.Name]; code != "" {
				wantRefusal(t, s, code)
				return
			}
			golden(t, c.Name+".csv", write(t, s).Content)
		})
	}
}

// The three headers of FACTS 6, as Odoo's file has them.
const headers = `"FK","KD_JENIS_TRANSAKSI","FG_PENGGANTI","NOMOR_FAKTUR","MASA_PAJAK","TAHUN_PAJAK","TANGGAL_FAKTUR","NPWP","NAMA","ALAMAT_LENGKAP","JUMLAH_DPP","JUMLAH_PPN","JUMLAH_PPNBM","ID_KETERANGAN_TAMBAHAN","FG_UANG_MUKA","UANG_MUKA_DPP","UANG_MUKA_PPN","UANG_MUKA_PPNBM","REFERENSI","KODE_DOKUMEN_PENDUKUNG"
"LT","NPWP","NAMA","JALAN","BLOK","NOMOR","RT","RW","KECAMATAN","KELURAHAN","KABUPATEN","PROPINSI","KODE_POS","NOMOR_TELEPON"
"OF","KODE_OBJEK","NAMA","HARGA_SATUAN","JUMLAH_BARANG","HARGA_TOTAL","DISKON","DPP","PPN","TARIF_PPNBM","PPNBM"
`

func TestHeadersAndQuotes(t *testing.T) {
	t.Parallel()
	file := write(t, ordinary(t))
	if !strings.HasPrefix(string(file.Content), headers) {
		t.Errorf("the headers are:\n%s", file.Content)
	}
	if file.Name != "efaktur-0012345674901000-20261122.csv" || file.MediaType != "text/csv" {
		t.Errorf("file %q of %q", file.Name, file.MediaType)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(file.Content), "\n"), "\n") {
		if !strings.HasPrefix(line, `"`) || !strings.HasSuffix(line, `"`) || strings.Contains(line, "\r") {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
}

// The guide names every column that records have.
func TestGuideNamesEveryColumn(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/file-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.SplitAfter(headers, "\n")[0])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := csv.NewReader(strings.NewReader(strings.SplitAfter(headers, "\n")[2])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range append(rows[0], objects[0]...) {
		if !bytes.Contains(guide, []byte("`"+column+"`")) {
			t.Errorf("docs/file-formats.md does not name %s", column)
		}
	}
}

func TestAmountsAreWholeRupiahAndSumUp(t *testing.T) {
	t.Parallel()
	inv := adaptertest.Cases()[0].Invoice
	inv.TrxCode, inv.Lines[0].Luxury = "09", false
	line := inv.Lines[0]
	inv.Lines = nil
	// Each line's PPN is x.50 or less: summed and then rounded it would be another.
	for _, cents := range []int64{1_500_000_49, 1_900_000_50, 4_54, 4_54, 4_54} {
		line.UnitPrice, line.Quantity, line.Discount = faktur.Cents(cents), faktur.Rupiah(1), faktur.Cents(50)
		inv.Lines = append(inv.Lines, line)
	}
	s := submission(t, inv)
	rows := parse(t, write(t, s).Content)
	of := [][]string{ // price, quantity, total, discount, DPP, PPN
		{"1500000.49", "1", "1500000", "0", "1500000", "165000"}, // less 0.50 is 1499999.99
		{"1900000.5", "1", "1900001", "1", "1900000", "209000"},
		{"4.54", "1", "5", "1", "4", "0"}, {"4.54", "1", "5", "1", "4", "0"}, {"4.54", "1", "5", "1", "4", "0"},
	}
	for i, want := range of {
		if got := rows[i+1][3:9]; !slices.Equal(got, want) {
			t.Errorf("line %d is %v, want %v", i, got, want)
		}
	}
	if got, want := rows[0][10:13], []string{"3400012", "374000", "0"}; !slices.Equal(got, want) {
		t.Errorf("sums %v, want %v", got, want)
	}
}

func TestNumberAndDate(t *testing.T) {
	t.Parallel()
	for drawn, want := range map[string]string{
		"0002600000042":       "0002600000042", // as e-Nofa gives it
		"0400002600000042":    "0002600000042", // with code 04 and status 0
		"040.000-26.00000042": "0002600000042",
	} {
		s := ordinary(t)
		s.NSFP, s.Invoice.Date = drawn, faktur.NewDate(2026, 3, 9)
		fk := parse(t, write(t, s).Content)[0]
		if got := fk[1:7]; !slices.Equal(got, []string{"04", "0", want, "3", "2026", "9/3/2026"}) {
			t.Errorf("%s: %v", drawn, got)
		}
	}
	for _, drawn := range []string{"", "123", "000260000004x", "٠٠٠٢٦٠٠٠٠٠٠٤٢"} {
		s := ordinary(t)
		s.NSFP = drawn
		file, outcomes, err := efaktur.New().Write([]adapter.Submission{ordinary(t), s})
		if err == nil || outcomes != nil || len(file.Content) != 0 || !strings.Contains(err.Error(), s.ClientID) {
			t.Errorf("%q: %d bytes, %v, %v", drawn, len(file.Content), outcomes, err)
		}
	}
}

// A number is not asked of what is refused anyway.
func TestRefusedNeedsNoNumber(t *testing.T) {
	t.Parallel()
	s := ordinary(t)
	s.NSFP, s.ReplacesNSFP = "", "0400002600000042"
	wantRefusal(t, s, "replacement_not_carried")
}

func TestPayments(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"ordinary": {"0", "0", "0", "0"}, "": {"0", "0", "0", "0"},
		"down_payment": {"1", "90000", "9900", "0"}, "settlement": {"2", "90000", "9900", "0"},
	} {
		inv := adaptertest.Cases()[3].Invoice
		dpp := faktur.Rupiah(90_000)
		switch name {
		case "ordinary":
			inv.Payment = faktur.Payment{Type: faktur.PaymentNormal}
		case "settlement":
			inv.Payment = faktur.Payment{Type: name, DPP: &dpp, FirstNSFP: "0400002600000001"}
		case "down_payment":
			inv.Payment = faktur.Payment{Type: name, DPP: &dpp}
		}
		fk := parse(t, write(t, submission(t, inv)).Content)[0]
		if !slices.Equal(fk[14:18], want) || fk[10] != "300000" {
			t.Errorf("%s: %v of %s, want %v", name, fk[14:18], fk[10], want)
		}
	}
}

func TestWhatTheApplicationDoesNotTake(t *testing.T) {
	t.Parallel()
	with := func(change func(*adapter.Submission)) adapter.Submission {
		s := ordinary(t)
		change(&s)
		return s
	}
	for code, s := range map[string]adapter.Submission{
		"trx_code_not_on_channel":         with(func(s *adapter.Submission) { s.Invoice.TrxCode = "06" }),
		"replacement_not_carried":         with(func(s *adapter.Submission) { s.ReplacesNSFP = "0400002600000042" }),
		"return_not_carried":              {Livemode: true, TaxpayerNPWP: "0012345674901000", Return: &faktur.Return{}},
		"supporting_document_not_carried": with(func(s *adapter.Submission) { s.Invoice.SupportingDocument.Number = "PPBJ-1" }),
	} {
		wantRefusal(t, s, code)
	}
	if reason := wantRefusal(t, with(func(s *adapter.Submission) { s.ReplacesNSFP = "0400002600000042" }), "replacement_not_carried"); !strings.Contains(reason.Message, "ETAX-API-10056") {
		t.Error(reason.Message)
	}
}

// places are the texts of an invoice that go into the file.
var places = map[string]func(*adapter.Submission) *string{
	"/reference":     func(s *adapter.Submission) *string { return &s.Reference },
	"/buyer/name":    func(s *adapter.Submission) *string { return &s.Invoice.Buyer.Name },
	"/buyer/address": func(s *adapter.Submission) *string { return &s.Invoice.Buyer.Address },
	"/lines/1/name":  func(s *adapter.Submission) *string { return &s.Invoice.Lines[1].Name },
}

func TestCharactersBeyondASCIIAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Café":     "U+00E9 as its character 4",
		"a\u00a0b": "U+00A0 as its character 2",
		"é\\":      "U+00E9 as its character 1",
		`C:\`:      "U+005C as its character 3",
		"\x7f":     "U+007F as its character 1",
		"a\x00":    "U+0000 as its character 2",
		"\xff":     "U+FFFD as its character 1",
	} {
		for pointer, place := range places {
			s := ordinary(t)
			*place(&s) = text
			reason := wantRefusal(t, s, "character_not_carried")
			if !strings.HasPrefix(reason.Message, pointer+" holds "+want) || !strings.Contains(reason.Message, "ETAX-API-10001") {
				t.Errorf("%q at %s: %s", text, pointer, reason.Message)
			}
		}
	}
	s := ordinary(t)
	s.Invoice.Buyer.IDType, s.Invoice.Buyer.IDNumber = faktur.IDTypePassport, "É1"
	wantRefusal(t, s, "character_not_carried")
	s = ordinary(t)
	s.Invoice.Buyer.Email = "é@example.com" // is not written
	write(t, s)
	s.Reference = "INV\n1"
	wantRefusal(t, s, "character_not_carried")
}

func TestARefusedDocumentHarmsNoOther(t *testing.T) {
	t.Parallel()
	good, other, refused := ordinary(t), ordinary(t), ordinary(t)
	other.Reference, other.NSFP = "INV/3", "0002600000043"
	refused.Invoice.TrxCode = "07"
	file, outcomes, err := efaktur.New().Write([]adapter.Submission{good, refused, other})
	if err != nil || outcomes[0].Status != faktur.AwaitingUpload || outcomes[1].Status != faktur.SavedInvalid || outcomes[2].Status != faktur.AwaitingUpload {
		t.Fatalf("outcomes %+v, %v", outcomes, err)
	}
	if without := write(t, good, other); !bytes.Equal(file.Content, without.Content) || file.Name != without.Name {
		t.Error("the file differs from the one without the refused document")
	}
}

func TestBatchesThatNoFileHolds(t *testing.T) {
	t.Parallel()
	ofAnother, simulated := ordinary(t), ordinary(t)
	ofAnother.TaxpayerNPWP, simulated.Livemode = "0098765431109000", false
	for name, batch := range map[string][]adapter.Submission{
		"simulated":         {simulated},
		"two taxpayers":     {ordinary(t), ofAnother},
		"more than it says": slices.Repeat([]adapter.Submission{ordinary(t)}, 1001),
	} {
		file, outcomes, err := efaktur.New().Write(batch)
		if err == nil || outcomes != nil || len(file.Content) != 0 {
			t.Errorf("%s: %d bytes, %d outcomes, %v", name, len(file.Content), len(outcomes), err)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	channel := efaktur.New()
	got, err := channel.Describe(t.Context())
	want := adapter.Description{Livemode: true, MaxBatch: 1000, Capabilities: adapter.Capabilities{Files: true, DrawsNSFP: true, DownPayment: true}}
	if err != nil || got != want || channel.Name() != faktur.ChannelEfakturDesktop {
		t.Errorf("%s is %+v, %v", channel.Name(), got, err)
	}
}

func TestInvoiceOfManyLines(t *testing.T) {
	t.Parallel()
	inv := adaptertest.Cases()[0].Invoice
	for i := 1; i < faktur.MaxLines; i++ {
		line := inv.Lines[0]
		line.Name = fmt.Sprintf("Barang %d", i)
		inv.Lines = append(inv.Lines, line)
	}
	rows := parse(t, write(t, submission(t, inv)).Content)
	if len(rows) != 1+faktur.MaxLines || rows[5000][2] != "Barang 4999" || rows[0][10] != "1500000000" {
		t.Errorf("%d records, sum %s", len(rows), rows[0][10])
	}
}
