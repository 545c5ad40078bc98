package coretaxtest

import (
	"regexp"
	"slices"
)

// form is how the text of an element must be written. TaxInvoice.xsd and
// InputTaxInvoiceReturn.xsd say the same.
type form struct {
	pattern *regexp.Regexp
	says    string
}

func newForm(pattern, says string) *form {
	return &form{regexp.MustCompile(`^(?:` + pattern + `)$`), says}
}

// hiddenClass are the characters that nobody sees on a screen; "hidden characters"
// are known to fail imports (FACTS 5.3, FAQ-95). Which ones is not known: these
// are an assumption.
const hiddenClass = `\x00-\x1f\x7f-\xa0\xad\x{200b}-\x{200f}\x{2028}-\x{202f}\x{2060}-\x{206f}\x{feff}`

const (
	textPattern   = `[^ ` + hiddenClass + `]([^` + hiddenClass + `]*[^ ` + hiddenClass + `])?`
	amountPattern = `(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?`
)

// The forms of FACTS 1.1 and 1.2. Amounts have at most two decimals and 15
// digits before the point; the latter is our own bound, DJP's is not known.
var (
	npwp        = newForm(`[0-9]{16}`, "It has 16 digits and nothing else.")
	isoDate     = newForm(`[0-9]{4}-[0-9]{2}-[0-9]{2}`, "It is a date as YYYY-MM-DD.")
	indoDate    = newForm(`(0[1-9]|[12][0-9]|3[01])-(0[1-9]|1[0-2])-[0-9]{4}`, "It is a date as DD-MM-YYYY.")
	normal      = newForm(`Normal`, "It is always Normal.")
	trxCode     = newForm(`0[1-9]|10`, "It is a transaction code, 01 to 10.")
	addInfo     = newForm(`(TD\.005[0-9]{2})?`, "It is empty or a code TD.005NN.")
	stamp       = newForm(`(TD\.011[0-9]{2})?`, "It is empty or a code TD.011NN.")
	monthYear   = newForm(`((0[1-9]|1[0-2])[0-9]{4})?`, "It is empty or a month as MMYYYY.")
	text        = newForm(textPattern, "It is a text without spaces around it and without line breaks, tabs and hidden characters.")
	anyText     = newForm(`(`+textPattern+`)?`, "It is empty or a text without spaces around it and without line breaks, tabs and hidden characters.")
	sellerIDTKU = newForm(`[0-9]{22}`, "It has 22 digits and nothing else.")
	buyerIDTKU  = newForm(`[0-9]{22}|000000`, "It has 22 digits, or is 000000 for a buyer without NPWP.")
	document    = newForm(`TIN|National ID|Passport|Other ID`, "It is TIN, National ID, Passport or Other ID.")
	country     = newForm(`[A-Z]{2,3}`, "It is a country of DJP's list.")
	email       = newForm(`([^\s@]+@[^\s@]+)?`, "It is empty or an address.")
	opt         = newForm(`A|B`, "It is A for goods or B for services.")
	goodsCode   = newForm(`([0-9]{6})?`, "It is empty or has 6 digits.")
	unit        = newForm(`UM\.[0-9]{4}`, "It is a unit UM.NNNN.")
	amount      = newForm(amountPattern, "It is a number with at most two decimals after a point, without a sign.")
	rate        = newForm(`(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?`, "It is a rate in percent with at most two decimals after a point.")
	nsfp        = newForm(`[0-9]{16,17}`, "It is the number of an invoice, 17 digits, or 16 of the desktop application.")
	trueFalse   = newForm(`true|false`, "It is true or false.")
)

// field is an element in its place: a leaf has a form, any other has children.
type field struct {
	name     string
	form     *form
	children []field
	many     bool // once or more
}

// invoiceFields are the children of TaxInvoice, in their order (FACTS 1.1).
// Every one must be there, and those that are optional may be empty; that
// CustomDocMonthYear must be there, too, follows template 1.6.1.
var invoiceFields = []field{
	{name: "TaxInvoiceDate", form: isoDate},
	{name: "TaxInvoiceOpt", form: normal},
	{name: "TrxCode", form: trxCode},
	{name: "AddInfo", form: addInfo},
	{name: "CustomDoc", form: anyText},
	{name: "CustomDocMonthYear", form: monthYear},
	{name: "RefDesc", form: anyText},
	{name: "FacilityStamp", form: stamp},
	{name: "SellerIDTKU", form: sellerIDTKU},
	{name: "BuyerTin", form: npwp},
	{name: "BuyerDocument", form: document},
	{name: "BuyerCountry", form: country},
	{name: "BuyerDocumentNumber", form: text},
	{name: "BuyerName", form: text},
	{name: "BuyerAdress", form: text}, // sic
	{name: "BuyerEmail", form: email},
	{name: "BuyerIDTKU", form: buyerIDTKU},
	{name: "ListOfGoodService", children: []field{
		{name: "GoodService", many: true, children: []field{
			{name: "Opt", form: opt},
			{name: "Code", form: goodsCode},
			{name: "Name", form: text},
			{name: "Unit", form: unit},
			{name: "Price", form: amount},
			{name: "Qty", form: amount},
			{name: "TotalDiscount", form: amount},
			{name: "TaxBase", form: amount},
			{name: "OtherTaxBase", form: amount},
			{name: "VATRate", form: rate},
			{name: "VAT", form: amount},
			{name: "STLGRate", form: rate},
			{name: "STLG", form: amount},
		}},
	}},
}

