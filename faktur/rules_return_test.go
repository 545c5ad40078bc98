package faktur_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// returnExample decodes docs/examples/returns/{name}.json as strictly as the API does.
func returnExample(t testing.TB, name string) faktur.Return {
	t.Helper()
	return decode[faktur.Return](t, read(t, filepath.Join(examples, "returns", name+".json"))).Bare()
}

// returnCase is the example partial, what is done to it, and what the rules make of that.
type returnCase struct {
	name string
	edit func(*faktur.Return)
	want []string // "pointer code", in order
}

// rateDoubt is what every return whose PPN is computed is warned of.
const rateDoubt = "/lines return_rate_assumed"

var returnRefusals = []returnCase{
	{"reference missing", func(r *faktur.Return) { r.Reference = "" }, []string{"/reference required"}},
	{"date missing", func(r *faktur.Return) { r.Date = faktur.Date{} }, []string{"/date required"}},
	{"date of tomorrow", func(r *faktur.Return) { r.Date = date("2026-11-23") }, []string{"/date date_in_future"}},
	{"NSFP missing", func(r *faktur.Return) { r.NSFP = "" }, []string{"/nsfp required"}},
	{"NSFP of 15 digits", func(r *faktur.Return) { r.NSFP = "040026000000001" }, []string{"/nsfp nsfp_malformed"}},
	{"NSFP with letters", func(r *faktur.Return) { r.NSFP = "0400260000000000A" }, []string{"/nsfp nsfp_malformed"}},
	{"seller missing", func(r *faktur.Return) { r.SellerNPWP = "" }, []string{"/seller_npwp required"}},
	{"seller's NPWP of 15 digits", func(r *faktur.Return) { r.SellerNPWP = "098765431109000" }, []string{"/seller_npwp npwp_15_digits"}},
	{"buyer missing", func(r *faktur.Return) { r.Buyer = faktur.ReturnBuyer{} }, []string{"/buyer required"}},
	{"buyer's NPWP with points", func(r *faktur.Return) { r.Buyer.NPWP = "001.234.567.4-901.000" }, []string{"/buyer/npwp npwp_malformed"}},
	{"no lines", func(r *faktur.Return) { r.Lines = nil }, []string{"/lines required"}},
	{"unit by name", func(r *faktur.Return) { r.Lines[0].Unit = "rim" }, []string{"/lines/0/unit unit_malformed"}},
	{"bought nothing", func(r *faktur.Return) { r.Lines[1].Quantity = amount("0") }, []string{"/lines/1/quantity quantity_zero"}},
	{"return_quantity missing", func(r *faktur.Return) { r.Lines[1].ReturnQuantity = faktur.Amount{} }, []string{"/lines/1/return_quantity required"}},
	{"more than bought", func(r *faktur.Return) { r.Lines[1].ReturnQuantity = amount("3.01") }, []string{"/lines/1/return_quantity return_quantity_too_large"}},
	{"nothing goes back", func(r *faktur.Return) {
		for i := range r.Lines {
			r.Lines[i].ReturnQuantity, r.Lines[i].ReturnDiscount = amount("0"), amount("0")
		}
	}, []string{"/lines nothing_returned"}},
	{"discount above the price", func(r *faktur.Return) { r.Lines[0].ReturnDiscount = amount("200000.01") }, []string{"/lines/0/return_discount discount_too_large"}},
	{"discount on what stays", func(r *faktur.Return) { r.Lines[1].ReturnDiscount = amount("1") }, []string{"/lines/1/return_discount discount_too_large"}},
	{"DPP of the whole line", func(r *faktur.Return) { r.Lines[0].ReturnDPP = given("1000000") }, []string{"/lines/0/return_dpp dpp_mismatch"}},
	{"05 without its PPN", func(r *faktur.Return) { r.NSFP = "05002600000000001" }, []string{"/lines/0/return_ppn required", "/lines/2/return_ppn required"}},
	{"totals too large", func(r *faktur.Return) {
		r.Lines[0].UnitPrice, r.Lines[0].ReturnQuantity = amount("999999999999999.99"), amount("1")
	}, []string{"/lines amount_too_large"}},
	{"all at once", func(r *faktur.Return) {
		r.NSFP, r.Lines[0].ReturnQuantity, r.Lines[1].Unit = "1", amount("11"), ""
	}, []string{"/lines/1/unit required", "/nsfp nsfp_malformed", "/lines/0/return_quantity return_quantity_too_large"}},
}

