package faktur_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// ruleCase is an example, what is done to it, and what the rules make of that.
type ruleCase struct {
	name string
	from string // of docs/examples; "" is ordinary
	edit func(*faktur.TaxInvoice)
	want []string // "pointer code", in order
}

// refusals are the rules whose breach is 422. Together with doubts they make
// docs/fault-codes.md.
var refusals = []ruleCase{
	{"reference missing", "", func(i *faktur.TaxInvoice) { i.Reference = "" }, []string{"/reference required"}},
	{"reference of spaces", "", func(i *faktur.TaxInvoice) { i.Reference = " \t" }, []string{"/reference required"}},
	{"reference too long", "", func(i *faktur.TaxInvoice) { i.Reference = strings.Repeat("é", 101) }, []string{"/reference too_long"}},
	{"NUL in the reference", "", func(i *faktur.TaxInvoice) { i.Reference = "INV\x001" }, []string{"/reference control_character"}},
	{"escape in the name", "", func(i *faktur.TaxInvoice) { i.Buyer.Name = "PT\x1bPembeli" }, []string{"/buyer/name control_character"}},
	{"DEL in the address", "", func(i *faktur.TaxInvoice) { i.Buyer.Address = "Jl.\x7f" }, []string{"/buyer/address control_character"}},
	{"broken UTF-8", "", func(i *faktur.TaxInvoice) { i.Lines[0].Name = "Kertas\xff" }, []string{"/lines/0/name control_character"}},

	{"date missing", "", func(i *faktur.TaxInvoice) { i.Date = faktur.Date{} }, []string{"/date required"}},
	{"date of tomorrow", "", func(i *faktur.TaxInvoice) { i.Date = date("2026-11-23") }, []string{"/date date_in_future"}},

	{"seller missing", "", func(i *faktur.TaxInvoice) { i.Seller = faktur.Seller{} }, []string{"/seller required"}},
	{"NPWP of 15 digits", "", func(i *faktur.TaxInvoice) { i.Seller.NPWP = "012345674901000" }, []string{"/seller/npwp npwp_15_digits"}},
	{"NPWP with letters", "", func(i *faktur.TaxInvoice) { i.Seller.NPWP = "00123456749010AB" }, []string{"/seller/npwp npwp_malformed"}},
	{"NPWP with points", "", func(i *faktur.TaxInvoice) { i.Seller.NPWP = "001.234.567.4-901.000" }, []string{"/seller/npwp npwp_malformed"}},
	{"NPWP in Arabic digits", "", func(i *faktur.TaxInvoice) { i.Seller.NPWP = "٠٠١٢٣٤٥٦٧٤٩٠١٠٠٠" }, []string{"/seller/npwp npwp_malformed"}},
	{"NITKU of 16 digits", "", func(i *faktur.TaxInvoice) { i.Seller.NITKU = i.Seller.NPWP }, []string{"/seller/nitku nitku_malformed"}},

	{"buyer missing", "", func(i *faktur.TaxInvoice) { i.Buyer = faktur.Buyer{} }, []string{"/buyer required"}},
	{"identity of DJP's own word", "", func(i *faktur.TaxInvoice) { i.Buyer.IDType = "TIN" }, []string{"/buyer/id_type unknown_value"}},
	{"buyer without number", "", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "" }, []string{"/buyer/id_number required"}},
	{"buyer's NPWP of 15 digits", "", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "098765431109000" }, []string{"/buyer/id_number npwp_15_digits"}},
	{"template's zeros as NPWP", "", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "0000000000000000" }, []string{"/buyer/id_number npwp_malformed"}},
	{"template's zeros as NITKU", "", func(i *faktur.TaxInvoice) { i.Buyer.NITKU = "000000" }, []string{"/buyer/nitku nitku_malformed"}},
	{"NIK of 15 digits", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "317401550680001" }, []string{"/buyer/id_number nik_malformed"}},
	{"passport buyer's NITKU", "buyer-passport", func(i *faktur.TaxInvoice) { i.Buyer.NITKU = "-" }, []string{"/buyer/nitku nitku_malformed"}},
	{"country by name", "", func(i *faktur.TaxInvoice) { i.Buyer.Country = "Indonesia" }, []string{"/buyer/country country_malformed"}},
	{"country in small letters", "", func(i *faktur.TaxInvoice) { i.Buyer.Country = "idn" }, []string{"/buyer/country country_malformed"}},
	{"two e-mail addresses", "", func(i *faktur.TaxInvoice) { i.Buyer.Email = "a@b.co.id;c@d.co.id" }, []string{"/buyer/email email_malformed"}},

	{"trx_code without its zero", "", func(i *faktur.TaxInvoice) { i.TrxCode = "4" }, []string{"/trx_code trx_code_malformed"}},
	{"trx_code 11", "", func(i *faktur.TaxInvoice) { i.TrxCode = "11" }, []string{"/trx_code trx_code_unknown"}},
	{"code 07 without a facility", "", func(i *faktur.TaxInvoice) { i.TrxCode = "07" }, []string{"/add_info facility_required", "/facility_stamp facility_required"}},
	{"code 08 without a stamp", "exempt-08", func(i *faktur.TaxInvoice) { i.FacilityStamp = "" }, []string{"/facility_stamp facility_required"}},
	{"facility under 04", "facility-07", func(i *faktur.TaxInvoice) { i.TrxCode = "04" }, []string{"/add_info facility_not_allowed", "/facility_stamp facility_not_allowed"}},
	{"add-info and stamp swapped", "facility-07", func(i *faktur.TaxInvoice) { i.AddInfo, i.FacilityStamp = i.FacilityStamp, i.AddInfo }, []string{"/add_info add_info_malformed", "/facility_stamp facility_stamp_malformed"}},
	{"add-info by its number", "facility-07", func(i *faktur.TaxInvoice) { i.AddInfo = "1" }, []string{"/add_info add_info_malformed"}},
	{"add-info of 08 beside a stamp of 07", "facility-07", func(i *faktur.TaxInvoice) { i.AddInfo = "TD.00505" }, []string{"/facility_stamp facility_pair_mismatch"}},
	{"facility of 07 under 08", "exempt-08", func(i *faktur.TaxInvoice) { i.AddInfo, i.FacilityStamp = "TD.00518", "TD.01118" }, []string{"/add_info facility_of_other_code", "/facility_stamp facility_of_other_code"}},
	{"period of month 13", "facility-07", func(i *faktur.TaxInvoice) { i.SupportingDocument.Period = "132026" }, []string{"/supporting_document/period period_malformed"}},
	{"period as YYYY-MM", "facility-07", func(i *faktur.TaxInvoice) { i.SupportingDocument.Period = "2026-10" }, []string{"/supporting_document/period period_malformed"}},

	{"no lines", "", func(i *faktur.TaxInvoice) { i.Lines = nil }, []string{"/lines required"}},
	{"empty lines", "", func(i *faktur.TaxInvoice) { i.Lines = []faktur.Line{} }, []string{"/lines required"}},
	{"kind of DJP's own word", "", func(i *faktur.TaxInvoice) { i.Lines[0].Kind = "A" }, []string{"/lines/0/kind unknown_value"}},
	{"code of four digits", "", func(i *faktur.TaxInvoice) { i.Lines[0].Code = "4802" }, []string{"/lines/0/code code_malformed"}},
	{"line without name", "", func(i *faktur.TaxInvoice) { i.Lines[0].Name = "" }, []string{"/lines/0/name required"}},
	{"unit by name", "", func(i *faktur.TaxInvoice) { i.Lines[0].Unit = "lembar" }, []string{"/lines/0/unit unit_malformed"}},
	{"price missing", "", func(i *faktur.TaxInvoice) { i.Lines[0].UnitPrice = faktur.Amount{} }, []string{"/lines/0/unit_price required"}},
	{"quantity missing", "", func(i *faktur.TaxInvoice) { i.Lines[0].Quantity = faktur.Amount{} }, []string{"/lines/0/quantity required"}},
	{"quantity 0", "", func(i *faktur.TaxInvoice) { i.Lines[0].Quantity = amount("0") }, []string{"/lines/0/quantity quantity_zero"}},
	{"discount above the price", "multi-line", func(i *faktur.TaxInvoice) { i.Lines[3].Discount = amount("287999.89") }, []string{"/lines/3/discount discount_too_large"}},
	{"price x quantity too large", "", func(i *faktur.TaxInvoice) {
		i.Lines[0].UnitPrice, i.Lines[0].Quantity = amount("999999999999999"), amount("999999999999999.99")
	}, []string{"/lines/0/unit_price amount_too_large"}},
	{"totals too large", "", func(i *faktur.TaxInvoice) {
		i.Lines[0].UnitPrice = amount("999999999999999.99")
		i.Lines = append(i.Lines, i.Lines[0])
	}, []string{"/lines amount_too_large"}},
	{"PPN too large", "", func(i *faktur.TaxInvoice) {
		i.Lines[0].UnitPrice, i.Lines[0].PPNRate = amount("999999999999999.99"), rate("999.9999")
	}, []string{"/lines amount_too_large"}},
}

