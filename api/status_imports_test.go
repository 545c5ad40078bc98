package api_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

const (
	uploader    = "0012345674902000" // a seller whose files a person uploads
	importsPath = "/taxpayers/" + uploader + "/status-imports"
	listTitles  = "Referensi;Tanggal Faktur Pajak;Nomor Faktur Pajak;Status Faktur\r\n"
)

// uploaded is a gateway with n invoices, INV/0 and on, in a file that a person
// has uploaded to the portal.
func uploaded(t *testing.T, db *repository.DB, n int) *gateway {
	t.Helper()
	g := startWith(t, options{db: db, workers: true, change: func(c *service.Config) {
		c.Channels, c.GatherAfter = append(c.Channels, coretax.New()), time.Nanosecond
	}})
	for _, npwp := range []string{uploader, second} {
		g.put("/taxpayers/"+npwp, `{"name": "PT Penjual", "channel": "coretax_xml", "settings": {}}`).want(http.StatusCreated)
	}
	g.post("/invoices", strings.ReplaceAll(invoice("THEIRS/1"), seller, second)).want(http.StatusAccepted)
	invoices := make([]string, n)
	for i := range invoices {
		invoices[i] = strings.ReplaceAll(invoice(fmt.Sprint("INV/", i)), seller, uploader)
	}
	g.post("/invoices/batch", `{"invoices": [`+strings.Join(invoices, ",")+`]}`).want(http.StatusMultiStatus)
	up := 0
	eventually(t, func() bool {
		for _, f := range decoded[handlers.List[faktur.File]](g.get("/taxpayers/" + uploader + "/files?status=ready")).Data {
			g.post("/files/"+f.ID+"/uploaded", "").want(http.StatusOK)
			up += f.Documents
		}
		return up == n
	})
	return g
}

// imported sends a list and gives what came of it.
func (g *gateway) imported(query, list string) service.ImportResult {
	g.t.Helper()
	return decoded[service.ImportResult](g.post(importsPath+query, list, "Content-Type", "text/csv").want(http.StatusOK))
}

// told counts the events of a type.
func (g *gateway) told(kind faktur.EventType) (n int) {
	g.t.Helper()
	for page := decoded[handlers.Feed](g.get("/events?limit=200")); len(page.Data) > 0; page = decoded[handlers.Feed](g.get("/events?limit=200&after=" + page.NextCursor)) {
		for _, e := range page.Data {
			if e.Type == kind {
				n++
			}
		}
	}
	return n
}

// counts fails the test unless a list of so many rows had these outcomes.
func (g *gateway) counts(what string, r service.ImportResult, want map[string]int) {
	g.t.Helper()
	if fmt.Sprint(r.Counts) != fmt.Sprint(want) {
		g.t.Errorf("%s: %v, want %v", what, r.Counts, want)
	}
}

// A list of a thousand rows, fifty of them bad: the other 950 are applied, once,
// whatever comes after. The rows say what is wrong.
func TestAListOfAThousandRowsWithFiftyBadOnes(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := uploaded(t, db, 1000)
		bad := []string{"INV/%d;22/11/2026;4.0026E+%d;Approved", "INV/%d;\"22/11/2026;040026%011d;Approved", "INV/%d;22/11/2026;040026%011d;",
			"INV/%d;22/11/2026;040026%011d;Menunggu", "THEIRS/1;22/11/2026;040026%011[2]d;Approved"}
		broken, old := listTitles, listTitles
		for i := range 1000 {
			row := "INV/%d;22/11/2026;040026%011d;Approved"
			if i%20 == 13 {
				row = bad[i/20%len(bad)]
			} else {
				old += fmt.Sprintf("INV/%d;22/11/2026;;Saved Invalid\r\n", i)
			}
			broken += fmt.Sprintf(row, i, i) + "\r\n"
		}
		want := map[string]int{"updated": 950, "invalid": 30, "noted": 10, "not_found": 10}
		g.counts("a dry run", g.imported("?dry_run=true", broken), want)
		if n := g.told("invoice.approved"); n != 0 {
			t.Errorf("a dry run approved %d", n)
		}
		g.counts("the list", g.imported("?why=the+evening%27s+list", broken), want)
		if entry := decoded[handlers.List[faktur.AuditEntry]](g.get("/audit?limit=1").want(http.StatusOK)).Data[0]; entry.Action != "status_import" || entry.Why != "the evening's list" || entry.Subject != uploader {
			t.Errorf("the audit says %+v", entry)
		}
		g.counts("the same again", g.imported("", broken), map[string]int{"unchanged": 960, "invalid": 30, "not_found": 10})
		g.counts("an older one", g.imported("?exported_at=2026-11-22T07:00:00Z", old), map[string]int{"unchanged": 950})
		if n := g.told("invoice.approved"); n != 950 {
			t.Errorf("%d were told as approved, want 950", n)
		}
		for i, code := range []string{"nsfp_as_number", "row_broken", "status_missing"} {
			if row := g.imported("?dry_run=true", broken).Rows[i*20+13]; row.Row != i*20+15 || string(row.Code) != code || row.Message == "" {
				t.Errorf("%+v, want %s in row %d", row, code, i*20+15)
			}
		}
	})
}

