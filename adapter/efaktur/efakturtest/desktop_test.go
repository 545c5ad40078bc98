package efakturtest_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/adapter/efaktur/efakturtest"
)

// noon of 22 November 2026 in Jakarta.
func noon() time.Time { return time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC) }

func newDesktop(change ...func(*efakturtest.Config)) *efakturtest.Desktop {
	config := efakturtest.Config{
		NPWP: "0012345674901000", Name: "PT Penjual", Clock: noon,
		Ranges: []efakturtest.Range{{First: "0022600000001", Last: "0022600000002"}, {First: "0022600000003", Last: "0022600000009"}},
	}
	for _, c := range change {
		c(&config)
	}
	return efakturtest.New(config)
}

func good(t testing.TB) string {
	t.Helper()
	file, err := os.ReadFile("testdata/good.csv")
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

func TestImport(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"as it is":             good(t),
		"carriage returns":     strings.ReplaceAll(good(t), "\n", "\r\n"),
		"no line feed at last": strings.TrimSuffix(good(t), "\n"),
	} {
		d := newDesktop()
		if n, err := d.Import([]byte(file)); n != 3 || err != nil {
			t.Errorf("%s: %d %v", name, n, err)
		}
	}
}

func TestSignAndExport(t *testing.T) {
	t.Parallel()
	d := newDesktop(func(c *efakturtest.Config) {
		c.Invalid = func(row coretaxtest.Row) string {
			if row.Reference == "INV/2026/11/0002" {
				return "ETAX-40001"
			}
			return ""
		}
	})
	if _, err := d.Import([]byte(good(t))); err != nil {
		t.Fatal(err)
	}
	options := coretaxtest.ExportOptions{Columns: []string{
		coretaxtest.ColumnReference, coretaxtest.ColumnNSFP, coretaxtest.ColumnStatus, coretaxtest.ColumnDPP, coretaxtest.ColumnPPN, coretaxtest.ColumnPPnBM}}
	list := func() string {
		file, err := d.Export(options)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}
	headings := "Referensi,Nomor Faktur Pajak,Status Faktur,Harga Jual/Penggantian/DPP,PPN,PPnBM\n"
	if got := list(); got != headings {
		t.Errorf("before signing the list is %q", got)
	}
	d.SignAll()
	want := headings +
		"INV/2026/11/0001,0400022600000001,Approved,324500.00,35695.00,0.00\n" +
		"INV/2026/11/0002,0100022600000002,Saved Invalid,100000.00,12000.00,20000.00\n" +
		"INV/2026/11/0003,0800022600000003,Approved,157500.00,0.00,0.00\n"
	if got := list(); got != want {
		t.Errorf("the list is\n%swant\n%s", got, want)
	}
	if row, found := d.Row("INV/2026/11/0002"); !found || row.Reason != "ETAX-40001" || row.BuyerName != `3174015506800001#NIK#NAMA#Budi "Bud" Santoso` {
		t.Errorf("%+v", row)
	}
}

// TestNumbersAreUsedOnce: also not by a file that comes later, but a refused
// file uses none.
func TestNumbersAreUsedOnce(t *testing.T) {
	t.Parallel()
	d := newDesktop()
	if _, err := d.Import([]byte(strings.Replace(good(t), `"Beras"`, `""`, 1))); err == nil {
		t.Fatal("a bad file was taken")
	}
	if len(d.Rows()) != 0 {
		t.Errorf("rows of a refused file: %+v", d.Rows())
	}
	if _, err := d.Import([]byte(good(t))); err != nil {
		t.Fatal(err)
	}
	_, err := d.Import([]byte(good(t)))
	if refused, ok := errors.AsType[*efakturtest.Refused](err); !ok || len(refused.Faults) != 3 || !strings.Contains(err.Error(), "used already") {
		t.Errorf("the same file again: %v", err)
	}
}

func TestBackdating(t *testing.T) {
	t.Parallel()
	tomorrow := func(c *efakturtest.Config) { c.Clock = func() time.Time { return noon().Add(24 * time.Hour) } }
	if _, err := newDesktop(tomorrow).Import([]byte(good(t))); err == nil {
		t.Error("invoices of yesterday were taken")
	}
	lenient := func(c *efakturtest.Config) { c.Backdating = true }
	if _, err := newDesktop(tomorrow, lenient).Import([]byte(good(t))); err != nil {
		t.Error(err)
	}
}

