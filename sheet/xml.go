package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

const (
	maxDepth = 64      // of nested elements; a sheet has about ten
	maxToken = 1 << 20 // bytes between two "<"
)

var errTooLarge = errors.New("beyond a limit")

// tokens reads XML within bounds: of its size, its depth, and the size of each
// token, all of which an XML decoder would hold in memory.
type tokens struct {
	decoder *xml.Decoder
	depth   int
}

func newTokens(from io.Reader, most int64) *tokens {
	return &tokens{decoder: xml.NewDecoder(&boundedReader{from: from, left: most})}
}

// next gives the next token; io.EOF only after all elements were closed.
// Names have no namespace: Space is the prefix.
func (t *tokens) next() (xml.Token, error) {
	token, err := t.decoder.RawToken()
	if errors.Is(err, io.EOF) && t.depth > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	switch token.(type) {
	case xml.StartElement:
		if t.depth++; t.depth > maxDepth {
			return nil, errTooLarge
		}
	case xml.EndElement:
		t.depth--
	}
	return token, err
}

// attribute gives an attribute's value by its local name, "" when it is absent.
func attribute(element *xml.StartElement, name string) string {
	for i := range element.Attr {
		if element.Attr[i].Name.Local == name {
			return element.Attr[i].Value
		}
	}
	return ""
}

// boundedReader ends with errTooLarge when there is more than left, or when
// one token alone is larger than maxToken.
type boundedReader struct {
	from  io.Reader
	left  int64
	token int // bytes since the last "<"
}

func (r *boundedReader) Read(to []byte) (int, error) {
	n, err := r.from.Read(to)
	r.left -= int64(n)
	if last := bytes.LastIndexByte(to[:n], '<'); last >= 0 {
		r.token = n - last
	} else {
		r.token += n
	}
	if r.left < 0 || r.token > maxToken {
		return n, errTooLarge
	}
	return n, err
}
