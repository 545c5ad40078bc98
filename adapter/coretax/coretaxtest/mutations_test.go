package coretaxtest_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// mutation is one small change to a good file, for which it is refused.
type mutation struct {
	name     string
	old, new string // the first old becomes new; old "" puts new before the file
	line     int    // where the portal names it
	says     string // part of its message
	// until is where what becomes new ends, itself excluded; "" is the end of old.
	until string
	// beyond: the schema cannot say it, and takes the file.
	beyond bool
}

// invoiceMutations are of testdata/invoice.xml.
var invoiceMutations = []mutation{
	{name: "element removed", old: "      <TrxCode>04</TrxCode>\n", line: 8, says: "TaxInvoice: Its element TrxCode is missing"},
	{name: "empty optional element removed", old: "      <CustomDocMonthYear/>\n", line: 11, says: "element CustomDocMonthYear is missing"},
	{name: "last element removed", old: "          <STLG>0.00</STLG>\n", line: 37, says: "GoodService: Its element STLG is missing"},
	{name: "seller removed", old: "  <TIN>0012345674901000</TIN>\n", line: 3, says: "TaxInvoiceBulk: Its element TIN is missing"},
	{name: "element doubled", old: "<BuyerName>PT Pembeli</BuyerName>", new: "<BuyerName>PT Pembeli</BuyerName><BuyerName>PT Pembeli</BuyerName>", line: 19, says: "BuyerName more than once"},
	{name: "list doubled", old: "</ListOfTaxInvoice>", new: "</ListOfTaxInvoice>\n<ListOfTaxInvoice/>", line: 57, says: "ListOfTaxInvoice more than once"},
	{name: "elements swapped", old: "<Price>100000.00</Price>\n          <Qty>3.00</Qty>", new: "<Qty>3.00</Qty>\n          <Price>100000.00</Price>", line: 30, says: "element Price stands in the wrong place: it comes after Unit"},
	{name: "seller after the list", old: "<TIN>0012345674901000</TIN>", new: "<TINS/>", line: 3, says: "unknown element TINS"},
	{name: "BuyerAddress", old: "<BuyerAdress>Jl. Merdeka 1, Jakarta</BuyerAdress>", new: "<BuyerAddress>Jl. Merdeka 1, Jakarta</BuyerAddress>", line: 20, says: "unknown element BuyerAddress"},
	{name: "letters of another case", old: "<BuyerTin>0098765431109000</BuyerTin>", new: "<BuyerTIN>0098765431109000</BuyerTIN>", line: 15, says: "unknown element BuyerTIN"},
	{name: "unknown element in a line", old: "<STLG>0.00</STLG>", new: "<STLG>0.00</STLG><Note>x</Note>", line: 37, says: "unknown element Note"},
	{name: "unknown document", old: "    <TaxInvoice>\n", new: "    <SpecialDoc/>\n    <TaxInvoice>\n", line: 5, says: "unknown element SpecialDoc"},
	{name: "element in a text", old: "PT Pembeli", new: "<b>PT Pembeli</b>", line: 19, says: "BuyerName: It holds the element b"},
	{name: "text between elements", old: "      <BuyerName>", new: "      PT\n      <BuyerName>", line: 19, says: "text between its elements"},
	{name: "wrong root", old: "<TaxInvoiceBulk ", new: "<TaxInvoiceBulks ", line: 2, says: "The root element is unknown"},
	{name: "no schema named", old: ` xsi:noNamespaceSchemaLocation="TaxInvoice.xsd"`, line: 2, says: "Its attributes are to be", beyond: true},
	{name: "another schema named", old: `"TaxInvoice.xsd"`, new: `"TaxInvoices.xsd"`, line: 2, says: "Its attributes are to be", beyond: true},
	{name: "a name space", old: "<TaxInvoiceBulk ", new: `<TaxInvoiceBulk xmlns="urn:djp" `, line: 2, says: "The root element is unknown"},
	{name: "an attribute", old: "<TaxInvoice>", new: `<TaxInvoice id="1">`, line: 5, says: "only the root element has attributes"},
	{name: "nil instead of a value", old: "<BuyerEmail/>", new: `<BuyerEmail xsi:nil="true"/>`, line: 21, says: "only the root element has attributes"},
	{name: "no documents", old: "    <TaxInvoice>", until: "  </ListOfTaxInvoice>", line: 5, says: "It has no element TaxInvoice"},
	{name: "another seller", old: "<TIN>0012345674901000</TIN>", new: "<TIN>0012345674901001</TIN>", line: 3, says: "you are signed in for 0012345674901000", beyond: true},
	{name: "seller of 15 digits", old: "<TIN>0012345674901000</TIN>", new: "<TIN>012345674901000</TIN>", line: 3, says: "16 digits"},

	{name: "day before month and year", old: "2026-11-20", new: "20-11-2026", line: 6, says: "YYYY-MM-DD"},
	{name: "date with slashes", old: "2026-11-20", new: "2026/11/20", line: 6, says: "YYYY-MM-DD"},
	{name: "date with a time", old: "2026-11-20", new: "2026-11-20T00:00:00", line: 6, says: "YYYY-MM-DD"},
	{name: "31 November", old: "2026-11-20", new: "2026-11-31", line: 6, says: "not a day of the calendar"},
	{name: "29 February of no leap year", old: "2026-11-20", new: "2026-02-29", line: 6, says: "not a day of the calendar", beyond: true},
	{name: "tomorrow", old: "2026-11-20", new: "2026-11-23", line: 6, says: "still to come", beyond: true},
	{name: "a replacement", old: "Normal", new: "Pengganti", line: 7, says: "always Normal"},
	{name: "normal in small letters", old: "Normal", new: "normal", line: 7, says: "always Normal"},
	{name: "code 11", old: "<TrxCode>04<", new: "<TrxCode>11<", line: 8, says: "01 to 10"},
	{name: "code of one digit", old: "<TrxCode>04<", new: "<TrxCode>4<", line: 8, says: "01 to 10"},
	{name: "07 without a facility", old: "<TrxCode>04<", new: "<TrxCode>07<", line: 9, says: "AddInfo: It is required for code 07", beyond: true},
	{name: "facility under 04", old: "<AddInfo/>", new: "<AddInfo>TD.00501</AddInfo>", line: 9, says: "codes 07 and 08 only", beyond: true},
	{name: "stamp under 04", old: "<FacilityStamp/>", new: "<FacilityStamp>TD.01101</FacilityStamp>", line: 13, says: "codes 07 and 08 only", beyond: true},
	{name: "stamp as additional information", old: "<AddInfo/>", new: "<AddInfo>TD.01101</AddInfo>", line: 9, says: "TD.005NN"},
	{name: "month of a document before its year", old: "<CustomDocMonthYear/>", new: "<CustomDocMonthYear>202611</CustomDocMonthYear>", line: 11, says: "MMYYYY"},
	{name: "place of another seller", old: "<SellerIDTKU>0012345674901000", new: "<SellerIDTKU>0012345674901001", line: 14, says: "is not a place of 0012345674901000", beyond: true},
	{name: "place of 21 digits", old: "<SellerIDTKU>0", new: "<SellerIDTKU>", line: 14, says: "22 digits"},

	{name: "NPWP with points", old: "<BuyerTin>0098765431109000<", new: "<BuyerTin>09.876.543.1-109.000<", line: 15, says: "16 digits"},
	{name: "NPWP of 15 digits", old: "<BuyerTin>0", new: "<BuyerTin>", line: 15, says: "16 digits"},
	{name: "no NPWP", old: "<BuyerTin>0098765431109000<", new: "<BuyerTin>0000000000000000<", line: 15, says: "required when BuyerDocument is TIN", beyond: true},
	{name: "document NPWP", old: ">TIN<", new: ">NPWP<", line: 16, says: "National ID"},
	{name: "NIK under a TIN", old: ">TIN<", new: ">National ID<", line: 15, says: "It is 0000000000000000 when", beyond: true},
	{name: "unknown country", old: ">IDN<", new: ">XXX<", line: 17, says: "not in its list", beyond: true},
	{name: "country of two small letters", old: ">IDN<", new: ">id<", line: 17, says: "country"},
	{name: "number beside a TIN", old: "<BuyerDocumentNumber>-<", new: "<BuyerDocumentNumber>0098765431109000<", line: 18, says: "It is - when", beyond: true},
	{name: "empty number beside a TIN", old: "<BuyerDocumentNumber>-</BuyerDocumentNumber>", new: "<BuyerDocumentNumber/>", line: 18, says: "It is a text"},
	{name: "place of another buyer", old: "<BuyerIDTKU>0098765431109000", new: "<BuyerIDTKU>0098765431109001", line: 22, says: "NITKU pembeli tidak valid", beyond: true},
	{name: "place of a buyer without NPWP", old: "<BuyerIDTKU>0098765431109000000000<", new: "<BuyerIDTKU>000000<", line: 22, says: "NITKU pembeli tidak valid", beyond: true},
	{name: "no name", old: "<BuyerName>PT Pembeli</BuyerName>", new: "<BuyerName></BuyerName>", line: 19, says: "It is a text"},
	{name: "no address", old: "<BuyerAdress>Jl. Merdeka 1, Jakarta</BuyerAdress>", new: "<BuyerAdress/>", line: 20, says: "It is a text"},
	{name: "space before a name", old: "PT Pembeli", new: " PT Pembeli", line: 19, says: "without spaces around it"},
	{name: "line break in an address", old: "Jl. Merdeka 1, ", new: "Jl. Merdeka 1,\n", line: 20, says: "line breaks"},
	{name: "hidden character in a name", old: "PT Pembeli", new: "PT&#xA0;Pembeli", line: 19, says: "hidden characters"},
	{name: "zero width space in a reference", old: "INV/2026", new: "INV\u200b/2026", line: 12, says: "hidden characters"},
	{name: "address without @", old: "<BuyerEmail/>", new: "<BuyerEmail>pajak.pembeli.co.id</BuyerEmail>", line: 21, says: "an address"},

	{name: "goods as text", old: "<Opt>A<", new: "<Opt>Barang<", line: 25, says: "A for goods"},
	{name: "code of 4 digits", old: "<Code>000000<", new: "<Code>0000<", line: 26, says: "6 digits"},
	{name: "unknown code", old: "<Code>000000<", new: "<Code>999999<", line: 26, says: "not in its list", beyond: true},
	{name: "code of goods for a service", old: "<Opt>B</Opt>\n          <Code>000000<", new: "<Opt>B</Opt>\n          <Code>760000<", line: 41, says: "not in its list", beyond: true},
	{name: "unit by name", old: "UM.0018", new: "Rim", line: 28, says: "UM.NNNN"},
	{name: "unknown unit", old: "UM.0018", new: "UM.0099", line: 28, says: "not in its list", beyond: true},
	{name: "no lines", old: "        <GoodService>", until: "      </ListOfGoodService>", line: 24, says: "GoodService is missing"},

	{name: "three decimals", old: "100000.00", new: "100000.000", line: 29, says: "two decimals"},
	{name: "comma decimals", old: "100000.00", new: "100000,00", line: 29, says: "two decimals"},
	{name: "points between thousands", old: "100000.00", new: "100.000.00", line: 29, says: "two decimals"},
	{name: "exponent", old: "100000.00", new: "1e5", line: 29, says: "two decimals"},
	{name: "sign", old: "100000.00", new: "+100000.00", line: 29, says: "without a sign"},
	{name: "negative", old: "100000.00", new: "-100000.00", line: 29, says: "without a sign"},
	{name: "leading zero", old: "100000.00", new: "0100000.00", line: 29, says: "a number"},
	{name: "space around an amount", old: "100000.00", new: " 100000.00 ", line: 29, says: "a number"},
	{name: "empty amount", old: "<STLG>0.00</STLG>", new: "<STLG/>", line: 37, says: "a number"},
	{name: "noise of a float", old: "33000.00", new: "33000.000000001", line: 35, says: "two decimals"},
	{name: "quantity 0", old: "<Qty>3.00<", new: "<Qty>0.00<", line: 30, says: "It is 0", beyond: true},
	{name: "tax base off by two hundredths", old: "<TaxBase>300000.00<", new: "<TaxBase>300000.02<", line: 32, says: "Price x Qty - TotalDiscount = 300000", beyond: true},
	{name: "rate 11", old: "<VATRate>12<", new: "<VATRate>11<", line: 34, says: "is not in force"},
	{name: "rate as a fraction", old: "<VATRate>12<", new: "<VATRate>.12<", line: 34, says: "rate in percent"},
	{name: "PPN of the whole tax base under 04", old: "<VAT>33000.00<", new: "<VAT>36000.00<", line: 35, says: "VATRate x OtherTaxBase = 33000", beyond: true},
	{name: "discount beyond the price", old: "<TotalDiscount>500.00<", new: "<TotalDiscount>50000.00<", line: 46, says: "more than Price x Qty", beyond: true},

	{name: "ampersand", old: "PT Pembeli", new: "PT A & B", line: 19, says: "is no XML"},
	{name: "angle bracket", old: "PT Pembeli", new: "PT A < B", line: 19, says: "is no XML"},
	{name: "byte order mark", new: "\ufeff", line: 1, says: "byte order mark", beyond: true},
	{name: "empty line before", new: "\n", line: 1, says: "does not begin with <"},
	{name: "document type", old: "<TaxInvoiceBulk ", new: "<!DOCTYPE TaxInvoiceBulk>\n<TaxInvoiceBulk ", line: 2, says: "document type", beyond: true},
	{name: "entity", old: "<TaxInvoiceBulk ", new: "<!DOCTYPE x [<!ENTITY pt 'PT'>]>\n<TaxInvoiceBulk ", line: 2, says: "document type", beyond: true},
	{name: "undeclared entity", old: "PT Pembeli", new: "PT&nbsp;Pembeli", line: 19, says: "is no XML"},
	{name: "control character", old: "PT Pembeli", new: "PT\x01Pembeli", line: 19, says: "is no XML"},
	{name: "another encoding", old: "UTF-8", new: "ISO-8859-1", line: 1, says: "is no XML", beyond: true},
	{name: "broken UTF-8", old: "PT Pembeli", new: "PT \xe9", line: 19, says: "is no XML"},
	{name: "end tag missing", old: "</BuyerName>", line: 55, says: "is no XML"},
	{name: "file cut off", old: "</TaxInvoiceBulk>\n", line: 57, says: "is no XML"},
	{name: "second document", old: "</TaxInvoiceBulk>\n", new: "</TaxInvoiceBulk>\n<TaxInvoiceBulk/>\n", line: 58, says: "Something follows"},
}