var returnDoubts = []returnCase{
	{"the rate", func(*faktur.Return) {}, []string{rateDoubt}},
	{"no name of the buyer", func(r *faktur.Return) { r.Buyer.Name = "" }, []string{rateDoubt}},
	{"NSFP of the desktop application", func(r *faktur.Return) { r.NSFP = "0400026000000001" }, []string{rateDoubt}},
	{"tab in a name", func(r *faktur.Return) { r.Lines[0].Name = "Kertas\tA4" }, []string{"/lines/0/name hidden_character", rateDoubt}},
	{"unit not in the list", func(r *faktur.Return) { r.Lines[1].Unit = "UM.0099" }, []string{"/lines/1/unit unit_unknown", rateDoubt}},
	{"goods code not in the list", func(r *faktur.Return) { r.Lines[1].Code = "999998" }, []string{"/lines/1/code code_unknown", rateDoubt}},
	{"PPnBM without luxury", func(r *faktur.Return) { r.Lines[1].PPnBMRate = rate("10") }, []string{"/lines/1/ppnbm_rate ppnbm_without_luxury", rateDoubt}},
	{"NPWP's check digit", func(r *faktur.Return) { r.SellerNPWP = "0098765432109000" }, []string{"/seller_npwp npwp_doubtful", rateDoubt}},
	{"from oneself", func(r *faktur.Return) { r.SellerNPWP = r.Buyer.NPWP }, []string{"/seller_npwp buyer_is_seller", rateDoubt}},
	{"DPP a cent off", func(r *faktur.Return) { r.Lines[0].ReturnDPP = given("199999.99") }, []string{"/lines/0/return_dpp within_tolerance", rateDoubt}},
	{"another nilai lain", func(r *faktur.Return) { r.Lines[0].ReturnOtherDPP = given("200000") }, []string{"/lines/0/return_other_dpp other_dpp_unusual", rateDoubt}},
	{"the template's PPN", func(r *faktur.Return) { r.Lines[0].ReturnPPN = given("20166.67") }, []string{"/lines/0/return_ppn ppn_unusual", rateDoubt}},
	{"all PPN given", func(r *faktur.Return) { r.Lines[0].ReturnPPN, r.Lines[2].ReturnPPN = given("22000"), given("5445.06") }, nil},
	{"PPnBM given", func(r *faktur.Return) { r.Lines[0].ReturnPPnBM = given("5") }, []string{"/lines/0/return_ppnbm ppnbm_unusual", rateDoubt}},
}

func assessReturn(r faktur.Return) (faktur.ReturnAssessment, error) {
	return faktur.NewRules(nil).AssessReturn(r, faktur.Settings{}, faktur.ChannelPJAP, now)
}

