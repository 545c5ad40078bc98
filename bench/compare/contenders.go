package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/fakturgate/fakturgate/bench"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

const (
	compareKey = "fg_compare00000000000000000000000000000000000000"
	sellers    = 50
	warmUp     = time.Second
)

func seller(i int) string { return fmt.Sprintf("0%09d%06d", 10_000_000+i%sellers, 901_000) }

// measureGateway measures intake: its workers are off.
func (c *comparison) measureGateway(ctx context.Context, database string) (figure, error) {
	address, err := bench.FreeAddress(ctx)
	if err != nil {
		return figure{}, err
	}
	env := []string{"FAKTURGATE_ADDR=" + address, "FAKTURGATE_DATABASE_URL=" + database, "FAKTURGATE_BOOTSTRAP_KEY=" + compareKey,
		"FAKTURGATE_MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "FAKTURGATE_SIMULATOR=true", "FAKTURGATE_SIM_STATE=" + filepath.Join(c.folder, "simulator"),
		"FAKTURGATE_WORKERS=off", "FAKTURGATE_RATE_LIMIT=0", "FAKTURGATE_LOG_LEVEL=error"}
	pid, stop, err := c.serve(ctx, address, env, c.gateway, "serve")
	if err != nil {
		return figure{}, err
	}
	defer stop()
	for i := range sellers {
		if err := put(ctx, "http://"+address+"/taxpayers/"+seller(i)); err != nil {
			return figure{}, err
		}
	}
	return c.post(ctx, address, pid)
}

// measurePlain measures the plain handler, in a process of its own.
func (c *comparison) measurePlain(ctx context.Context, database string) (figure, error) {
	address, err := bench.FreeAddress(ctx)
	if err != nil {
		return figure{}, err
	}
	if err := registerIn(ctx, database); err != nil {
		return figure{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return figure{}, err
	}
	pid, stop, err := c.serve(ctx, address, nil, self, plainArgument, address, database)
	if err != nil {
		return figure{}, err
	}
	defer stop()
	return c.post(ctx, address, pid)
}

// registerIn stores the sellers without a gateway.
func registerIn(ctx context.Context, database string) error {
	db, err := repository.Open(ctx, database)
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range sellers {
		taxpayer := faktur.Taxpayer{Tenant: "default", NPWP: seller(i), Name: "PT Penjual", Channel: faktur.ChannelPJAP}
		if _, _, err := db.SaveTaxpayer(ctx, taxpayer, time.Now(), repository.Move{}); err != nil {
			return err
		}
	}
	return nil
}

// serve starts a process and waits until it answers; stop ends it.
func (c *comparison) serve(ctx context.Context, address string, env []string, name string, args ...string) (pid int, stop func(), err error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // our own binaries
	cmd.Env, cmd.Stderr = slices.Concat(env, []string{"TMPDIR=" + c.folder}), os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it was told to end
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/readyz") //nolint:noctx // bounded by the deadline
		if err == nil {
			response.Body.Close()
			return cmd.Process.Pid, stop, nil
		}
	}
	stop()
	return 0, nil, fmt.Errorf("%s does not come up", name)
}

// post posts five-line invoices, and gives how many a second were accepted.
func (c *comparison) post(ctx context.Context, address string, pid int) (figure, error) {
	calling := newCallers(address, c.lasts)
	before := c.times(pid)
	if err := calling.run(ctx, c.connections); err != nil {
		return figure{}, err
	}
	return newFigure(float64(calling.accepted.Load())/c.lasts.Seconds(), calling.next.Load(), before, c.times(pid)), nil
}