// otherMutations are of testdata/every-code.xml.
var otherMutations = []mutation{
	{name: "no stamp under 07", old: "<FacilityStamp>TD.01102</FacilityStamp>", new: "<FacilityStamp/>", line: 193, says: "required for code 07", beyond: true},
	{name: "codes that do not pair", old: "TD.01102", new: "TD.01103", line: 193, says: "TD.01103 does not belong to TD.00502", beyond: true},
	{name: "additional information of 07 under 08", old: "TD.00510", new: "TD.00531", line: 240, says: "TD.00531 is not in its list", beyond: true},
	{name: "unknown stamp", old: "TD.01110", new: "TD.01199", line: 244, says: "TD.01199 is not in its list", beyond: true},
	{name: "NIK of 15 digits", old: "3174015506800001", new: "317401550680001", line: 249, says: "A NIK has 16 digits", beyond: true},
	{name: "passport without a number", old: ">C1234567<", new: ">-<", line: 162, says: "required when BuyerDocument is Passport", beyond: true},
	{name: "place of 22 digits without NPWP", old: "<BuyerIDTKU>000000<", new: "<BuyerIDTKU>0000000000000000000000<", line: 130, says: "it is 000000 when BuyerDocument is Other ID", beyond: true},
	{name: "place of 6 digits with NPWP", old: "0098765431109000000012", new: "000012", line: 58, says: "22 digits"},
	{name: "rate with four decimals", old: "<STLGRate>20<", new: "<STLGRate>0.1111<", line: 36, says: "rate in percent"},
	{name: "PPN of 01 at 11 percent", old: "<VAT>12000.00<", new: "<VAT>11000.00<", line: 35, says: "VATRate x OtherTaxBase = 12000", beyond: true},
	{name: "PPN of 09 off by a rupiah", old: "<VAT>165000<", new: "<VAT>164999<", line: 302, says: "VATRate x OtherTaxBase = 165000", beyond: true},
}

