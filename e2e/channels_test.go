package e2e

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/adapter/efaktur/efakturtest"
	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/adapter/pajakio/pajakiotest"
	"github.com/fakturgate/fakturgate/faktur"
)

// perChannel is how many invoices each channel carries in TestEveryChannel.
const perChannel = 300

// One seller per channel, each with 300 invoices of every transaction code and
// every buyer identity that its channel takes, to Approved: each is filed once,
// has a number of its own, and is told as approved once. Returns go over files, too.
func TestEveryChannel(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, "FAKTURGATE_SIM_SIGNING_DELAY=50ms", "FAKTURGATE_SIM_DEDUP=off")
		c := w.client(w.serve("gateway", append(quickGateway, "FAKTURGATE_GATHER_AFTER=200ms", "FAKTURGATE_PROVIDER_ALLOW_CIDRS=127.0.0.0/8")...))
		for _, carry := range []func(t *testing.T, w *world, c *client){overPJAP, overCoretaxXML, returnsOverCoretaxXML, overDesktop, overPajakio, overKlikpajak} {
			carry(t, w, c)
		}
	})
}

// post posts a channel's invoices in batches.
func (c *client) postAll(channel faktur.Channel, npwp string, settings map[string]any) []faktur.TaxInvoice {
	c.t.Helper()
	c.ask(http.MethodPut, "/taxpayers/"+npwp, map[string]any{"name": "PT Penjual", "channel": channel, "settings": settings}).want(http.StatusCreated, http.StatusOK)
	invoices := assortment(c.t, channel, npwp, perChannel)
	for i := 0; i < len(invoices); i += 100 {
		results := decode[struct {
			Results []struct {
				Status  int `json:"status"`
				Problem any `json:"problem"`
			} `json:"results"`
		}](c.ask(http.MethodPost, "/invoices/batch", map[string]any{"invoices": invoices[i : i+100]}).want(http.StatusMultiStatus))
		for k, r := range results.Results {
			if r.Status != http.StatusAccepted {
				c.t.Fatalf("%s of code %s to a buyer with %s answers %d: %v", invoices[i+k].Reference, invoices[i+k].TrxCode, invoices[i+k].Buyer.IDType, r.Status, r.Problem)
			}
		}
	}
	return invoices
}

// awaitApproved waits until all of a seller's invoices are approved, and holds
// that each has a number of its own and was told as approved once.
func (c *client) awaitApproved(npwp string, want int) {
	c.t.Helper()
	numbers := map[string]string{}
	eventually(c.t, "all invoices of "+npwp+" are approved", func() bool {
		return len(c.list("status=approved&npwp="+npwp)) == want
	})
	for _, d := range c.list("npwp=" + npwp) {
		if other := numbers[string(d.NSFP)]; d.NSFP == "" || other != "" {
			c.t.Errorf("%s has the number %q, as %q", d.Reference, d.NSFP, other)
		}
		numbers[string(d.NSFP)] = d.Reference
	}
	approved := map[string]int{}
	events, _ := c.feed("")
	for _, e := range events {
		if data := e.about(c.t); e.Type == "invoice.approved" && data.SellerNPWP == npwp {
			approved[data.ID]++
		}
	}
	if len(approved) != want {
		c.t.Errorf("%d invoices of %s were told as approved, want %d", len(approved), npwp, want)
	}
	for id, n := range approved {
		if n != 1 {
			c.t.Errorf("%s was told as approved %d times", id, n)
		}
	}
}

// list gives all invoices of a filter.
func (c *client) list(filter string) (all []faktur.StoredInvoice) {
	c.t.Helper()
	for cursor := ""; ; {
		p := decode[listing[faktur.StoredInvoice]](c.ask(http.MethodGet, "/invoices?limit=200&"+filter+"&cursor="+cursor, nil).want(http.StatusOK))
		all = append(all, p.Data...)
		if cursor = p.NextCursor; cursor == "" || c.t.Failed() {
			return all
		}
	}
}

func overPJAP(t *testing.T, w *world, c *client) {
	invoices := c.postAll(faktur.ChannelPJAP, "0011111111901000", map[string]any{})
	c.awaitApproved("0011111111901000", len(invoices))
	c.ask(http.MethodGet, "/invoices/"+c.list("npwp=0011111111901000")[0].ID+"/pdf", nil).want(http.StatusConflict) // it has none
	ledger := w.ledger()
	for _, inv := range invoices {
		if entries := ledger[inv.Reference]; len(entries) != 1 || entries[0].Accepted != 1 {
			t.Errorf("%s stands in the ledger as %+v", inv.Reference, entries)
		}
	}
}