// Lists that are out to harm, or that no portal exports: each gets an answer that
// says what to do, and the good row among bad ones is applied.
func TestHostileListsAreAnswered(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := uploaded(t, db, 3)
		for _, tt := range []struct {
			name, list string
			status     int
			code, says string
		}{
			{"zip bomb", sheetOf(t, `<row><c/></row>`, 10_000_000), http.StatusRequestEntityTooLarge, "sheet_too_large", "split the sheet"},
			{"50 MB", strings.Repeat("a", 50_000_000), http.StatusRequestEntityTooLarge, "body_too_large", "in parts"},
			{"just over the bound", strings.Repeat("a", 16<<20+1), http.StatusRequestEntityTooLarge, "body_too_large", "in parts"},
			{"too many rows", listTitles + strings.Repeat("INV;22/11/2026;;Draft\r\n", 100_001), http.StatusRequestEntityTooLarge, "too_many_rows", "by month"},
			{"half a workbook", sheetOf(t, "", 0)[:2000], http.StatusUnprocessableEntity, "file_damaged", ""},
			{"no list", "a;b;c\r\n1;2;3\r\n", http.StatusUnprocessableEntity, "not_an_export", "Referensi"},
			{"a column is missing", "Referensi;Nomor Faktur Pajak;Status Faktur\r\nINV/0;;Draft\r\n", http.StatusUnprocessableEntity, "column_missing", "Tanggal Faktur Pajak"},
			{"nothing", "", http.StatusBadRequest, "body_missing", "spreadsheet"},
		} {
			if p := g.post(importsPath, tt.list, "Content-Type", "application/octet-stream").problem(tt.status, tt.code); !strings.Contains(p.Detail, tt.says) {
				t.Errorf("%s: %s", tt.name, p.Detail)
			}
		}
		large := g.post(importsPath, sheetOf(t, rowOf("INV/X", "22/11/2026", "", "Draft"+strings.Repeat(" ", 4800)), 10_000), "Content-Type", "application/octet-stream")
		g.counts("50 MB unpacked", decoded[service.ImportResult](large.want(http.StatusOK)), map[string]int{"not_found": 10_000})
		rows := decoded[service.ImportResult](g.post(importsPath, formulasAndMergedCells(t), "Content-Type", "application/octet-stream").want(http.StatusOK))
		g.counts("formulas and merged cells", rows, map[string]int{"updated": 1, "invalid": 2})
		for i, code := range []string{"", "merged_cell", "formula_without_value"} {
			if row := rows.Rows[i]; string(row.Code) != code || string(row.Reference) != fmt.Sprint("INV/", i) {
				t.Errorf("%+v, want %q", row, code)
			}
		}
		if n := g.told("invoice.approved"); n != 1 {
			t.Errorf("%d were told as approved, want the one of the good row", n)
		}
	})
}

// formulasAndMergedCells is a list of three rows: a good one, one that a merged
// cell covers, and one with a formula that was never computed.
func formulasAndMergedCells(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range [][]any{{"Referensi", "Tanggal Faktur Pajak", "Nomor Faktur Pajak", "Status Faktur"},
		{"INV/0", "22/11/2026", "04002600000000001", "Approved"}, {"INV/1", "22/11/2026", "04002600000000002", nil}, {"INV/2", "22/11/2026", nil, "Approved"}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprint("A", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.MergeCell("Sheet1", "D2", "D3"), f.SetCellFormula("Sheet1", "C4", `C2&""`)); err != nil {
		t.Fatal(err)
	}
	var to bytes.Buffer
	if err := f.Write(&to); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// sheetOf is a workbook whose sheet has the titles of a list and n times a row.
func sheetOf(t *testing.T, row string, n int) string {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(formulasAndMergedCells(t)), int64(len(formulasAndMergedCells(t))))
	if err != nil {
		t.Fatal(err)
	}
	var to bytes.Buffer
	out := zip.NewWriter(&to)
	const part = "xl/worksheets/sheet1.xml"
	for _, f := range archive.File {
		if f.Name == part {
			continue
		}
		if err := out.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	in, err := out.Create(part)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(in, `<worksheet><sheetData>`+rowOf(strings.Split(strings.TrimSpace(listTitles), ";")...))
	for ; n > 0; n -= min(n, 1000) {
		_, _ = io.WriteString(in, strings.Repeat(row, min(n, 1000)))
	}
	_, _ = io.WriteString(in, `</sheetData></worksheet>`)
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// rowOf is a row of a sheet as it is written.
func rowOf(texts ...string) string {
	row := "<row>"
	for _, text := range texts {
		row += `<c t="inlineStr"><is><t>` + text + `</t></is></c>`
	}
	return row + "</row>"
}
