package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// An upload that never ends is cut off, and takes nothing from the workers: their
// steps are finished, the leases given back, and the end is a good one.
func TestStoppingDuringASlowUpload(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			address, connector := repotest.URL(t, kind), holdHandOvers(t)
			g := startFor(t, address, connector.url)
			g.requestTime = 50 * time.Millisecond
			id := acceptOne(t, g)
			await(t, connector.begun, "the hand-over")
			upload := beginUpload(t, g.url)

			stopped := make(chan error, 1)
			go func() { stopped <- g.stop() }()
			if rest, err := io.ReadAll(upload); len(rest) > 0 {
				t.Errorf("the upload is answered %q, %v", rest, err)
			}
			connector.letGo()
			if err := <-stopped; err != nil {
				t.Errorf("it does not end well: %v", err)
			}

			db := repotest.Open(t, address)
			if err := db.NobodyWorks(context.Background()); err != nil {
				t.Error(err)
			}
			if d, err := db.Document(context.Background(), "default", id); err != nil || d.Status != faktur.SigningInProgress {
				t.Errorf("the document is %s, %v", d.Status, err)
			}
		})
	}
}

const slowUploader = "fg_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI"

// startFor is a gateway that works on a database, before a connector.
func startFor(t *testing.T, database, connector string) *gateway {
	t.Helper()
	g, err := startGateway(t.Context(), serveCommand{
		databaseFlags:  databaseFlags{DatabaseURL: database},
		masterKeyFlags: masterKeyFlags{MasterKey: randomMasterKey()},
		Addr:           "127.0.0.1:0", BootstrapKey: slowUploader, PJAPURL: connector, Workers: "on",
	}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// acceptOne registers a seller and posts an invoice of it.
func acceptOne(t *testing.T, g *gateway) string {
	t.Helper()
	_, _, err := g.service.Register(t.Context(), faktur.Taxpayer{Tenant: "default", NPWP: importSeller, Name: "PT Penjual",
		Channel: faktur.ChannelPJAP}, service.Operator{Tenant: "default"})
	if err != nil {
		t.Fatal(err)
	}
	price, _ := faktur.ParseAmount("100000")
	one, _ := faktur.ParseAmount("1")
	accepted, err := g.service.Accept(t.Context(), repository.Request{Tenant: "default"}, faktur.TaxInvoice{
		Reference: "INV/1", Date: faktur.DateOf(time.Now()), TrxCode: "04",
		Seller: faktur.Seller{NPWP: importSeller, NITKU: importSeller + "000000"},
		Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
		Lines: []faktur.Line{{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018", UnitPrice: price, Quantity: one}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return accepted.DocumentID
}

// heldConnector is a simulator whose answers to hand-overs wait for letGo.
type heldConnector struct {
	url   string
	begun chan struct{} // closed when there is one
	letGo func()
}

func holdHandOvers(t *testing.T) heldConnector {
	t.Helper()
	sim, err := simulator.New(simulator.Config{SigningDelay: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	begun, released := make(chan struct{}), make(chan struct{})
	begin, release := sync.OnceFunc(func() { close(begun) }), sync.OnceFunc(func() { close(released) })
	handler := sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/submissions" {
			begin()
			<-released
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { release(); server.Close() })
	return heldConnector{server.URL, begun, release}
}

// beginUpload posts the first half of an invoice, and gives the connection once
// the gateway reads it.
func beginUpload(t *testing.T, url string) net.Conn {
	t.Helper()
	host := strings.TrimPrefix(url, "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(repotest.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "POST /invoices HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: Bearer "+slowUploader+
		"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the gateway says %q, %v", line, err)
	}
	if _, err := io.WriteString(conn, `{"reference":`); err != nil {
		t.Fatal(err)
	}
	return conn
}

func await(t *testing.T, happened <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(repotest.Patience):
		t.Fatalf("waited too long for %s", what)
	}
}