// overCoretaxXML: a person uploads the files to a portal that refuses whatever
// the facts do not allow, and brings its list back.
func overCoretaxXML(t *testing.T, _ *world, c *client) {
	const npwp = "0022222222901000"
	portal := coretaxtest.New(coretaxtest.Config{TIN: npwp, Name: "PT Penjual"})
	p := &person{gateway: c, npwp: npwp,
		upload: func(content []byte) error {
			_, err := portal.Upload(content)
			return err
		},
		export: func() ([]byte, error) {
			portal.SignAll()
			return portal.Export(coretaxtest.ExportOptions{XLSX: true})
		},
	}
	invoices := c.postAll(faktur.ChannelCoretaxXML, npwp, map[string]any{"max_per_file": 120})
	p.carry(len(invoices))
	if tried := p.bringBack("?dry_run=true"); len(tried.Rows) != len(invoices) || len(c.list("status=approved&npwp="+npwp)) != 0 {
		t.Errorf("a dry run changed something, or did not look at all rows: %+v", tried.Counts)
	}
	if done := p.bringBack(""); done.Counts["updated"] != len(invoices) {
		t.Errorf("the import says %+v", done.Counts)
	}
	c.awaitApproved(npwp, len(invoices))
	if again := p.bringBack(""); again.Counts["unchanged"] != len(invoices) {
		t.Errorf("the same export a second time says %+v", again.Counts)
	}
	if doubled := portal.Doubled(); len(doubled) != 0 || len(portal.Ledger()) != len(invoices) {
		t.Errorf("the portal has %d references, twice: %+v", len(portal.Ledger()), doubled)
	}
}

// overDesktop: numbers come from the seller's own range, and what the
// application does not take is refused at POST.
func overDesktop(t *testing.T, _ *world, c *client) {
	const npwp = "0033333333901000"
	c.ask(http.MethodPut, "/taxpayers/"+npwp, registration{"PT Penjual", faktur.ChannelEfakturDesktop, faktur.Settings{}}).want(http.StatusCreated)
	c.ask(http.MethodPut, "/taxpayers/"+npwp+"/nsfp-ranges", map[string]any{"ranges": []map[string]string{{"first": "0052600000001", "last": "0052600000400"}}}).want(http.StatusOK)
	desktop := efakturtest.New(efakturtest.Config{NPWP: npwp, Ranges: []efakturtest.Range{{First: "0052600000001", Last: "0052600000400"}}})
	p := &person{gateway: c, npwp: npwp,
		upload: func(content []byte) error {
			_, err := desktop.Import(content)
			return err
		},
		export: func() ([]byte, error) {
			desktop.SignAll()
			return desktop.Export(coretaxtest.ExportOptions{})
		},
	}
	for _, code := range []string{"06", "07"} {
		refused := invoiceOf(code, buyers[2], npwp)
		refused.Reference = "DESKTOP/" + code
		c.ask(http.MethodPost, "/invoices", refused).want(http.StatusUnprocessableEntity)
	}
	invoices := c.postAll(faktur.ChannelEfakturDesktop, npwp, map[string]any{})
	p.carry(len(invoices))
	if done := p.bringBack(""); done.Counts["updated"] != len(invoices) {
		t.Errorf("the import says %+v", done.Counts)
	}
	c.awaitApproved(npwp, len(invoices))
	if rows := desktop.Rows(); len(rows) != len(invoices) {
		t.Errorf("the application has %d invoices, want %d", len(rows), len(invoices))
	}
}

// overPajakio: the provider signs by itself, each seller under its own token.
func overPajakio(t *testing.T, _ *world, c *client) {
	const npwp = "0044444444901000"
	provider := pajakiotest.New(pajakiotest.Config{Tokens: map[string]string{"pajakio-token": npwp}, SigningDelay: 50 * time.Millisecond})
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	invoices := c.postAll(faktur.ChannelPajakio, npwp, map[string]any{"provider": map[string]any{"base_url": server.URL, "token": "pajakio-token"}})
	c.awaitApproved(npwp, len(invoices))
	for _, inv := range invoices {
		if n := provider.Filed(inv.Reference); n != 1 {
			t.Errorf("%s was filed %d times", inv.Reference, n)
		}
	}
	one := c.list("npwp=" + npwp)[0]
	if pdf := c.ask(http.MethodGet, "/invoices/"+one.ID+"/pdf", nil).want(http.StatusOK); !bytes.HasPrefix(pdf.body, []byte("%PDF-")) {
		t.Errorf("the PDF begins with %.20q", pdf.body)
	}
}

// overKlikpajak: the provider signs by itself, each seller under its own client
// id and secret; the print is a link.
func overKlikpajak(t *testing.T, _ *world, c *client) {
	const npwp = "0055555555901000"
	provider := klikpajaktest.New(klikpajaktest.Config{Clients: map[string]klikpajaktest.Client{"app-1": {Secret: "klikpajak-secret", NPWP: npwp}}, SigningDelay: 50 * time.Millisecond})
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	withSupport := invoiceOf("07", buyers[0], npwp)
	withSupport.Reference = "KLIKPAJAK/07"
	invoices := c.postAll(faktur.ChannelKlikpajak, npwp, map[string]any{"provider": map[string]any{"base_url": server.URL, "client_id": "app-1", "client_secret": "klikpajak-secret"}})
	c.ask(http.MethodPost, "/invoices", withSupport).want(http.StatusUnprocessableEntity) // it has no field for the document
	c.awaitApproved(npwp, len(invoices))
	for _, inv := range invoices {
		if n := provider.Filed(inv.Reference); n != 1 {
			t.Errorf("%s was filed %d times", inv.Reference, n)
		}
	}
	one := c.list("npwp=" + npwp)[0]
	if link := c.ask(http.MethodGet, "/invoices/"+one.ID+"/pdf", nil).want(http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(link, "https://klikpajak.example/") {
		t.Errorf("the PDF is at %q", link)
	}
}