func TestWhatIsRefusedOfReturns(t *testing.T) {
	t.Parallel()
	for _, c := range returnRefusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ret := returnExample(t, "partial")
			c.edit(&ret)
			_, err := assessReturn(ret)
			if diff := cmp.Diff(c.want, summary(faultsOf(t, err))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsOnlyDoubtedOfReturns(t *testing.T) {
	t.Parallel()
	for _, c := range returnDoubts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ret := returnExample(t, "partial")
			c.edit(&ret)
			a, err := assessReturn(ret)
			if err != nil {
				t.Fatalf("doubt is never a refusal: %v", err)
			}
			if diff := cmp.Diff(append([]string{}, c.want...), summary(a.Warnings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// Which channels take returns, and what is said of them there.
func TestReturnsOnChannels(t *testing.T) {
	t.Parallel()
	for channel, want := range map[faktur.Channel]string{
		faktur.ChannelPJAP: "", faktur.ChannelCoretaxXML: "/reference reference_not_in_file",
		faktur.ChannelPajakio: " channel_cannot", faktur.ChannelKlikpajak: " channel_cannot", faktur.ChannelEfakturDesktop: " channel_cannot",
	} {
		refused, doubted := onChannel(t, channel)
		got := strings.Join(append(summary(refused), summary(doubted)...), ", ")
		if got != want {
			t.Errorf("%s: %q, want %q", channel, got, want)
		}
	}
}

// onChannel assesses the example partial on a channel, with the rate decided.
func onChannel(t *testing.T, channel faktur.Channel) (refused, doubted []faktur.Fault) {
	t.Helper()
	a, err := faktur.NewRules(nil).AssessReturn(returnExample(t, "partial"), faktur.Settings{ReturnRate: rate("12")}, channel, now)
	return faultsOf(t, err), a.Warnings
}

func TestAmountsOfReturns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings faktur.Settings
		edit     func(*faktur.Return)
		want     string // of the first line: DPP, DPP nilai lain, PPN, PPnBM
	}{
		{"12 % of 11/12", faktur.Settings{}, func(*faktur.Return) {}, "200000.00 183333.33 22000.00 0.00"},
		{"the template's 11 %", faktur.Settings{ReturnRate: rate("11")}, func(*faktur.Return) {}, "200000.00 183333.33 20166.67 0.00"},
		{"whole rupiah", faktur.Settings{Rounding: faktur.RoundRupiah}, func(*faktur.Return) {}, "200000.00 183333.00 22000.00 0.00"},
		{"discount", faktur.Settings{}, func(r *faktur.Return) { r.Lines[0].ReturnDiscount = amount("20000") }, "180000.00 165000.00 19800.00 0.00"},
		{"an invoice of code 01", faktur.Settings{}, func(r *faktur.Return) { r.NSFP = "01002600000000001" }, "200000.00 200000.00 24000.00 0.00"},
		{"luxury", faktur.Settings{}, func(r *faktur.Return) { r.Lines[0].Luxury, r.Lines[0].PPnBMRate = true, rate("20") }, "200000.00 200000.00 24000.00 40000.00"},
		{"none of it", faktur.Settings{}, func(r *faktur.Return) { r.Lines[0].ReturnQuantity = amount("0") }, "0.00 0.00 0.00 0.00"},
		{"as given", faktur.Settings{}, func(r *faktur.Return) {
			r.Lines[0].ReturnDPP, r.Lines[0].ReturnOtherDPP, r.Lines[0].ReturnPPN, r.Lines[0].ReturnPPnBM = given("199999.99"), given("5"), given("6"), given("7")
		}, "199999.99 5.00 6.00 7.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ret := returnExample(t, "partial")
			c.edit(&ret)
			a, err := faktur.NewRules(nil).AssessReturn(ret, c.settings, faktur.ChannelPJAP, now)
			if err != nil {
				t.Fatal(err)
			}
			l := a.Lines[0]
			if got := l.ReturnDPP.String() + " " + l.ReturnOtherDPP.String() + " " + l.ReturnPPN.String() + " " + l.ReturnPPnBM.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			ret.Lines = a.Fill(ret.Lines)
			if ret.Totals() != a.Totals {
				t.Errorf("the lines sum to %+v, and the totals are %+v", ret.Totals(), a.Totals)
			}
		})
	}
}

// What POST /returns/validate answers to each example.
func TestReturnExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(examples, "returns", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		ret := returnExample(t, name)
		a, err := assessReturn(ret)
		if err != nil {
			t.Fatalf("%s: an example is accepted: %v", name, err)
		}
		golden(t, filepath.Join("testdata", "assessments", "returns", name+".json"), encode(t, faktur.NewReturnPreview(ret, &a)))

		filled := ret
		filled.Lines = a.Fill(ret.Lines)
		if back := faktur.GivenReturn(filled, ret, a); faktur.ReturnHash(back) != faktur.ReturnHash(ret) {
			t.Errorf("%s: what GET shows, sent back, is another content", name)
		}
		if again, err := assessReturn(filled); err != nil || again.Totals != a.Totals {
			t.Errorf("%s, filled: %v, totals %+v", name, err, again.Totals)
		}
	}
}