// doubts are the rules whose breach is a warning.
var doubts = []ruleCase{
	{"nothing is wrong with the ordinary one", "", func(*faktur.TaxInvoice) {}, nil},
	{"line break in the address", "", func(i *faktur.TaxInvoice) { i.Buyer.Address = "Jl. Merdeka 1\nJakarta" }, []string{"/buyer/address hidden_character"}},
	{"tab in a name", "", func(i *faktur.TaxInvoice) { i.Lines[0].Name = "Kertas\tA4" }, []string{"/lines/0/name hidden_character"}},
	{"zero-width space", "", func(i *faktur.TaxInvoice) { i.Buyer.Name = "PT\u200bPembeli" }, []string{"/buyer/name hidden_character"}},
	{"space after the reference", "", func(i *faktur.TaxInvoice) { i.Reference += " " }, []string{"/reference surrounding_space"}},
	{"letters of other scripts", "", func(i *faktur.TaxInvoice) { i.Buyer.Name = "株式会社 Müller & Söhne" }, nil},

	{"date of today", "", func(i *faktur.TaxInvoice) { i.Date = date("2026-11-22") }, nil},
	{"past its deadline", "", func(i *faktur.TaxInvoice) { i.Date = date("2026-09-30") }, []string{"/date deadline_passed"}},

	{"NPWP's check digit", "", func(i *faktur.TaxInvoice) {
		i.Seller.NPWP = "0012345675901000"
		i.Seller.NITKU = i.Seller.NPWP + "000000"
	}, []string{"/seller/npwp npwp_doubtful"}},
	{"NPWP that is a NIK", "", func(i *faktur.TaxInvoice) {
		i.Seller.NPWP = "3174015506800001"
		i.Seller.NITKU = i.Seller.NPWP + "000000"
	}, nil},
	{"NPWP that is an odd NIK", "", func(i *faktur.TaxInvoice) {
		i.Seller.NPWP = "3174013213800001"
		i.Seller.NITKU = i.Seller.NPWP + "000000"
	}, []string{"/seller/npwp npwp_doubtful"}},
	{"no NITKU", "", func(i *faktur.TaxInvoice) { i.Seller.NITKU, i.Buyer.NITKU = "", "" }, []string{"/seller/nitku nitku_assumed", "/buyer/nitku nitku_assumed"}},
	{"NITKU of another NPWP", "", func(i *faktur.TaxInvoice) { i.Seller.NITKU = i.Buyer.NITKU }, []string{"/seller/nitku nitku_of_another"}},
	{"branch", "", func(i *faktur.TaxInvoice) { i.Seller.NITKU = i.Seller.NPWP + "000017" }, nil},

	{"buyer is the seller", "", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber, i.Buyer.NITKU = i.Seller.NPWP, i.Seller.NITKU }, []string{"/buyer/id_number buyer_is_seller"}},
	{"NIK without a date of birth", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "3174010013800001" }, []string{"/buyer/id_number nik_doubtful"}},
	{"NIK of no province", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "0174011506800001" }, []string{"/buyer/id_number nik_doubtful"}},
	{"NIK buyer with the template's NITKU", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.NITKU = "000000" }, nil},
	{"NIK buyer with a NITKU of his", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.NITKU = i.Buyer.IDNumber + "000000" }, nil},
	{"NIK buyer with another's NITKU", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.NITKU = "0098765431109000000000" }, []string{"/buyer/nitku nitku_of_another"}},
	{"any other document", "buyer-nik", func(i *faktur.TaxInvoice) { i.Buyer.IDType, i.Buyer.IDNumber = "other", "KITAS 2C21JE0001" }, nil},
	{"hidden character in a passport number", "buyer-passport", func(i *faktur.TaxInvoice) { i.Buyer.IDNumber = "X123\u00a0456" }, []string{"/buyer/id_number hidden_character"}},
	{"country of two letters", "buyer-passport", func(i *faktur.TaxInvoice) { i.Buyer.Country = "KR" }, nil},
	{"country not in the list", "buyer-passport", func(i *faktur.TaxInvoice) { i.Buyer.Country = "XKX" }, []string{"/buyer/country country_unknown"}},
	{"NPWP abroad", "", func(i *faktur.TaxInvoice) { i.Buyer.Country = "SGP" }, []string{"/buyer/country country_not_indonesia"}},
	{"code 06 without a passport", "buyer-nik", func(i *faktur.TaxInvoice) { i.TrxCode = "06" }, []string{"/buyer/id_type passport_expected"}},

	{"add-info that no list knows", "facility-07", func(i *faktur.TaxInvoice) { i.AddInfo, i.FacilityStamp = "TD.00599", "TD.01199" }, []string{"/add_info facility_unknown", "/facility_stamp facility_unknown", "/trx_code facility_ppn_assumed"}},
	{"supporting document missing", "facility-07", func(i *faktur.TaxInvoice) { i.SupportingDocument = faktur.SupportingDocument{} }, []string{"/supporting_document/number supporting_document_missing", "/trx_code facility_ppn_assumed"}},
	{"supporting document not asked for", "exempt-08", func(*faktur.TaxInvoice) {}, []string{"/trx_code facility_ppn_assumed"}},
	{"supporting document without period", "", func(i *faktur.TaxInvoice) { i.SupportingDocument.Number = "PPBJ 1" }, []string{"/supporting_document/period supporting_document_incomplete"}},
	{"period without supporting document", "", func(i *faktur.TaxInvoice) { i.SupportingDocument.Period = "112026" }, []string{"/supporting_document/number supporting_document_incomplete"}},

	{"no goods code", "", func(i *faktur.TaxInvoice) { i.Lines[0].Code = "" }, nil},
	{"goods code not in the list", "", func(i *faktur.TaxInvoice) { i.Lines[0].Code = "999998" }, []string{"/lines/0/code code_unknown"}},
	{"goods code of a service", "", func(i *faktur.TaxInvoice) { i.Lines[0].Code = "300101" }, []string{"/lines/0/code code_of_other_kind"}},
	{"unit not in the list", "", func(i *faktur.TaxInvoice) { i.Lines[0].Unit = "UM.0099" }, []string{"/lines/0/unit unit_unknown"}},
	{"unit of services", "", func(i *faktur.TaxInvoice) { i.Lines[0].Unit = "UM.0027" }, []string{"/lines/0/unit unit_of_other_kind"}},
	{"unit of goods for a service", "services", func(i *faktur.TaxInvoice) { i.Lines[1].Unit = "UM.0001" }, []string{"/lines/1/unit unit_of_other_kind"}},
	{"Lainnya fits both", "services", func(i *faktur.TaxInvoice) { i.Lines[0].Unit = "UM.0033" }, nil},
	{"price 0", "", func(i *faktur.TaxInvoice) { i.Lines[0].UnitPrice = amount("0") }, nil},

	{"01 without luxury", "", func(i *faktur.TaxInvoice) { i.TrxCode = "01" }, []string{"/trx_code trx_01_without_luxury"}},
	{"04 with luxury", "luxury", func(i *faktur.TaxInvoice) { i.TrxCode = "04" }, []string{"/trx_code trx_04_with_luxury"}},
	{"luxury and ordinary lines", "services", func(i *faktur.TaxInvoice) { i.Lines[1].Luxury = true; i.TrxCode = "09" }, []string{"/lines luxury_mixed"}},
	{"PPnBM without luxury", "", func(i *faktur.TaxInvoice) { i.Lines[0].PPnBMRate = rate("10") }, []string{"/lines/0/ppnbm_rate ppnbm_without_luxury"}},
	{"PPnBM rate 0 says nothing", "", func(i *faktur.TaxInvoice) { i.Lines[0].PPnBMRate = rate("0") }, nil},
}

