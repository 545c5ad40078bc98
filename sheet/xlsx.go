package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxParts is how many files a workbook may consist of.
const maxParts = 10_000

// xlsx is an opened workbook. Only what tells about all sheets is in memory.
type xlsx struct {
	limits    Limits
	parts     map[string]*zip.File // by name in small letters
	sheets    map[string]string    // name to part
	texts     []string             // the shared strings
	dates     []bool               // by cell style: whether it shows a date
	since1904 bool
}

func openXLSX(content []byte, limits Limits) (*Book, error) {
	if bytes.Count(content, []byte("PK\x01\x02")) > maxParts {
		return nil, tooLarge("file_too_large", "The file consists of more than %d parts. Copy the rows into a new workbook and save that.", maxParts)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, unreadable("file_damaged", "The file is damaged or was cut off. Send it again, or save it anew in Excel.")
	}
	x := &xlsx{limits: limits, parts: map[string]*zip.File{}, sheets: map[string]string{}}
	for _, part := range archive.File {
		x.parts[partName(part.Name)] = part
	}
	if err := x.checkParts(); err != nil {
		return nil, err
	}
	book := &Book{limits: limits, xlsx: x}
	if book.names, err = x.readWorkbook(); err != nil {
		return nil, err
	}
	return book, nil
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// checkParts refuses other things that come as a zip file, and parts that say
// that they are too large, before anything is unzipped.
func (x *xlsx) checkParts() error {
	switch {
	case x.parts["xl/workbook.bin"] != nil:
		return unreadable("not_a_spreadsheet", "The file is a binary workbook (.xlsb). Save it as Excel Workbook (.xlsx) or CSV.")
	case x.parts["content.xml"] != nil:
		return unreadable("not_a_spreadsheet", "The file is an OpenDocument spreadsheet (.ods). Save it as Excel Workbook (.xlsx) or CSV.")
	case x.parts["_rels/.rels"] == nil:
		return unreadable("not_a_spreadsheet", "The file is a zip archive and not an Excel Workbook (.xlsx). When the spreadsheet is in it, unpack it first.")
	}
	for name, part := range x.parts {
		read := strings.HasPrefix(name, "xl/") && strings.HasSuffix(name, ".xml")
		if read && part.UncompressedSize64 > uint64(x.limits.Unzipped) {
			return x.partTooLarge(name)
		}
	}
	return nil
}

func (x *xlsx) partTooLarge(name string) error {
	return tooLarge("sheet_too_large", "Unpacked, %s in the file has more than %s. Delete formatted rows and columns without content, split the sheet, or save it as CSV.", name, megabytes(x.limits.Unzipped))
}

func damaged(name string) error {
	return unreadable("file_damaged", "The file is damaged: %s in it cannot be read to its end. Open it in Excel, save it anew, and send that.", name)
}

// walk reads a part and calls do for every token; a part that is not there has none.
func (x *xlsx) walk(name string, do func(xml.Token) error) error {
	part := x.parts[partName(name)]
	if part == nil {
		return nil
	}
	content, err := part.Open()
	if err != nil {
		return damaged(name)
	}
	defer content.Close()
	for in := newTokens(content, x.limits.Unzipped); ; {
		token, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(token)
		}
		if err != nil {
			return x.partError(name, err)
		}
	}
}

// partError makes an *Error of what went wrong in a part.
func (x *xlsx) partError(name string, err error) error {
	if _, told := errors.AsType[*Error](err); told {
		return err
	}
	if errors.Is(err, errTooLarge) {
		return x.partTooLarge(name)
	}
	return damaged(name)
}

// readWorkbook reads what is about all sheets and gives their names in order.
func (x *xlsx) readWorkbook() ([]string, error) {
	workbook, texts, styles := "xl/workbook.xml", "", ""
	roots, err := x.relations("_rels/.rels", "")
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if r.is("officeDocument") {
			workbook = r.target
		}
	}
	folder, file := path.Split(workbook)
	relations, err := x.relations(folder+"_rels/"+file+".rels", folder)
	if err != nil {
		return nil, err
	}
	targets := map[string]string{}
	for _, r := range relations {
		switch {
		case r.is("sharedStrings"):
			texts = r.target
		case r.is("styles"):
			styles = r.target
		case r.is("worksheet"):
			targets[r.id] = r.target
		}
	}
	names, err := x.readSheets(workbook, targets)
	if err != nil {
		return nil, err
	}
	if err := x.readStyles(styles); err != nil {
		return nil, err
	}
	return names, x.readTexts(texts)
}