// returnMutations are of testdata/returns.xml.
var returnMutations = []mutation{
	{name: "element removed", old: "        <ReturnDate>20-11-2026</ReturnDate>\n", line: 9, says: "TransactionDocumentData: Its element ReturnDate is missing"},
	{name: "footer removed", old: "        <FooterRow>", until: "      </TransactionDetailsData>", line: 48, says: "FooterRow is missing"},
	{name: "row after the footer", old: "</FooterRow>", new: "</FooterRow><Rows/>", line: 53, says: "Rows stands in the wrong place"},
	{name: "an attribute at the root", old: "<InputTaxInvoiceReturn>", new: `<InputTaxInvoiceReturn version="1">`, line: 2, says: "Its attributes are to be"},
	{name: "date of an invoice", old: "20-11-2026", new: "2026-11-20", line: 9, says: "DD-MM-YYYY"},
	{name: "31 November", old: "20-11-2026", new: "31-11-2026", line: 9, says: "not a day of the calendar"},
	{name: "tomorrow", old: "20-11-2026", new: "23-11-2026", line: 9, says: "still to come", beyond: true},
	{name: "number of 15 digits", old: "04002600000000001", new: "040026000000001", line: 7, says: "17 digits"},
	{name: "number in its print", old: "04002600000000001", new: "040.026-00.00000001", line: 7, says: "17 digits"},
	{name: "no seller", old: "<SellerTIN>0098765431109000<", new: "<SellerTIN>0000000000000000<", line: 8, says: "required", beyond: true},
	{name: "yes for true", old: ">true<", new: ">yes<", line: 28, says: "true or false"},
	{name: "no other base", old: ">true<", new: ">false<", line: 28, says: "is not ReturnTaxBase", beyond: true},
	{name: "more than was bought", old: "<Quantity>10<", new: "<Quantity>1<", line: 24, says: "More goes back", beyond: true},
	{name: "11 percent", old: "<ReturnVAT>22000.00</ReturnVAT>\n          <", new: "<ReturnVAT>20166.67</ReturnVAT>\n          <", line: 12, says: "rows add up", beyond: true},
	{name: "wrong head", old: "<ReturnTaxBase>200000.00<", new: "<ReturnTaxBase>200000.01<", line: 10, says: "the rows add up to 200000", beyond: true},
	{name: "wrong footer", old: "<ReturnVATTotal>22000.00<", new: "<ReturnVATTotal>22000.01<", line: 51, says: "the rows add up to 22000", beyond: true},
	{name: "tax base off", old: "<ReturnDiscount>0.00<", new: "<ReturnDiscount>1.00<", line: 26, says: "UnitPrice x ReturnQuantity - ReturnDiscount = 199999", beyond: true},
}

