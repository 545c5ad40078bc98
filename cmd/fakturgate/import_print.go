package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fakturgate/fakturgate/portal"
)

// importPrinter prints a report as a table: sentences are wrapped on a terminal,
// and stand on one line each when it is piped.
type importPrinter struct {
	out, err      io.Writer
	width         int // of the terminal; 0: it is none
	live          bool
	progressShown bool
}

func newImportPrinter(out, err *os.File) *importPrinter {
	p := &importPrinter{out: out, err: err, live: isTerminal(err)}
	if isTerminal(out) {
		p.width = 100
		if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 60 {
			p.width = columns
		}
	}
	return p
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *importPrinter) line(text string, args ...any) { fmt.Fprintf(p.out, text+"\n", args...) }

// progress shows on a terminal how far a step has come.
func (p *importPrinter) progress(what string, done, all int) {
	if p.live && (done == all || done%20 == 0) {
		fmt.Fprintf(p.err, "\r\x1b[K%s %d of %d", what, done, all)
		p.progressShown = true
	}
}

// progressDone wipes the progress away.
func (p *importPrinter) progressDone() {
	if p.progressShown {
		fmt.Fprint(p.err, "\r\x1b[K")
		p.progressShown = false
	}
}

// same is what many rows may have wrong in the same way.
type same struct {
	sheet, column, code, message string
}

// entry is a line of the table: a fault and the rows that have it.
type entry struct {
	same
	rows []int
}

// gathered puts faults together that say the same of several rows.
func gathered(faults []portal.CellFault) []*entry {
	var entries []*entry
	known := map[same]*entry{}
	for _, f := range faults {
		key := same{f.Sheet, strings.TrimSpace(f.Letter + " " + f.Column), f.Code, f.Message}
		e := known[key]
		if e == nil {
			e = &entry{same: key}
			known[key] = e
			entries = append(entries, e)
		}
		e.rows = append(e.rows, f.Row)
	}
	return entries
}

// rowList writes 3, 5-9, 12.
func rowList(rows []int) string {
	var parts []string
	for from := 0; from < len(rows); {
		to := from
		for to+1 < len(rows) && rows[to+1] <= rows[to]+1 {
			to++
		}
		part := strconv.Itoa(rows[from])
		if rows[to] > rows[from] {
			part += "-" + strconv.Itoa(rows[to])
		}
		parts = append(parts, part)
		from = to + 1
	}
	return strings.Join(parts, ", ")
}

// faults prints every fault by its place.
func (p *importPrinter) faults(title string, faults []portal.CellFault) {
	if len(faults) == 0 {
		return
	}
	p.line("\n%s:\n", title)
	sheets := map[string]int{}
	for _, f := range faults {
		if _, known := sheets[f.Sheet]; !known {
			sheets[f.Sheet] = len(sheets)
		}
	}
	slices.SortStableFunc(faults, func(a, b portal.CellFault) int {
		return cmp.Or(cmp.Compare(sheets[a.Sheet], sheets[b.Sheet]), cmp.Compare(a.Row, b.Row), cmp.Compare(len(a.Letter), len(b.Letter)), cmp.Compare(a.Letter, b.Letter))
	})
	var rows [][]string
	for _, e := range gathered(faults) {
		list := rowList(e.rows)
		message := e.message
		if len(e.rows) > 1 {
			list = strconv.Itoa(e.rows[0]) + ", ..."
			message += fmt.Sprintf(" The same in %s: %s.", count(len(e.rows), "row"), rowList(e.rows))
		}
		rows = append(rows, []string{sheetName(e.sheet), list, e.column, e.code + ": " + message})
	}
	p.table([]string{"SHEET", "ROW", "COLUMN", "WHAT IS WRONG"}, rows)
	p.line("")
}

func sheetName(name string) string { return cmp.Or(name, "(csv)") }

// warnings prints each kind of warning once.
func (p *importPrinter) warnings(warnings []portal.CellFault) {
	if len(warnings) == 0 {
		return
	}
	first, times, codes := map[string]portal.CellFault{}, map[string]int{}, []string{}
	for _, w := range warnings {
		if times[w.Code]++; times[w.Code] == 1 {
			first[w.Code] = w
			codes = append(codes, w.Code)
		}
	}
	p.line("\nAccepted with warnings, of each kind the first:\n")
	var rows [][]string
	for _, code := range codes {
		w := first[code]
		rows = append(rows, []string{sheetName(w.Sheet), strconv.Itoa(w.Row), strings.TrimSpace(w.Letter + " " + w.Column), strconv.Itoa(times[code]), code + ": " + w.Message})
	}
	p.table([]string{"SHEET", "ROW", "COLUMN", "TIMES", "WARNING"}, rows)
	p.line("")
}

// table prints rows in columns; the last one is wrapped to the terminal's width.
func (p *importPrinter) table(titles []string, rows [][]string) {
	last := len(titles) - 1
	widths := make([]int, last)
	for _, row := range append([][]string{titles}, rows...) {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	before := 0
	for _, w := range widths {
		before += w + 2
	}
	for _, row := range append([][]string{titles}, rows...) {
		line := ""
		for i, w := range widths {
			line += row[i] + strings.Repeat(" ", w-utf8.RuneCountInString(row[i])+2)
		}
		for n, part := range p.wrapped(row[last], before) {
			if n > 0 {
				line = strings.Repeat(" ", before)
			}
			p.line("%s", strings.TrimRight(line+part, " "))
		}
	}
}

// wrapped cuts a text between words where it stands behind so many columns.
func (p *importPrinter) wrapped(text string, before int) []string {
	if p.width == 0 {
		return []string{text}
	}
	room := max(p.width-before, 30)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
