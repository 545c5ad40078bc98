package sheet

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

func openCSV(content []byte, limits Limits) (*Book, error) {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return nil, unreadable("not_a_spreadsheet", "The file is text in UTF-16. Save it as CSV UTF-8 or as Excel Workbook (.xlsx).")
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return nil, unreadable("not_a_spreadsheet", "The file is neither an Excel Workbook (.xlsx) nor CSV. Save it as one of these.")
	}
	text := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		text = fromWindows1252(text)
	}
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	return &Book{limits: limits, names: []string{""}, text: text}, nil
}

// windows1252 is what the bytes 0x80 to 0x9F mean there; the others are Latin-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func fromWindows1252(text []byte) []byte {
	var to bytes.Buffer
	for _, c := range text {
		switch {
		case c >= 0x80 && c < 0xa0:
			to.WriteRune(windows1252[c-0x80])
		default:
			to.WriteRune(rune(c))
		}
	}
	return to.Bytes()
}

// csvScan walks the rows of a CSV. Rows count as spreadsheet programs count
// them: a line break within quotes begins no new one, an empty line is one.
//
// It reads what encoding/csv refuses or swallows: a quotation mark within a
// text without any, and after a quotation mark that is never closed it goes on
// with the next line, so that one broken row takes no other with it.
type csvScan struct {
	rest      []byte
	separator byte
	limits    Limits
	number    int // of the last row
}

func csvRows(text []byte, limits Limits) func() (Row, bool, error) {
	s := &csvScan{rest: text, limits: limits}
	if separator, hinted := separatorHint(text); hinted {
		_, s.rest, _ = bytes.Cut(text, []byte("\n"))
		s.separator, s.number = separator, 1
	} else {
		s.separator = guessSeparator(text)
	}
	return s.next
}

func (s *csvScan) next() (Row, bool, error) {
	for len(s.rest) > 0 {
		s.number++
		row := Row{Number: s.number}
		_, nextLine, _ := bytes.Cut(s.rest, []byte("\n"))
		fields, broken := s.record()
		if broken != "" {
			s.rest, row.Broken = nextLine, broken
			return row, true, nil
		}
		row.fill(fields, s.limits)
		if len(row.Cells) > 0 || row.Broken != "" {
			return row, true, nil
		}
	}
	return Row{}, false, nil
}

// record takes the fields of one row off the rest, or says why it cannot.
func (s *csvScan) record() (fields []string, broken string) {
	for {
		field, broken := s.field()
		if broken != "" {
			return nil, broken
		}
		if len(fields) <= s.limits.Columns { // one too many is enough to tell
			fields = append(fields, field)
		}
		if len(s.rest) == 0 {
			return fields, ""
		}
		end := s.rest[0]
		s.rest = s.rest[1:]
		if end == '\n' {
			return fields, ""
		}
	}
}

// field takes one field off the rest and leaves what ended it: a separator, a
// line break or nothing.
func (s *csvScan) field() (text, broken string) {
	if !bytes.HasPrefix(s.rest, []byte(`"`)) {
		end := bytes.IndexFunc(s.rest, func(r rune) bool { return r == '\n' || r == rune(s.separator) })
		if end < 0 {
			end = len(s.rest)
		}
		text, s.rest = string(s.rest[:end]), s.rest[end:]
		return strings.TrimSuffix(text, "\r"), ""
	}
	var quoted strings.Builder
	for s.rest = s.rest[1:]; quoted.Len() <= s.limits.Cell; {
		end := bytes.IndexByte(s.rest[:min(len(s.rest), s.limits.Cell+1)], '"')
		if end < 0 {
			break
		}
		quoted.Write(s.rest[:end])
		s.rest = s.rest[end+1:]
		if !bytes.HasPrefix(s.rest, []byte(`"`)) {
			return quoted.String(), s.closed()
		}
		quoted.WriteByte('"')
		s.rest = s.rest[1:]
	}
	return "", fmt.Sprintf("A quotation mark opens in this row and is not closed within %d bytes. Close it, and write a quotation mark within a text twice.", s.limits.Cell)
}

// closed looks at what follows a closing quotation mark.
func (s *csvScan) closed() (broken string) {
	if bytes.HasPrefix(s.rest, []byte("\r\n")) || string(s.rest) == "\r" {
		s.rest = s.rest[1:]
	}
	if len(s.rest) == 0 || s.rest[0] == '\n' || s.rest[0] == s.separator {
		return ""
	}
	return "The quotation marks of this row are not as they should be. Put them around the whole text, and write one within it twice."
}

// fill takes a row's fields; all of them being empty makes no cells.
func (r *Row) fill(fields []string, limits Limits) {
	last := 0
	for i, field := range fields {
		if strings.TrimSpace(field) != "" {
			last = i + 1
		}
		if len(field) > limits.Cell {
			r.Broken = fmt.Sprintf("A cell of this row has more than %d bytes. Is a quotation mark missing?", limits.Cell)
		}
	}
	if last > limits.Columns {
		r.Broken = fmt.Sprintf("This row has more than %d columns.", limits.Columns)
	}
	if last == 0 || r.Broken != "" {
		return
	}
	r.Cells = make([]Cell, last)
	for i, field := range fields[:last] {
		if field != "" {
			r.Cells[i] = Cell{Text: field, Kind: Text}
		}
	}
}

// separators are what may stand between the fields, the likeliest first.
var separators = []byte{';', '\t', ','}

// separatorHint reads the first line that Excel takes as a hint: sep=;
func separatorHint(text []byte) (byte, bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	rest, found := strings.CutPrefix(strings.ToLower(strings.TrimRight(string(line), "\r")), "sep=")
	for _, separator := range separators {
		if found && rest == string(separator) {
			return separator, true
		}
	}
	return 0, false
}

// guessSeparator takes the character that the same number of times stands in
// the most of the first lines, and among equals the one with the most.
func guessSeparator(text []byte) byte {
	best, bestLines, bestFields := byte(','), 0, 0
	for _, separator := range separators {
		lines, fields := regularity(text, separator)
		if lines > bestLines || lines == bestLines && fields > bestFields {
			best, bestLines, bestFields = separator, lines, fields
		}
	}
	return best
}

// regularity says how many of the first lines have the most usual number of
// separators outside of quotes, and that number.
func regularity(text []byte, separator byte) (lines, separators int) {
	counts := map[int]int{}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	quoted, count := false, 0
	for seen := 0; seen < 50 && scanner.Scan(); {
		line := scanner.Bytes()
		for i, c := range line {
			switch {
			case c == '"' && (quoted || i == 0 || line[i-1] == separator):
				quoted = !quoted
			case c == separator && !quoted:
				count++
			}
		}
		if quoted {
			continue
		}
		if count > 0 {
			counts[count]++
		}
		count = 0
		seen++
	}
	for n, times := range counts {
		if times > lines || times == lines && n > separators {
			lines, separators = times, n
		}
	}
	return lines, separators
}