func (m mutation) of(file string) (string, bool) {
	if m.old == "" {
		return m.new + file, true
	}
	before, after, found := strings.Cut(file, m.old)
	if m.until == "" {
		return before + m.new + after, found
	}
	_, after, ends := strings.Cut(after, m.until)
	return before + m.new + m.until + after, found && ends
}

func TestInvoiceMutations(t *testing.T) {
	t.Parallel()
	tryMutations(t, faktur.KindInvoice, "invoice.xml", invoiceMutations)
}

func TestOtherMutations(t *testing.T) {
	t.Parallel()
	tryMutations(t, faktur.KindInvoice, "every-code.xml", otherMutations)
}

func TestReturnMutations(t *testing.T) {
	t.Parallel()
	tryMutations(t, faktur.KindReturn, "returns.xml", returnMutations)
}

// tryMutations holds the portal and the schema to the same verdicts.
func tryMutations(t *testing.T, kind faktur.Kind, name string, mutations []mutation) {
	t.Helper()
	good := testdata(t, name)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			file, found := m.of(good)
			if !found {
				t.Fatalf("%s has no %q", name, m.old)
			}
			p := newPortal()
			_, err := p.Upload([]byte(file))
			refused, ok := errors.AsType[*coretaxtest.Refused](err)
			if !ok {
				t.Fatalf("taken: %v", err)
			}
			if f := refused.Faults[0]; f.Line != m.line || !strings.Contains(f.Element+": "+f.Message, m.says) {
				t.Errorf("refused by %v\nwant line %d and %q first", refused, m.line, m.says)
			}
			if rows := p.Rows(); len(rows) > 0 {
				t.Errorf("rows were taken: %+v", rows)
			}
			if err := coretaxtest.Validate(t.Context(), kind, []byte(file)); (err == nil) != m.beyond || errors.Is(err, exec.ErrNotFound) {
				t.Errorf("the schema says %v, want it taken: %t", err, m.beyond)
			}
		})
	}
}

// TestSchemaTakesGoodFiles: all that the portal takes.
func TestSchemaTakesGoodFiles(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]faktur.Kind{
		"invoice.xml": faktur.KindInvoice, "every-code.xml": faktur.KindInvoice,
		"returns.xml": faktur.KindReturn, "return-sample.xml": faktur.KindReturn,
	} {
		if err := coretaxtest.Validate(t.Context(), kind, []byte(testdata(t, name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