func TestMutations(t *testing.T) {
	t.Parallel()
	_, invoices, _ := strings.Cut(good(t), "\"TARIF_PPNBM\",\"PPNBM\"\n")
	for _, m := range []struct {
		name, old, new string // the first old becomes new; old "" puts new before the file
		line           int
		says           string // part of its column and message
	}{
		{"no heading", "\"FK\",\"KD_", "\"KD_", 1, "the heading"},
		{"headings swapped", `"NPWP","NAMA","JALAN"`, `"NAMA","NPWP","JALAN"`, 2, "the heading"},
		{"heading not quoted", `"OF","KODE_OBJEK"`, `OF,KODE_OBJEK`, 3, "the heading"},
		{"byte order mark", "", "\ufeff", 1, "the heading"},
		{"empty file", good(t), "", 1, "the heading"},
		{"only headings", invoices, "", 3, "no invoice"},
		{"unknown line", `"OF","","Kertas A4"`, `"LT","","Kertas A4"`, 5, `begins with "LT"`},
		{"empty line", "\"OF\",\"\",\"Kertas A4\"", "\n\"OF\",\"\",\"Kertas A4\"", 5, "The line is empty"},
		{"line of no invoice", `"FK","04","0"`, "\"OF\",\"\",\"x\",\"1\",\"1\",\"1\",\"0\",\"1\",\"0\",\"0\",\"0\"\n\"FK\",\"04\",\"0\"", 4, "A line of no invoice"},
		{"invoice without lines", `"OF","","Mobil","100000","1","100000","0","100000","12000","20","20000"` + "\n", "", 7, "FK: The invoice has no OF line"},
		{"value missing", `"INV/2026/11/0001","0"`, `"INV/2026/11/0001"`, 4, "FK: It has 19 values, and 20 columns"},
		{"value too many", `"33000","0","0"`, `"33000","0","0","0"`, 5, "OF: It has 12 values, and 11 columns"},
		{"value not quoted", `"33000"`, `33000`, 5, "quotation marks"},
		{"semicolons", `"33000","0"`, `"33000";"0"`, 5, "only a comma"},
		{"quote not doubled", `""Bud""`, `"Bud"`, 7, "only a comma"},
		{"quote with a backslash", `""Bud""`, `\"Bud\"`, 7, "only a comma"},
		{"quote never closed", `"Kertas A4"`, `"Kertas A4`, 5, "only a comma"},
		{"last quote never closed", "\"20\",\"20000\"\n", "\"20\",\"20000\n", 8, "never closed"},
		{"line break in a value", "Jl. Merdeka 1, ", "Jl. Merdeka 1,\n", 4, "never closed"},
		{"not ASCII", "Kertas A4", "Kertas Müller", 5, "ETAX-API-10001"},
		{"not UTF-8", "Kertas A4", "Kertas \xe9", 5, "ETAX-API-10001"},
		{"tab", "Kertas A4", "Kertas\tA4", 5, "ETAX-API-10001"},

		{"code 06", `"FK","04"`, `"FK","06"`, 4, "Invoices of code 06"},
		{"code 07", `"FK","04"`, `"FK","07"`, 4, "Invoices of code 07"},
		{"code 11", `"FK","04"`, `"FK","11"`, 4, "01 to 10"},
		{"a replacement", `"FK","04","0"`, `"FK","04","1"`, 4, "ETAX-API-10056"},
		{"number with its code", "0022600000001", "0400022600000001", 4, "13 digits"},
		{"number in its print", "0022600000001", "002-26.00000001", 4, "13 digits"},
		{"number used twice", "0022600000002", "0022600000001", 7, "used already"},
		{"number of another", "0022600000001", "0022600000010", 4, "no range of yours"},
		{"month with a zero", `"11","2026","22/11/2026"`, `"011","2026","22/11/2026"`, 4, "MASA_PAJAK: It is a month"},
		{"another month", `"11","2026","22/11/2026"`, `"10","2026","22/11/2026"`, 4, "the date is of month 11"},
		{"another year", `"11","2026","22/11/2026"`, `"11","2025","22/11/2026"`, 4, "the date is of 2026"},
		{"ISO date", "22/11/2026", "2026-11-22", 4, "D/M/YYYY"},
		{"month before day", "22/11/2026", "11/22/2026", 4, "not a day of the calendar"},
		{"date with zeros", `"11","2026","22/11/2026"`, `"11","2026","02/11/2026"`, 4, "without leading zeros"},
		{"31 November", "22/11/2026", "31/11/2026", 4, "not a day of the calendar"},
		{"yesterday", "22/11/2026", "21/11/2026", 4, "The day 2026-11-21 is over"},
		{"tomorrow", "22/11/2026", "23/11/2026", 4, "still to come"},
		{"NPWP with points", "0098765431109000", "09.876.543.1-109.000", 4, "15 or 16 digits"},
		{"NIK of 15 digits", "3174015506800001#", "317401550680000#", 7, "A NIK has 16 digits"},
		{"number of a buyer without its kind", "3174015506800001#NIK#NAMA#", "3174015506800001#NAMA#", 7, "NUMBER#NIK#NAMA#NAME"},
		{"no name", "PT Pembeli", "", 4, "NAMA: It is required"},
		{"space after an address", "1, Jakarta", "1, Jakarta ", 4, "no spaces around it"},
		{"decimals in a total", `"324500"`, `"324500.00"`, 4, "whole rupiah"},
		{"points between thousands", `"324500"`, `"324.500"`, 4, "whole rupiah"},
		{"negative", `"500"`, `"-500"`, 6, "whole rupiah"},
		{"total not of its lines", `"324500"`, `"324501"`, 4, "the lines add up to 324500"},
		{"PPN not of its lines", `"35695"`, `"35694"`, 4, "JUMLAH_PPN: It is 35694, and the lines add up to 35695"},
		{"PPnBM not of its lines", `"12000","20000"`, `"12000","0"`, 7, "JUMLAH_PPNBM"},
		{"base not total less discount", `"300000","0","300000"`, `"300000","1","300000"`, 5, "DPP: It is 300000, and HARGA_TOTAL - DISKON = 299999"},
		{"total not price x quantity", `"100000","3"`, `"100000","2"`, 5, "HARGA_SATUAN x JUMLAH_BARANG = 200000"},
		{"PPN of another base", `"35695","0","","0","0","0","0","INV/2026/11/0001","0"` + "\n" + `"OF","","Kertas A4","100000","3","300000","0","300000","33000"`, `"38697","0","","0","0","0","0","INV/2026/11/0001","0"` + "\n" + `"OF","","Kertas A4","100000","3","300000","0","300000","36002"`, 5, "12 % of DPP is 36000"},
		{"price in hundreds", `"25000.50","1","25000"`, `"250.50","1","25000"`, 6, "JUMLAH_BARANG = 250.5"},
		{"three decimals", "25000.50", "25000.500", 6, "two decimals"},
		{"comma decimals", "25000.50", "25000,50", 6, "two decimals"},
		{"quantity 0", `"Kertas A4","100000","3"`, `"Kertas A4","100000","0"`, 5, "JUMLAH_BARANG: It is 0"},
		{"no name of a line", "Kertas A4", "", 5, "NAMA: It is required"},
		{"additional information under 04", `"0","","0","0"`, `"0","1","0","0"`, 4, "for code 08 only"},
		{"08 without it", `"10","1","50000"`, `"","1","50000"`, 9, "required for code 08"},
		{"the code of DJP's list", `"10","1","50000"`, `"TD.00510","1","50000"`, 9, "number of an additional"},
		{"amount of no down payment", `"10","1","50000"`, `"10","0","50000"`, 9, "It is 0 unless"},
		{"down payment of nothing", `"10","1","50000"`, `"10","1","0"`, 9, "UANG_MUKA_DPP: It is required"},
		{"down payment beyond the price", `"10","1","50000"`, `"10","1","157501"`, 9, "more than JUMLAH_DPP"},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good(t), m.old) {
				t.Fatalf("the file has no %q", m.old)
			}
			d := newDesktop()
			_, err := d.Import([]byte(strings.Replace(good(t), m.old, m.new, 1)))
			refused, ok := errors.AsType[*efakturtest.Refused](err)
			if !ok {
				t.Fatalf("taken: %v", err)
			}
			if f := refused.Faults[0]; f.Line != m.line || !strings.Contains(f.Column+": "+f.Message, m.says) {
				t.Errorf("refused by %v\nwant line %d and %q first", refused, m.line, m.says)
			}
			if len(d.Rows()) > 0 {
				t.Errorf("rows were taken: %+v", d.Rows())
			}
		})
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(good(f)))
	f.Add([]byte("\"FK\"\n\"OF\",\"\"\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		d := newDesktop()
		n, err := d.Import(file)
		if _, refused := errors.AsType[*efakturtest.Refused](err); (n > 0) == refused || n != len(d.Rows()) {
			t.Errorf("%d invoices, %d rows, error %v", n, len(d.Rows()), err)
		}
	})
}
