package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// printer tells the story in aligned columns; in colour on a terminal, plain
// when piped or when NO_COLOR is set.
type printer struct {
	mu    sync.Mutex
	out   *os.File
	began time.Time
	color bool
}

func newPrinter(out *os.File) *printer {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &printer{out: out, began: time.Now(), color: terminal && os.Getenv("NO_COLOR") == ""}
}

// The colours of a terminal that every one knows.
const (
	plain  = ""
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "36"
)

func (p *printer) paint(color, text string) string {
	if !p.color || color == plain {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (p *printer) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, strings.TrimRight(text, " "))
}

// row prints time, reference, status and what there is to say; the colour is the status's.
func (p *printer) row(reference, color, status, text string) {
	elapsed := fmt.Sprintf("%6.2fs", time.Since(p.began).Seconds())
	p.line(fmt.Sprintf("%s  %-34s  %s  %s", p.paint(dim, elapsed), reference, p.paint(color, fmt.Sprintf("%-22s", status)), text))
}

func (p *printer) title(d *demo) {
	p.line(p.paint(bold, "fakturgate demo") + ": seven invoices on their way through a simulated tax system, then " + strconv.Itoa(len(chapters())) + " short chapters. Nothing is filed.")
	p.line("")
	p.line("  API       " + d.gateway.url + "   Swagger UI at /swagger/")
	p.line("  key       " + d.key)
	p.line("  database  " + d.gateway.db.Kind() + "   simulator's ledger: " + d.gateway.sim.url + "/ledger")
	p.line("  webhooks  " + d.receiver.url + ", every signature verified")
	p.line("")
	p.line(p.paint(dim, fmt.Sprintf("%7s  %-34s  %s", "time", "reference", "status")))
}

var statusColors = map[faktur.Status]string{faktur.Queued: dim, faktur.Submitting: dim, faktur.SigningInProgress: yellow,
	faktur.Approved: green, faktur.SavedInvalid: red}

func (p *printer) event(e feedEvent) {
	text := ""
	switch {
	case e.Type == faktur.EventCorrected:
		p.row(e.Data.Reference, plain, "corrected", "by the ERP, which uploads it again")
		return
	case e.Data.Reason != nil:
		text = e.Data.Reason.Message
	case e.Data.NSFP != "":
		text = "NSFP " + string(e.Data.NSFP)
	case e.Data.ReplacesID != "" && e.Data.Status == faktur.Queued:
		text = "its replacement"
	case e.Data.Status == faktur.SigningInProgress && strings.Contains(e.Data.Reference, "SIM-DROP"):
		text = "the connection was cut; looked up, not sent twice"
	case e.Data.Status == faktur.SigningInProgress && strings.Contains(e.Data.Reference, "SIM-STUCK"):
		text = "may take days; neither upload nor cancel, only wait"
	}
	_, what, _ := strings.Cut(string(e.Type), ".") // a status, or what else happened
	if e.Type == faktur.EventSignerPaused {
		p.row("", yellow, "signer.paused", text)
		return
	}
	p.row(e.Data.Reference, statusColors[faktur.Status(what)], what, text)
}

func (p *printer) webhook(e feedEvent) {
	p.row(e.Data.Reference, blue, "webhook received", string(e.Type)+", signature verified")
}

func (p *printer) chapter(title string) {
	p.line("")
	p.line(p.paint(bold, title))
}

func (p *printer) note(text string) { p.row("", plain, "", text) }

// verdict says what came of a check; ledgers names the sides that the invoices
// were handed over to.
func (p *printer) verdict(documents, webhooks int, ledgers string, err error) {
	p.line("")
	if err == nil {
		p.line(p.paint(green, "Agreed.") + fmt.Sprintf(" %d invoices, %d webhooks: %s, the gateway's database and the receiver say the same.", documents, webhooks, ledgers))
		return
	}
	p.line(p.paint(red, "Not agreed:"))
	for _, problem := range strings.Split(err.Error(), "\n") {
		p.line("  - " + problem)
	}
}
