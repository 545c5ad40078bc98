package coretaxtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a file. DJP's are not known (FACTS 1.1 [NF]); these keep the memory
// of a reader small.
const (
	maxBytes  = 64 << 20 // of a file
	maxNodes  = 100_000  // elements of one document
	maxDepth  = 8        // of elements in one another
	maxFaults = 100      // after which reading ends
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	Line    int    // of the file, the first being 1
	Element string // the one that is wrong, or whose child is; "" when it is the file
	Message string
}

// Refused is the error of Upload: nothing of the file was taken, because one
// bad row rolls a whole import back (FACTS 1.1, DDTC-15ROWS).
type Refused struct {
	Faults []Fault // in the order of their lines; never empty
}

// Error gives the portal's banner and the faults, one a line.
func (r *Refused) Error() string {
	var text strings.Builder
	text.WriteString("Invoices have errors!")
	for _, f := range r.Faults {
		fmt.Fprintf(&text, "\nline %d: %s: %s", f.Line, f.Element, f.Message)
	}
	return text.String()
}

// node is one element of a document.
type node struct {
	name      string
	line, end int // of its start and its end tag
	text      string
	children  []*node
}

// leaf gives the text of a child; "" when there is none.
func (n *node) leaf(name string) string {
	for _, c := range n.children {
		if c.name == name {
			return c.text
		}
	}
	return ""
}

// at gives the line of a child, or n's own when there is none.
func (n *node) at(name string) int {
	for _, c := range n.children {
		if c.name == name {
			return c.line
		}
	}
	return n.line
}

// all gives the children of a name.
func (n *node) all(name string) []*node {
	var found []*node
	for _, c := range n.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// errStop ends the reading of a file whose faults say why.
var errStop = errors.New("stop")

// reader reads a file token by token and notes what is wrong with it.
type reader struct {
	dec    *xml.Decoder
	first  bool // no token has been read yet
	nodes  int  // elements of the document being read
	faults []Fault
}

func newReader(file []byte) *reader {
	return &reader{dec: xml.NewDecoder(bytes.NewReader(file)), first: true}
}

// fault notes what is wrong; it gives errStop when that is enough.
func (r *reader) fault(line int, element, format string, args ...any) error {
	r.faults = append(r.faults, Fault{line, clip(element), fmt.Sprintf(format, args...)})
	if len(r.faults) >= maxFaults {
		return errStop
	}
	return nil
}

// stop notes what is wrong and ends the reading.
func (r *reader) stop(line int, element, format string, args ...any) error {
	_ = r.fault(line, element, format, args...) // it ends here anyway
	return errStop
}

// next gives the next token that says something, and the line it begins on. At
// the end of the file it gives nil.
func (r *reader) next() (xml.Token, int, error) {
	for {
		line, _ := r.dec.InputPos()
		token, err := r.dec.Token()
		if err == io.EOF { //nolint:errorlint // Token gives io.EOF itself
			return nil, line, nil
		}
		if err != nil {
			return nil, line, r.broken(err)
		}
		first := r.first
		r.first = false
		switch t := token.(type) {
		case xml.Directive:
			return nil, line, r.stop(line, "", "A document type or an entity is declared. That is refused.")
		case xml.ProcInst:
			if t.Target == "xml" && !first {
				return nil, line, r.stop(line, "", "The XML declaration stands only at the very beginning of a file.")
			}
		case xml.Comment:
		default:
			return token, line, nil
		}
	}
}

// broken notes that the file is no XML.
func (r *reader) broken(err error) error {
	line, _ := r.dec.InputPos()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return r.stop(syntax.Line, "", "The file is no XML: %s.", clip(syntax.Msg))
	}
	return r.stop(line, "", "The file is no XML: %v.", err)
}

// blank says whether a text between elements is nothing but white space.
func blank(text []byte) bool { return len(bytes.Trim(text, " \t\r\n")) == 0 }

// child gives the start of the next child of an element, or nil at its end,
// whose line it gives.
func (r *reader) child(parent string) (*xml.StartElement, int, error) {
	for {
		token, line, err := r.next()
		if err != nil {
			return nil, line, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return &t, line, nil
		case xml.EndElement:
			return nil, line, nil
		case xml.CharData:
			if !blank(t) {
				line += bytes.Count(t[:bytes.IndexFunc(t, inkOf)], []byte("\n"))
				if err := r.fault(line, parent, "There is text between its elements."); err != nil {
					return nil, line, err
				}
			}
		default:
			return nil, line, r.stop(line, parent, "The file ends in the middle.")
		}
	}
}

func inkOf(c rune) bool { return !strings.ContainsRune(" \t\r\n", c) }

// tree reads an element whose start has been read, and all that is in it.
func (r *reader) tree(start *xml.StartElement, line, depth int) (*node, error) {
	n := &node{name: nameOf(start), line: line}
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, r.stop(line, n.name, "There are too many elements here.")
	}
	if len(start.Attr) > 0 {
		if err := r.fault(line, n.name, "It has the attribute %s, and only the root element has attributes.", clip(start.Attr[0].Name.Local)); err != nil {
			return nil, err
		}
	}
	var text []byte
	inkLine := 0
	for {
		token, line, err := r.next()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			c, err := r.tree(&t, line, depth+1)
			if err != nil {
				return nil, err
			}
			n.children = append(n.children, c)
		case xml.CharData:
			if inkLine == 0 && !blank(t) {
				inkLine = line + bytes.Count(t[:bytes.IndexFunc(t, inkOf)], []byte("\n"))
			}
			text = append(text, t...)
		case xml.EndElement:
			n.end, n.text = line, string(text)
			if len(n.children) > 0 && inkLine > 0 {
				return n, r.fault(inkLine, n.name, "There is text between its elements.")
			}
			return n, nil
		default:
			return nil, r.stop(line, n.name, "The file ends in the middle.")
		}
	}
}

// nameOf gives an element's name, with its name space, as no known element has one.
func nameOf(start *xml.StartElement) string {
	if start.Name.Space != "" {
		return start.Name.Space + ":" + start.Name.Local
	}
	return start.Name.Local
}

// clip shortens what a file says to what a message can show.
func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
