package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

const importSeller = "0012345674901000"

// importInto is a gateway with a registered seller, and a key for it.
func importInto(t *testing.T) (url, key string) {
	t.Helper()
	folder := t.TempDir()
	g, err := startGateway(t.Context(), serveCommand{
		databaseFlags: databaseFlags{DatabaseURL: "sqlite:" + filepath.Join(folder, "import.db")},
		Addr:          "127.0.0.1:0", SimAddr: "127.0.0.1:0", Simulator: true, Workers: "off",
	}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	})
	key, _, err = g.service.CreateKey(t.Context(), "default", "import", []string{service.ScopeWrite})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = g.service.Register(t.Context(), faktur.Taxpayer{Tenant: "default", NPWP: importSeller, Name: "PT Penjual", Channel: faktur.ChannelPJAP,
		Settings: faktur.Settings{UnitCodes: map[string]string{"PCS": "UM.0021"}}}, service.Operator{Tenant: "default"})
	if err != nil {
		t.Fatal(err)
	}
	return g.url, key
}

// importFile writes a CSV of n invoices; a change may spoil the fields of row i.
func importFile(t *testing.T, n int, change func(i int, fields []string)) string {
	t.Helper()
	titles := strings.Split("Baris;Tanggal Faktur;Kode Transaksi;Referensi;ID TKU Penjual;NPWP/NIK Pembeli;Jenis ID Pembeli;Negara Pembeli;Nama Pembeli;Alamat Pembeli;ID TKU Pembeli;Barang/Jasa;Nama Barang/Jasa;Nama Satuan Ukur;Harga Satuan;Jumlah Barang Jasa", ";")
	text := strings.Join(titles, ";") + "\r\n"
	day := faktur.DateOf(time.Now()).StartOfDay().Format("02/01/2006")
	for i := range n {
		fields := []string{fmt.Sprint(i + 1), day, "04", fmt.Sprint("IMP/", i+1), importSeller + "000000", "0098765431109000", "TIN", "IDN", "PT Pembeli",
			"Jl. Merdeka 1, Jakarta", "0098765431109000000000", "A", "Kertas A4", "PCS", "100000", "2"}
		change(i, fields)
		text += strings.Join(fields, ";") + "\r\n"
	}
	file := filepath.Join(t.TempDir(), "faktur.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func none(int, []string) {}

// runImport gives what an import prints, and its error.
func runImport(t *testing.T, c importCommand) (string, error) {
	t.Helper()
	c.NPWP = importSeller
	run, err := c.open(c.Key)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	run.out = &importPrinter{out: &out, err: &out}
	err = run.do(t.Context(), c.DryRun)
	return out.String(), err
}

// A thousand rows of which fifty are bad: the others are stored, each fault is
// told by its row and column, and importing again stores nothing twice.
func TestImportOfAThousandRowsWithFiftyBadOnes(t *testing.T) {
	t.Parallel()
	url, key := importInto(t)
	file := importFile(t, 1000, func(i int, fields []string) {
		switch i % 100 {
		case 7:
			fields[14] = "100.000,50"
		case 50:
			fields[13] = "Piece"
		}
		if i%100 == 99 || i%100 == 33 || i%100 == 66 {
			fields[5] = "98765431109000"
		}
	})
	command := importCommand{File: file, URL: url, Key: key}
	dry := command
	dry.DryRun = true
	told, err := runImport(t, dry)
	if err == nil || !strings.Contains(told, "Dry run: 950 of 1000 invoices would be posted; nothing was stored.") {
		t.Errorf("dry run: %v\n%s", err, told)
	}
	for _, want := range []string{"Posted 950 of 1000 invoices: 950 new, 0 stored before.", "Posted 950 of 1000 invoices: 0 new, 950 stored before."} {
		told, err := runImport(t, command)
		if err == nil || !strings.HasPrefix(err.Error(), "50 of 1000 invoices refused.") || !strings.Contains(told, want) {
			t.Errorf("%v, want %q in\n%s", err, want, told)
		}
		for _, place := range []string{"(csv)  9, ...  O Harga Satuan", "(csv)  52, ...  N Nama Satuan Ukur", "10 rows: 9, 109, 209,",
			"(csv)  35, ...  F NPWP/NIK Pembeli", "30 rows: 35, 68, 101, 135,"} {
			if !strings.Contains(strings.Join(strings.Fields(told), " "), strings.Join(strings.Fields(place), " ")) {
				t.Errorf("the table does not tell of %q:\n%s", place, told)
			}
		}
	}
}

func TestImportTellsOfOtherContentUnderAReference(t *testing.T) {
	t.Parallel()
	url, key := importInto(t)
	if told, err := runImport(t, importCommand{File: importFile(t, 3, none), URL: url, Key: key}); err != nil {
		t.Fatalf("%v\n%s", err, told)
	}
	other := importFile(t, 4, func(i int, fields []string) {
		if i == 1 {
			fields[15] = "3"
		}
	})
	told, err := runImport(t, importCommand{File: other, URL: url, Key: key})
	if err == nil || !strings.Contains(told, "D Referensi  reference_conflict") || !strings.Contains(told, "Posted 3 of 4 invoices: 1 new, 2 stored before.") {
		t.Errorf("%v\n%s", err, told)
	}
}

func TestImportGoesOnAfterAnAnswerThatIsLostOrBusy(t *testing.T) {
	t.Parallel()
	url, key := importInto(t)
	var calls, lost atomic.Int64
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.Path, r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header = r.Header
		n := calls.Add(1)
		if n%5 == 2 {
			lost.Add(1)
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		if n%5 == 4 { // it was done, and nobody hears of it
			lost.Add(1)
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(answer.StatusCode)
		body, _ := readAll(answer.Body)
		_, _ = w.Write(body)
	}))
	defer between.Close()
	told, err := runImport(t, importCommand{File: importFile(t, 5, none), URL: between.URL, Key: key})
	if err != nil || !strings.Contains(told, "Posted 5 of 5 invoices:") || lost.Load() < 2 {
		t.Errorf("%d answers lost: %v\n%s", lost.Load(), err, told)
	}
}

func TestImportSaysWhyItCannotBegin(t *testing.T) {
	t.Parallel()
	url, key := importInto(t)
	file := importFile(t, 1, none)
	for _, tt := range []struct {
		name    string
		command importCommand
		tells   string
	}{
		{"another key", importCommand{File: file, URL: url, Key: "fg_" + strings.Repeat("x", 43)}, "401 (unauthorized)"},
		{"no gateway", importCommand{File: file, URL: "http://127.0.0.1:1", Key: key}, "connection refused"},
		{"another server", importCommand{File: file, URL: httptest.NewServer(http.NotFoundHandler()).URL, Key: key}, "Is FAKTURGATE_URL its address?"},
		{"no file", importCommand{File: file + "x", URL: url, Key: key}, "no such file"},
		{"a folder", importCommand{File: filepath.Dir(file), URL: url, Key: key}, "no spreadsheet"},
	} {
		if told, err := runImport(t, tt.command); err == nil || !strings.Contains(err.Error(), tt.tells) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want %q\n%s", tt.name, err, tt.tells, told)
		}
	}
}

func TestRowList(t *testing.T) {
	t.Parallel()
	for want, rows := range map[string][]int{"3": {3}, "3-5": {3, 4, 5}, "3, 5-6, 9": {3, 5, 6, 9}, "3-4": {3, 3, 4}} {
		if got := rowList(rows); got != want {
			t.Errorf("%v: %q, want %q", rows, got, want)
		}
	}
}