// returnFields are the children of InputReturnData, in their order (FACTS 1.2).
var returnFields = []field{
	{name: "TransactionDocumentData", children: []field{
		{name: "InvoiceNumber", form: nsfp},
		{name: "SellerTIN", form: npwp},
		{name: "ReturnDate", form: indoDate},
		{name: "ReturnTaxBase", form: amount},
		{name: "ReturnOtherTaxBase", form: amount},
		{name: "ReturnVAT", form: amount},
		{name: "ReturnSTLG", form: amount},
	}},
	{name: "TransactionDetailsData", children: []field{
		{name: "Rows", many: true, children: []field{
			{name: "Type", form: opt},
			{name: "Name", form: text},
			{name: "Code", form: goodsCode},
			{name: "Quantity", form: amount},
			{name: "Unit", form: unit},
			{name: "UnitPrice", form: amount},
			{name: "STLGRate", form: rate},
			{name: "ReturnQuantity", form: amount},
			{name: "ReturnDiscount", form: amount},
			{name: "ReturnTaxBase", form: amount},
			{name: "ReturnOtherTaxBase", form: amount},
			{name: "ReturnOtherTaxBaseCheck", form: trueFalse},
			{name: "ReturnVAT", form: amount},
			{name: "ReturnSTLG", form: amount},
		}},
		{name: "FooterRow", children: []field{
			{name: "ReturnTaxBaseTotal", form: amount},
			{name: "ReturnOtherTaxBaseTotal", form: amount},
			{name: "ReturnVATTotal", form: amount},
			{name: "ReturnSTLGTotal", form: amount},
		}},
	}},
}

// shape checks that an element has its children, each once, in their order and form.
func (r *reader) shape(n *node, fields []field) error {
	names := make([]string, len(n.children))
	for i, c := range n.children {
		names[i] = c.name
	}
	s := sequence{reader: r, parent: n.name, fields: fields}
	for i, c := range n.children {
		f, err := s.take(c.name, c.line, names[i+1:])
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if f.form == nil {
			err = r.shape(c, f.children)
		} else {
			err = r.form(c, f.form)
		}
		if err != nil {
			return err
		}
	}
	return s.end(n.end)
}

// form checks the text of a leaf.
func (r *reader) form(n *node, f *form) error {
	if len(n.children) > 0 {
		c := n.children[0]
		return r.fault(c.line, n.name, "It holds the element %s, and should hold a text.", clip(c.name))
	}
	if !f.pattern.MatchString(n.text) {
		return r.fault(n.line, n.name, "%s It says %q.", f.says, clip(n.text))
	}
	return nil
}

// sequence follows the children of an element through the fields it should have.
type sequence struct {
	*reader
	parent string
	fields []field
	place  int // of the field that comes next
	seen   []string
}

// take finds the field of the next child, whose later siblings are given where
// they are known. Nil is a child that should not be there, which has been noted.
func (s *sequence) take(name string, line int, later []string) (*field, error) {
	at := slices.IndexFunc(s.fields, func(f field) bool { return f.name == name })
	switch {
	case at < 0:
		return nil, s.fault(line, s.parent, "It has the unknown element %s.", clip(name))
	case at < s.place && s.fields[at].many && at == s.place-1:
		return &s.fields[at], nil
	case at < s.place && !s.fields[at].many && slices.Contains(s.seen, name):
		return nil, s.fault(line, s.parent, "It has the element %s more than once.", name)
	case at < s.place:
		s.seen = append(s.seen, name)
		return &s.fields[at], s.fault(line, s.parent, "Its element %s stands in the wrong place: it comes after %s.", name, s.before(at))
	}
	for _, f := range s.fields[s.place:at] {
		if !slices.Contains(later, f.name) { // else it is noted where it stands
			if err := s.missing(line, f.name); err != nil {
				return nil, err
			}
		}
	}
	s.place = at + 1
	s.seen = append(s.seen, name)
	return &s.fields[at], nil
}

// before names what stands before a field.
func (s *sequence) before(at int) string {
	if at == 0 {
		return "nothing else"
	}
	return s.fields[at-1].name
}

// end notes what is missing where the element ends.
func (s *sequence) end(line int) error {
	for _, f := range s.fields[s.place:] {
		if err := s.missing(line, f.name); err != nil {
			return err
		}
	}
	return nil
}

func (s *sequence) missing(line int, name string) error {
	return s.fault(line, s.parent, "Its element %s is missing.", name)
}