// invoice writes the n-th invoice, of five lines.
func invoice(n int) []byte {
	var text strings.Builder
	npwp := seller(n)
	fmt.Fprintf(&text, `{"reference":"C/%09d","date":"%s","trx_code":"04","seller":{"npwp":"%s","nitku":"%s000000"},`+
		`"buyer":{"id_type":"npwp","id_number":"0098765431109000","nitku":"0098765431109000000000","name":"PT Pembeli","address":"Jl. Merdeka 1, Jakarta","country":"IDN"},"lines":[`,
		n, faktur.DateOf(time.Now()), npwp, npwp)
	for i := range 5 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"kind":"goods","code":"000000","name":"Barang nomor %d","unit":"UM.0018","unit_price":"%d.50","quantity":"%d","discount":"0.00"}`, i+1, 10_000+n%1000, i+1)
	}
	text.WriteString("]}")
	return []byte(text.String())
}

func put(ctx context.Context, url string) error {
	return call(ctx, http.DefaultClient, http.MethodPut, url, []byte(`{"name":"PT Penjual","channel":"pjap"}`), http.StatusCreated)
}

func call(ctx context.Context, client *http.Client, method, url string, body []byte, want int) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+compareKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %.300s", method, url, response.Status, answer)
	}
	return err
}

var pgbenchRate = regexp.MustCompile(`tps = ([0-9.]+)`)

// measurePgbench lets pgbench insert the same four rows, one statement and one
// transaction an invoice, prepared, from as many clients.
func (c *comparison) measurePgbench(ctx context.Context, database string) (figure, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return figure{}, fmt.Errorf("pgbench is not in /usr/lib/postgresql: %w", err)
	}
	script := filepath.Join(c.folder, "pgbench.sql")
	if err := os.WriteFile(script, []byte(pgbenchScript()), 0o644); err != nil {
		return figure{}, err
	}
	cmd := exec.CommandContext(ctx, found[len(found)-1], "--no-vacuum", "--protocol=prepared", "--client="+strconv.Itoa(c.connections), "--jobs=2", //nolint:gosec // found above
		"--time="+strconv.Itoa(int(c.lasts.Seconds())), "--file="+script, database)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return figure{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	rate := pgbenchRate.FindSubmatch(out)
	if rate == nil {
		return figure{}, fmt.Errorf("pgbench does not say its rate:\n%s", out)
	}
	perSecond, err := strconv.ParseFloat(string(rate[1]), 64)
	return figure{rate: perSecond}, err
}

// pgbenchScript is one statement that inserts one invoice as the gateway stores it.
func pgbenchScript() string {
	// A colon before a letter or digit is a variable to pgbench.
	spaced := func(text string) string { return strings.ReplaceAll(text, ":", ": ") }
	content := spaced(string(invoice(1)))
	assessment := `{"lines":[` + strings.Repeat(`{"dpp":"100000.00","other_dpp":"91666.67","ppn_rate":"12","ppn":"11000.00","ppnbm_rate":"0","ppnbm":"0.00"},`, 4) +
		`{"dpp":"100000.00","other_dpp":"91666.67","ppn_rate":"12","ppn":"11000.00","ppnbm_rate":"0","ppnbm":"0.00"}],"totals":{"dpp":"500000.00","other_dpp":"458333.35","ppn":"55000.00","ppnbm":"0.00","discount":"0.00"},"warnings":[]}`
	data := `{"id":"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10","kind":"invoice","livemode":false,"seller_npwp":"0010000000901000","reference":"C/000000001","status":"queued","previous_status":null,"coretax_status":null,"nsfp":null,"reason":null,"replaces_id":null,"upload_deadline":"2026-12-20","sequence":1}`
	return fmt.Sprintf(`\set n random(1, 1000000000000000)
WITH d AS (INSERT INTO documents (%s)
  VALUES (gen_random_uuid()::text, 'default', '0010000000901000', 'invoice', 'C/' || :n, 'pjap', 7, FALSE, 'queued', 1, 1, '',
    '2026-11-22', '0098765431109000', '', '2026-12-20', 1797785999999999, 1797785999999999, :n, :n, :n, :n) RETURNING id),
b AS (INSERT INTO document_bodies (%s) SELECT id, '%s', '%s', '0123456789abcdef0123456789abcdef', 'default', 'invoice', '0010000000901000', '0098765431109000' FROM d),
r AS (INSERT INTO document_references (%s) SELECT 'default', 'C/' || :n, '0010000000901000', 'invoice', id FROM d)
INSERT INTO events (%s) SELECT 'default', id, 1, 'invoice.queued', :n, '%s' FROM d;
`, documentColumns, bodyColumns, content, spaced(assessment), referenceColumns, eventColumns, spaced(data))
}