func (c ruleCase) invoice(t *testing.T) faktur.TaxInvoice {
	name := c.from
	if name == "" {
		name = "ordinary"
	}
	inv := example(t, name)
	c.edit(&inv)
	return inv
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range append(refusals, amountRefusals...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := assess(c.invoice(t))
			if diff := cmp.Diff(c.want, summary(faultsOf(t, err))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if got := faktur.AsError(err); got.Kind != faktur.KindInvalid || got.Code == "" || got.Detail == "" {
				t.Errorf("the refusal is %+v", got)
			}
		})
	}
}

func TestWhatIsOnlyDoubted(t *testing.T) {
	t.Parallel()
	for _, c := range append(doubts, amountDoubts...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := assess(c.invoice(t))
			if err != nil {
				t.Fatalf("doubt is never a refusal: %v", err)
			}
			if diff := cmp.Diff(append([]string{}, c.want...), summary(a.Warnings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := assess(decode[faktur.TaxInvoice](t, read(t, "testdata/every-fault.json")))
	golden(t, "testdata/every-fault.golden.json", encode(t, faultsOf(t, err)))
}

func TestTooManyLines(t *testing.T) {
	t.Parallel()
	inv := example(t, "ordinary")
	for range faktur.MaxLines - 1 {
		inv.Lines = append(inv.Lines, inv.Lines[0])
	}
	a, err := assess(inv)
	if err != nil || a.Totals.DPP.String() != "500000000.00" {
		t.Errorf("5,000 lines: %v, DPP %s", err, a.Totals.DPP)
	}
	inv.Lines = append(inv.Lines, inv.Lines[0])
	if _, err := assess(inv); faktur.AsError(err).Kind != faktur.KindTooLarge || faktur.AsError(err).Code != "too_many_lines" {
		t.Errorf("5,001 lines: %v", err)
	}
}

// manyFaults is an invoice of 600 lines with two faults each.
func manyFaults(t *testing.T) faktur.TaxInvoice {
	inv := example(t, "ordinary")
	inv.Lines[0].Unit, inv.Lines[0].Quantity = "lembar", amount("0")
	for range 599 {
		inv.Lines = append(inv.Lines, inv.Lines[0])
	}
	return inv
}

func TestAThousandFaultsAreTold(t *testing.T) {
	t.Parallel()
	_, err := assess(manyFaults(t))
	faults := faultsOf(t, err)
	if len(faults) != 1001 || faults[1000].Code != "more_faults" || faults[1000].Message != "There are 200 more faults. Correct these first." {
		t.Errorf("%d faults, the last %+v", len(faults), faults[len(faults)-1])
	}
}

func TestTheSameDoubtOnManyLinesIsToldFiftyTimes(t *testing.T) {
	t.Parallel()
	inv := example(t, "ordinary")
	inv.Lines[0].Unit = "UM.0099"
	for range 99 {
		inv.Lines = append(inv.Lines, inv.Lines[0])
	}
	a, err := assess(inv)
	if err != nil || len(a.Warnings) != 51 {
		t.Fatalf("%d warnings, %v", len(a.Warnings), err)
	}
	if last := a.Warnings[50]; last.Code != "unit_unknown" || last.Message != "There are 50 more of these." {
		t.Errorf("the last word is %+v", last)
	}
}

// desktopCases are what DJP's desktop application does not take, of an
// ordinary invoice of today.
var desktopCases = []struct {
	name    string
	change  func(*faktur.TaxInvoice)
	refused []string
}{
	{"as it is", func(*faktur.TaxInvoice) {}, nil},
	{"code 06", func(i *faktur.TaxInvoice) { i.TrxCode = "06" }, []string{"/trx_code trx_code_not_on_channel"}},
	{"code 07", func(i *faktur.TaxInvoice) { i.TrxCode, i.AddInfo, i.FacilityStamp = "07", "TD.00501", "TD.01101" }, []string{"/trx_code trx_code_not_on_channel"}},
	{"yesterday", func(i *faktur.TaxInvoice) { i.Date = date("2026-11-21") }, []string{"/date backdated"}},
	{"supporting document", func(i *faktur.TaxInvoice) {
		i.SupportingDocument = faktur.SupportingDocument{Number: "PPBJ 1", Period: "112026"}
	}, []string{"/supporting_document/number supporting_document_not_on_channel"}},
	{"letters beyond ASCII", func(i *faktur.TaxInvoice) { i.Buyer.Name, i.Lines[0].Name = "PT Café", `C:\kertas` },
		[]string{"/buyer/name character_not_on_channel", "/lines/0/name character_not_on_channel"}},
}

func TestDesktopApplication(t *testing.T) {
	t.Parallel()
	for _, c := range desktopCases {
		_, err := faktur.NewRules(nil).Assess(desktopInvoice(t, c.change), faktur.Settings{}, faktur.ChannelEfakturDesktop, now)
		if diff := cmp.Diff(append([]string{}, c.refused...), summary(faultsOf(t, err))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func desktopInvoice(t *testing.T, change func(*faktur.TaxInvoice)) faktur.TaxInvoice {
	t.Helper()
	inv := example(t, "ordinary")
	inv.Date = faktur.DateOf(now)
	change(&inv)
	return inv
}

func TestExtendedMonthIsNotPastItsDeadline(t *testing.T) {
	t.Parallel()
	inv := example(t, "ordinary")
	inv.Date = date("2026-10-15") // due 20 November, and it is the 22nd
	extended := faktur.Settings{UploadDeadlines: map[string]faktur.Date{"2026-10": date("2026-11-22")}}
	if a, err := assess(inv); err != nil || len(a.Warnings) != 1 {
		t.Errorf("without extension: %v, %v", a.Warnings, err)
	}
	if a, err := assessWith(inv, extended); err != nil || len(a.Warnings) != 0 {
		t.Errorf("on the last day of the extension: %v, %v", a.Warnings, err)
	}
}