// relation says where in the file a part of a kind is.
type relation struct{ id, kind, target string }

func (r relation) is(kind string) bool { return strings.HasSuffix(r.kind, "/"+kind) }

func (x *xlsx) relations(name, folder string) ([]relation, error) {
	var found []relation
	err := x.walk(name, func(token xml.Token) error {
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "Relationship" {
			return nil
		}
		target := attribute(&element, "Target")
		if !strings.HasPrefix(target, "/") {
			target = folder + target
		}
		found = append(found, relation{attribute(&element, "Id"), attribute(&element, "Type"), strings.TrimPrefix(path.Clean(target), "/")})
		if len(found) > maxParts {
			return errTooLarge
		}
		return nil
	})
	return found, err
}

// readSheets reads the names of the sheets; targets are their parts by relation.
func (x *xlsx) readSheets(workbook string, targets map[string]string) ([]string, error) {
	var names []string
	err := x.walk(workbook, func(token xml.Token) error {
		element, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case element.Name.Local == "workbookPr":
			since := attribute(&element, "date1904")
			x.since1904 = since == "1" || since == "true"
		case element.Name.Local == "sheet":
			name, target := attribute(&element, "name"), targets[relationID(&element)]
			if target != "" && x.parts[partName(target)] != nil && !slices.Contains(names, name) {
				names = append(names, name)
				x.sheets[name] = target
			}
			if len(names) > x.limits.Sheets {
				return tooLarge("too_many_sheets", "The file has more than %d sheets. Delete those that are not needed.", x.limits.Sheets)
			}
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = unreadable("sheet_empty", "The file has no sheet that can be read. Save it anew as Excel Workbook (.xlsx) or CSV.")
	}
	return names, err
}

// relationID is the id attribute with a prefix, which sheetId is not.
func relationID(element *xml.StartElement) string {
	for _, a := range element.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// readStyles notes which cell styles show dates.
func (x *xlsx) readStyles(name string) error {
	codes, within := map[int]string{}, false
	return x.walk(name, func(token xml.Token) error {
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "numFmt":
				codes[number(attribute(&element, "numFmtId"))] = attribute(&element, "formatCode")
			case "cellXfs":
				within = true
			case "xf":
				if within {
					id := number(attribute(&element, "numFmtId"))
					x.dates = append(x.dates, dateFormat(id, codes[id]))
				}
			}
		case xml.EndElement:
			if element.Name.Local == "cellXfs" {
				within = false
			}
		}
		return nil
	})
}

// number reads a whole number, -1 when it is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// readTexts reads the shared strings: of rich text its runs, without the
// reading aids of East Asian scripts (rPh).
func (x *xlsx) readTexts(name string) error {
	var text strings.Builder
	take, aid := false, false
	return x.walk(name, func(token xml.Token) error {
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "t":
				take = !aid
			case "rPh":
				aid = true
			}
		case xml.CharData:
			if take {
				text.Write(element)
			}
		case xml.EndElement:
			switch element.Name.Local {
			case "t":
				take = false
			case "rPh":
				aid = false
			case "si":
				x.texts = append(x.texts, unescape(text.String()))
				text.Reset()
			}
		}
		if text.Len() > x.limits.Cell {
			return x.cellTooLong(name)
		}
		return nil
	})
}

func (x *xlsx) cellTooLong(where string) error {
	return tooLarge("cell_too_long", "A cell has more than %d bytes of text (%s). Shorten it.", x.limits.Cell, where)
}

// unescape resolves _x000D_, by which XLSX writes what XML cannot. A NUL, which
// no text has and PostgreSQL refuses, is left out.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if i+7 <= len(text) && text[i] == '_' && text[i+1] == 'x' && text[i+6] == '_' {
			if code, err := strconv.ParseUint(text[i+2:i+6], 16, 16); err == nil && !utf16.IsSurrogate(rune(code)) {
				if code != 0 {
					plain.WriteRune(rune(code))
				}
				i += 6
				continue
			}
		}
		plain.WriteByte(text[i])
	}
	return plain.String()
}
