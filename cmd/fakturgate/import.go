package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/portal"
)

type importCommand struct {
	File         string `arg:"" help:"DJP's Excel template (.xlsx), or a CSV with its columns."`
	URL          string `name:"url" env:"FAKTURGATE_URL" default:"http://127.0.0.1:8080" help:"The gateway (default: ${default})."`
	Key          string `env:"FAKTURGATE_KEY" help:"An API key with the scope invoices:write."`
	KeyFile      string `env:"FAKTURGATE_KEY_FILE" placeholder:"FILE" help:"A file that holds it."`
	NPWP         string `name:"npwp" env:"FAKTURGATE_IMPORT_NPWP" placeholder:"NPWP" help:"The seller, for a file that does not name it."`
	DecimalComma bool   `env:"FAKTURGATE_IMPORT_DECIMAL_COMMA" help:"Numbers written as text are 1.000.000,50."`
	DryRun       bool   `env:"FAKTURGATE_IMPORT_DRY_RUN" help:"Check everything, store nothing."`
}

// importing is one run: the invoices of a file, and what is known of each.
type importing struct {
	gateway  *importGateway
	file     string
	template portal.Template
	out      *importPrinter

	faults   map[int][]portal.CellFault // by invoice, of the step under way
	refused  map[int]bool
	warnings map[int][]portal.CellFault
	created  int
	known    int // were stored before with the same content
}

// Run checks every invoice of the file, prints what is wrong by sheet, row and
// column, and posts the good ones. It fails when anything was refused.
func (c importCommand) Run(ctx context.Context) error {
	key, err := secretOrFile(c.Key, c.KeyFile, "FAKTURGATE_KEY")
	if err != nil {
		return err
	}
	if key == "" {
		return errors.New("set FAKTURGATE_KEY or --key-file: the gateway asks for an API key with the scope invoices:write")
	}
	run, err := c.open(key)
	if err != nil {
		return err
	}
	run.out = newImportPrinter(os.Stdout, os.Stderr)
	return run.do(ctx, c.DryRun)
}

// open reads the file.
func (c importCommand) open(key string) (*importing, error) {
	content, err := readImport(c.File)
	if err != nil {
		return nil, err
	}
	template, err := portal.ReadTemplate(content, portal.TemplateOptions{Seller: c.NPWP, DecimalComma: c.DecimalComma, Today: faktur.DateOf(time.Now())})
	if err != nil {
		return nil, fmt.Errorf("%s: %s", filepath.Base(c.File), faktur.AsError(err).Detail)
	}
	return &importing{gateway: newImportGateway(c.URL, key), file: filepath.Base(c.File), template: template,
		faults: map[int][]portal.CellFault{}, refused: map[int]bool{}, warnings: map[int][]portal.CellFault{}}, nil
}

// maxImportFile is more than package portal reads, which tells it in its own words.
const maxImportFile = 64 << 20

func readImport(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > maxImportFile {
		return nil, fmt.Errorf("%s is no spreadsheet of a size that can be read (16 MB)", name)
	}
	return os.ReadFile(name)
}

func (r *importing) do(ctx context.Context, dryRun bool) error {
	invoices := r.template.Invoices
	r.out.line("%s: %s.", r.file, r.contents())
	for _, note := range r.template.Notes {
		r.out.line("Note: %s", note)
	}
	if err := r.validate(ctx); err != nil {
		return err
	}
	r.out.faults("Refused", slices.Concat(r.template.Faults, inOrder(r.faults)))
	r.out.warnings(inOrder(r.warnings))
	if dryRun {
		r.out.line("Dry run: %d of %s would be posted; nothing was stored.", len(invoices)-len(r.refused), count(len(invoices), "invoice"))
		return r.failure()
	}
	clear(r.faults)
	if err := r.post(ctx); err != nil {
		return err
	}
	r.out.faults("Refused when posted", inOrder(r.faults))
	r.out.line("Posted %d of %s: %d new, %d stored before.", r.created+r.known, count(len(invoices), "invoice"), r.created, r.known)
	return r.failure()
}

func (r *importing) contents() string {
	lines, sellers := 0, map[string]bool{}
	for _, i := range r.template.Invoices {
		lines += len(i.Invoice.Lines)
		sellers[i.Invoice.Seller.NPWP] = true
	}
	text := count(len(r.template.Invoices), "invoice") + " with " + count(lines, "line")
	if len(sellers) == 1 {
		text += " of the seller " + r.template.Invoices[0].Invoice.Seller.NPWP
	}
	return text
}

// count writes "1 line" and "2 lines".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// failure is the error of a run that refused something.
func (r *importing) failure() error {
	var what []string
	if n := len(r.refused); n > 0 {
		what = append(what, fmt.Sprintf("%d of %s refused", n, count(len(r.template.Invoices), "invoice")))
	}
	if n := len(r.template.Faults); n > 0 {
		what = append(what, count(n, "row")+" could not be used")
	}
	if what == nil {
		return nil
	}
	return fmt.Errorf("%s. Correct the file and import it again: what is stored already stays as it is", strings.Join(what, ", "))
}

// importWorkers is how many invoices are checked at the same time.
const importWorkers = 4

// validate asks the gateway about every invoice, those that reading found
// faults in too, so that all faults are told at once.
func (r *importing) validate(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		mu      sync.Mutex
		workers sync.WaitGroup
		next    = make(chan int)
		done    int
	)
	for range importWorkers {
		workers.Go(func() {
			for i := range next {
				faults, warnings, err := r.gateway.validate(ctx, &r.template.Invoices[i].Invoice)
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				done++
				r.note(i, faults, warnings)
				r.out.progress("Checked", done, len(r.template.Invoices))
				mu.Unlock()
			}
		})
	}
	for i := range r.template.Invoices {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	r.out.progressDone()
	return context.Cause(ctx)
}

// note keeps what was found out about invoice i. What reading told of a cell
// goes before what the gateway makes of the value that was not read.
func (r *importing) note(i int, faults, warnings []faktur.Fault) {
	invoice := &r.template.Invoices[i]
	told := map[portal.Place]bool{}
	for _, f := range invoice.Faults {
		told[f.Place] = true
	}
	all := slices.Clone(invoice.Faults)
	for _, f := range faults {
		if located := invoice.Locate(f); !told[located.Place] {
			all = append(all, located)
		}
	}
	if len(all) > 0 {
		r.faults[i], r.refused[i] = all, true
		return
	}
	for _, w := range warnings {
		r.warnings[i] = append(r.warnings[i], invoice.Locate(w))
	}
}

// inOrder gives what is known of each invoice in the order of the file.
func inOrder(byInvoice map[int][]portal.CellFault) []portal.CellFault {
	var all []portal.CellFault
	for _, i := range slices.Sorted(maps.Keys(byInvoice)) {
		all = append(all, byInvoice[i]...)
	}
	return all
}
