package coretaxtest

import (
	"bytes"
	"encoding/xml"

	"github.com/fakturgate/fakturgate/faktur"
)

// layout is one of the formats that the portal imports.
type layout struct {
	kind           faktur.Kind
	root, list     string
	document       string // the element of one document
	schema         string // the name in xsi:noNamespaceSchemaLocation
	schemaOptional bool   // the root may have no attributes at all
	fields         []field
	check          func(*checker, *node) (Row, error)
}

// layouts are the formats that this portal takes (FACTS 1.1, 1.2). The sample
// of a return has no attributes at its root; that it may have them is an assumption.
var layouts = []layout{
	{kind: faktur.KindInvoice, root: "TaxInvoiceBulk", list: "ListOfTaxInvoice", document: "TaxInvoice",
		schema: "TaxInvoice.xsd", fields: invoiceFields, check: (*checker).invoice},
	{kind: faktur.KindReturn, root: "InputTaxInvoiceReturn", list: "InputReturnDataList", document: "InputReturnData",
		schema: "InputTaxInvoiceReturn.xsd", schemaOptional: true, fields: returnFields, check: (*checker).returned},
}

// checker reads one file for one taxpayer.
type checker struct {
	*reader
	config *Config
	today  faktur.Date
	lists  *lists
	rows   []Row
}

// read checks a whole file and gives its rows and its kind; the faults are in c.
func (c *checker) read(file []byte) {
	switch {
	case len(file) > maxBytes:
		_ = c.stop(1, "", "The file is larger than %d bytes.", maxBytes)
	case bytes.HasPrefix(file, []byte("\xef\xbb\xbf")):
		_ = c.stop(1, "", "The file begins with a byte order mark. It is to begin with <.")
	case !bytes.HasPrefix(file, []byte("<")):
		_ = c.stop(1, "", "The file is no XML: it does not begin with <.")
	default:
		_ = c.file() // its faults say what it is
	}
}

func (c *checker) file() error {
	start, line, err := c.child("")
	if err != nil {
		return err
	}
	l := layoutOf(start)
	if l == nil {
		return c.stop(line, nameOf(start), "The root element is unknown. This portal takes TaxInvoiceBulk and InputTaxInvoiceReturn.")
	}
	if err := c.attributes(l, start, line); err != nil {
		return err
	}
	if err := c.root(l); err != nil {
		return err
	}
	token, line, err := c.next()
	for ; err == nil && token != nil; token, line, err = c.next() {
		if t, ok := token.(xml.CharData); !ok || !blank(t) {
			return c.stop(line, l.root, "Something follows after its end.")
		}
	}
	return err
}

func layoutOf(start *xml.StartElement) *layout {
	for i := range layouts {
		if start != nil && nameOf(start) == layouts[i].root {
			return &layouts[i]
		}
	}
	return nil
}

// attributes checks those of the root element: xmlns:xsi and
// xsi:noNamespaceSchemaLocation (FACTS 1.1).
func (c *checker) attributes(l *layout, start *xml.StartElement, line int) error {
	const instance = "http://www.w3.org/2001/XMLSchema-instance"
	if len(start.Attr) == 0 && l.schemaOptional {
		return nil
	}
	want := []xml.Attr{
		{Name: xml.Name{Space: "xmlns", Local: "xsi"}, Value: instance},
		{Name: xml.Name{Space: instance, Local: "noNamespaceSchemaLocation"}, Value: l.schema},
	}
	have := map[xml.Attr]bool{}
	for _, a := range start.Attr {
		have[a] = true
	}
	if len(start.Attr) != len(want) || !have[want[0]] || !have[want[1]] {
		return c.fault(line, l.root, "Its attributes are to be xmlns:xsi=%q and xsi:noNamespaceSchemaLocation=%q and no others.", instance, l.schema)
	}
	return nil
}

// root reads the children of the root element.
func (c *checker) root(l *layout) error {
	s := sequence{reader: c.reader, parent: l.root, fields: []field{{name: "TIN", form: npwp}, {name: l.list}}}
	for {
		start, line, err := c.child(l.root)
		if err != nil {
			return err
		}
		if start == nil {
			return s.end(line)
		}
		f, err := s.take(nameOf(start), line, nil)
		if err != nil {
			return err
		}
		switch {
		case f == nil:
			err = c.pass(start, line)
		case f.form == nil:
			err = c.list(l, start, line)
		default:
			err = c.tin(start, line)
		}
		if err != nil {
			return err
		}
	}
}

// pass reads over an element that has been refused.
func (c *checker) pass(start *xml.StartElement, line int) error {
	c.nodes = 0
	_, err := c.tree(start, line, 0)
	return err
}

// tin reads whose file it is, which must be who is signed in.
func (c *checker) tin(start *xml.StartElement, line int) error {
	c.nodes = 0
	n, err := c.tree(start, line, 0)
	if err != nil {
		return err
	}
	before := len(c.faults)
	if err := c.form(n, npwp); err != nil {
		return err
	}
	if len(c.faults) == before && n.text != c.config.TIN {
		return c.fault(n.line, "TIN", "The file is of %s, and you are signed in for %s.", n.text, c.config.TIN)
	}
	return nil
}

// list reads the documents.
func (c *checker) list(l *layout, start *xml.StartElement, line int) error {
	if len(start.Attr) > 0 {
		if err := c.fault(line, l.list, "It has the attribute %s, and only the root element has attributes.", clip(start.Attr[0].Name.Local)); err != nil {
			return err
		}
	}
	for count := 0; ; count++ {
		start, line, err := c.child(l.list)
		switch {
		case err != nil:
			return err
		case start == nil && count == 0:
			return c.fault(line, l.list, "It has no element %s.", l.document)
		case start == nil:
			return nil
		case count == c.config.MaxDocuments:
			return c.stop(line, l.list, "It has more than %d documents.", c.config.MaxDocuments)
		}
		if err := c.one(l, start, line); err != nil {
			return err
		}
	}
}

// one reads a document; its content is looked at when its shape is right.
func (c *checker) one(l *layout, start *xml.StartElement, line int) error {
	if nameOf(start) != l.document {
		if err := c.fault(line, l.list, "It has the unknown element %s.", clip(nameOf(start))); err != nil {
			return err
		}
		return c.pass(start, line)
	}
	c.nodes = 0
	n, err := c.tree(start, line, 0)
	if err != nil {
		return err
	}
	before := len(c.faults)
	if err := c.shape(n, l.fields); err != nil || len(c.faults) > before {
		return err
	}
	row, err := l.check(c, n)
	row.Kind, row.Line = l.kind, n.line
	c.rows = append(c.rows, row)
	return err
}
