package faktur_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// line gives an invoice of one line.
func line(trxCode string, l faktur.Line) faktur.TaxInvoice {
	inv := faktur.TaxInvoice{
		Reference: "INV/1", Date: date("2026-11-02"), TrxCode: trxCode,
		Seller: faktur.Seller{NPWP: "0012345674901000", NITKU: "0012345674901000000000"},
		Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1", Country: "IDN"},
	}
	if trxCode == "07" || trxCode == "08" {
		inv.AddInfo, inv.FacilityStamp = "TD.00503", "TD.01103"
	}
	l.Kind, l.Code, l.Name, l.Unit = faktur.Goods, "000000", "Barang", "UM.0018"
	if l.Quantity.Absent() {
		l.Quantity = amount("1")
	}
	inv.Lines = []faktur.Line{l}
	return inv
}

func TestAmountsAreComputed(t *testing.T) {
	t.Parallel()
	cents, rupiah := faktur.Settings{}, faktur.Settings{Rounding: faktur.RoundRupiah}
	for _, c := range []struct {
		name     string
		trx      string
		settings faktur.Settings
		line     faktur.Line
		want     string // DPP, DPP nilai lain, PPN, PPnBM
	}{
		// FACTS 4a.
		{"ordinary goods", "04", cents, faktur.Line{UnitPrice: amount("100000")}, "100000.00 91666.67 11000.00 0.00"},
		{"luxury goods at full base", "01", cents, faktur.Line{UnitPrice: amount("100000"), Luxury: true}, "100000.00 100000.00 12000.00 0.00"},
		{"an approved invoice in whole rupiah", "04", rupiah, faktur.Line{UnitPrice: amount("353189")}, "353189.00 323757.00 38851.00 0.00"},
		// PER-11/PJ/2025 art. 129: below 0.50 down, from 0.50 up.
		{"0.49 down", "01", rupiah, faktur.Line{UnitPrice: amount("1500000.49"), Luxury: true}, "1500000.00 1500000.00 180000.00 0.00"},
		{"0.50 up", "01", rupiah, faktur.Line{UnitPrice: amount("1900000.50"), Luxury: true}, "1900001.00 1900001.00 228000.00 0.00"},

		{"half a cent goes up", "01", cents, faktur.Line{UnitPrice: amount("0.01"), Quantity: amount("0.5")}, "0.01 0.01 0.00 0.00"},
		{"less than half a cent goes down", "01", cents, faktur.Line{UnitPrice: amount("0.01"), Quantity: amount("0.49")}, "0.00 0.00 0.00 0.00"},
		{"rounded once, not twice", "01", rupiah, faktur.Line{UnitPrice: amount("0.99"), Quantity: amount("0.5")}, "0.00 0.00 0.00 0.00"}, // 0.495, not 0.50
		{"the line's discount", "04", cents, faktur.Line{UnitPrice: amount("1000"), Quantity: amount("12"), Discount: amount("600")}, "11400.00 10450.00 1254.00 0.00"},
		{"all of it discounted", "04", cents, faktur.Line{UnitPrice: amount("1000"), Discount: amount("1000")}, "0.00 0.00 0.00 0.00"},
		{"no float", "04", cents, faktur.Line{UnitPrice: amount("0.1"), Quantity: amount("3")}, "0.30 0.28 0.03 0.00"},
		{"very large", "01", cents, faktur.Line{UnitPrice: amount("999999999999999.99"), Luxury: true}, "999999999999999.99 999999999999999.99 120000000000000.00 0.00"},

		{"11/12 under 02", "02", cents, faktur.Line{UnitPrice: amount("100000")}, "100000.00 91666.67 11000.00 0.00"},
		{"11/12 under 07, PPN shown though not collected", "07", cents, faktur.Line{UnitPrice: amount("100000")}, "100000.00 91666.67 11000.00 0.00"},
		{"full base on a luxury line of another code", "02", cents, faktur.Line{UnitPrice: amount("100000"), Luxury: true}, "100000.00 100000.00 12000.00 0.00"},
		{"full base of an ordinary line under 01", "01", cents, faktur.Line{UnitPrice: amount("100000")}, "100000.00 100000.00 12000.00 0.00"},
		{"05 with its own PPN", "05", cents, faktur.Line{UnitPrice: amount("2500000"), PPN: given("27500")}, "2500000.00 2500000.00 27500.00 0.00"},
		{"05 with its own base", "05", cents, faktur.Line{UnitPrice: amount("2500000"), OtherDPP: given("250000"), PPN: given("30000")}, "2500000.00 250000.00 30000.00 0.00"},
		{"own nilai lain", "04", cents, faktur.Line{UnitPrice: amount("20000000"), OtherDPP: given("10000000")}, "20000000.00 10000000.00 1200000.00 0.00"},
		{"another rate", "04", cents, faktur.Line{UnitPrice: amount("120000"), PPNRate: rate("1.1")}, "120000.00 110000.00 1210.00 0.00"},
		{"PPnBM", "01", cents, faktur.Line{UnitPrice: amount("1250000000"), Luxury: true, PPnBMRate: rate("40")}, "1250000000.00 1250000000.00 150000000.00 500000000.00"},
		{"PPnBM of DPP nilai lain", "01", cents, faktur.Line{UnitPrice: amount("1000"), Luxury: true, OtherDPP: given("900"), PPnBMRate: rate("12.5")}, "1000.00 900.00 108.00 112.50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := assessWith(line(c.trx, c.line), c.settings)
			if err != nil {
				t.Fatal(err)
			}
			l := a.Lines[0]
			got := l.DPP.String() + " " + l.OtherDPP.String() + " " + l.PPN.String() + " " + l.PPnBM.String()
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// edit makes a case of one line of 100,000 rupiah under a code.
func edit(trxCode string, change func(*faktur.Line)) func(*faktur.TaxInvoice) {
	return func(inv *faktur.TaxInvoice) {
		l := faktur.Line{UnitPrice: amount("100000")}
		change(&l)
		*inv = line(trxCode, l)
	}
}

// amountRefusals: DPP always, PPN under 01, 04 and 09 (CONTRACT "Amounts").
var amountRefusals = []ruleCase{
	{"DPP beyond tolerance", "", edit("04", func(l *faktur.Line) { l.DPP = given("100000.02") }), []string{"/lines/0/dpp dpp_mismatch"}},
	{"DPP beyond tolerance under 10 too", "", edit("10", func(l *faktur.Line) { l.DPP = given("99999.98") }), []string{"/lines/0/dpp dpp_mismatch"}},
	{"PPN beyond tolerance under 04", "", edit("04", func(l *faktur.Line) { l.PPN = given("11000.02") }), []string{"/lines/0/ppn ppn_mismatch"}},
	{"PPN of the full base under 04", "", edit("04", func(l *faktur.Line) { l.PPN = given("12000") }), []string{"/lines/0/ppn ppn_mismatch"}},
	{"PPN of 11/12 under 01", "", edit("01", func(l *faktur.Line) { l.PPN = given("11000"); l.Luxury = true }), []string{"/lines/0/ppn ppn_mismatch"}},
	{"PPN beyond tolerance under 09", "", edit("09", func(l *faktur.Line) { l.PPN = given("10999.98") }), []string{"/lines/0/ppn ppn_mismatch"}},
	{"PPN does not fit the given nilai lain", "", edit("04", func(l *faktur.Line) { l.OtherDPP = given("50000"); l.PPN = given("11000") }), []string{"/lines/0/ppn ppn_mismatch"}},
	{"05 without its PPN", "", edit("05", func(*faktur.Line) {}), []string{"/lines/0/ppn required"}},
}

var amountDoubts = []ruleCase{
	{"given as computed", "", edit("04", func(l *faktur.Line) { l.DPP, l.OtherDPP, l.PPN = given("100000"), given("91666.67"), given("11000") }), nil},
	{"DPP a cent off", "", edit("02", func(l *faktur.Line) { l.DPP = given("99999.99") }), []string{"/lines/0/dpp within_tolerance"}},
	{"PPN a cent off", "", edit("04", func(l *faktur.Line) { l.PPN = given("11000.01") }), []string{"/lines/0/ppn within_tolerance"}},
	{"nilai lain a cent off", "", edit("04", func(l *faktur.Line) { l.OtherDPP = given("91666.66") }), []string{"/lines/0/other_dpp within_tolerance"}},
	{"another nilai lain", "", edit("04", func(l *faktur.Line) { l.OtherDPP = given("10000"); l.PPN = given("1200") }), []string{"/lines/0/other_dpp other_dpp_unusual"}},
	{"11/12 under 01", "", edit("01", func(l *faktur.Line) { l.OtherDPP = given("91666.67"); l.Luxury = true }), []string{"/lines/0/other_dpp other_dpp_unusual"}},
	{"another PPN under 02", "", edit("02", func(l *faktur.Line) { l.PPN = given("12000") }), []string{"/lines/0/ppn ppn_unusual"}},
	{"no PPN under 07", "", edit("07", func(l *faktur.Line) { l.PPN = given("0") }), []string{"/lines/0/ppn ppn_unusual"}},
	{"besaran tertentu", "", edit("05", func(l *faktur.Line) { l.PPN = given("1100") }), []string{"/lines/0/ppn ppn_unusual"}},
	{"rate 11", "", edit("04", func(l *faktur.Line) { l.PPNRate = rate("11") }), []string{"/lines/0/ppn_rate ppn_rate_unusual"}},
	{"rate 12.00 is 12", "", edit("04", func(l *faktur.Line) { l.PPNRate = rate("12.00") }), nil},
	{"PPnBM without its rate", "", edit("01", func(l *faktur.Line) { l.PPnBM = given("500"); l.Luxury = true }), []string{"/lines/0/ppnbm ppnbm_unusual"}},
	{"PPnBM a cent off", "", edit("01", func(l *faktur.Line) { l.PPnBMRate, l.PPnBM, l.Luxury = rate("10"), given("9999.99"), true }), []string{"/lines/0/ppnbm within_tolerance"}},
}

func TestToleranceIsTheSellersChoice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings faktur.Settings
		dpp      string
		taken    bool
	}{
		{"one cent by default", faktur.Settings{}, "100000.01", true},
		{"not two", faktur.Settings{}, "100000.02", false},
		{"one rupiah in whole rupiah", faktur.Settings{Rounding: faktur.RoundRupiah}, "100001", true},
		{"not more", faktur.Settings{Rounding: faktur.RoundRupiah}, "99998.99", false},
		{"named", faktur.Settings{Tolerance: given("5")}, "99995", true},
		{"beyond the named one", faktur.Settings{Tolerance: given("5")}, "100005.01", false},
		{"none", faktur.Settings{Tolerance: given("0")}, "100000.01", false},
		{"none, and exact", faktur.Settings{Tolerance: given("0")}, "100000", true},
	} {
		a, err := assessWith(line("02", faktur.Line{UnitPrice: amount("100000"), DPP: given(c.dpp)}), c.settings)
		if (err == nil) != c.taken {
			t.Errorf("%s: DPP %s gives %v", c.name, c.dpp, err)
		}
		if c.taken && !a.Lines[0].DPP.Equal(amount(c.dpp)) {
			t.Errorf("%s: filed as %s, not as booked, %s", c.name, a.Lines[0].DPP, c.dpp)
		}
	}
}

func TestRefusalNamesTheExpectedAmount(t *testing.T) {
	t.Parallel()
	_, err := assess(line("04", faktur.Line{UnitPrice: amount("100000"), DPP: given("90000"), PPN: given("12000")}))
	want := []faktur.Fault{
		{Pointer: "/lines/0/dpp", Code: "dpp_mismatch", Message: "dpp is 90000.00, but unit_price x quantity - discount is 100000.00. Send 100000.00, or leave dpp out and it is computed."},
		{Pointer: "/lines/0/ppn", Code: "ppn_mismatch", Message: "ppn is 12000.00, but 12 % of DPP nilai lain 91666.67 is 11000.00. Under code 04 Coretax takes no other. Send 11000.00, or leave ppn out and it is computed."},
	}
	if diff := cmp.Diff(want, faultsOf(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTotalsAreSumsOfRoundedLines(t *testing.T) {
	t.Parallel()
	inv := line("04", faktur.Line{UnitPrice: amount("100001.50"), Discount: amount("0.50")})
	inv.Lines = append(inv.Lines, inv.Lines[0], inv.Lines[0])
	a, err := assess(inv)
	if err != nil {
		t.Fatal(err)
	}
	// 11/12 of 100001 is 91667.583333. Three of them rounded are 275002.74; the
	// sum rounded once would be 275002.75.
	want := faktur.Totals{DPP: amount("300003"), OtherDPP: amount("275002.74"), PPN: amount("33000.33"), Discount: amount("1.50")}
	if diff := cmp.Diff(want, a.Totals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
