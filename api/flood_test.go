package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// serving puts a gateway behind the very server that serve runs, with time-outs
// of 1 and 3 seconds instead of 10 and 90, and gives its address.
func serving(t *testing.T, g *gateway) string {
	t.Helper()
	server := api.NewServer("127.0.0.1:0", g.public, slog.New(slog.DiscardHandler))
	server.ReadHeaderTimeout, server.ReadTimeout = server.ReadHeaderTimeout/10, server.ReadTimeout/30
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// send writes a text and then drips more of it, until the server has had enough.
// It gives the first line of what the server says, "" when it just hangs up.
func send(t *testing.T, address, text, drip string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(repotest.Patience)); err != nil {
		t.Error(err)
	}
	go func() {
		_, err := io.WriteString(conn, text)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for drip != "" && err == nil {
			<-tick.C
			_, err = io.WriteString(conn, drip)
		}
	}()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Errorf("the server still listens to %.40q", text)
	}
	return strings.TrimSpace(line)
}

// Who sends headers or a body for ever, a little at a time, is hung up on, and
// holds up nobody else meanwhile.
func TestSlowSendersAreHungUpOn(t *testing.T) {
	t.Parallel()
	g := start(t)
	address := serving(t, g)
	post := "POST /invoices HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
	key := "Authorization: Bearer " + bootstrapKey + "\r\n"
	var slow sync.WaitGroup
	for range 50 {
		slow.Go(func() {
			if line := send(t, address, post+key, "X-A: b\r\n"); strings.Contains(line, " 2") {
				t.Errorf("headers without end are answered %s", line)
			}
		})
		slow.Go(func() {
			if line := send(t, address, post+key+"Content-Length: 4000000\r\n\r\n{", " "); !strings.Contains(line, " 400 ") {
				t.Errorf("a body without end is answered %s", line)
			}
		})
		slow.Go(func() { // it has no key, so its body is not waited for
			if line := send(t, address, post+"Content-Length: 4000000\r\n\r\n{", " "); !strings.Contains(line, " 401 ") {
				t.Errorf("a body without end, and without a key, is answered %s", line)
			}
		})
	}
	g.url = "http://" + address
	for i := range 20 {
		g.post("/invoices", invoice(fmt.Sprint("INV/", i))).want(http.StatusAccepted)
	}
	slow.Wait()
}

// Headers beyond 32 KiB are not read, be they long or many.
func TestHeaderFloodsAreRefused(t *testing.T) {
	t.Parallel()
	address := serving(t, start(t))
	get := "GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
	for name, flood := range map[string]string{
		"one long":   "X-Long: " + strings.Repeat("a", 64<<10) + "\r\n",
		"many":       strings.Repeat("X-Many: a\r\n", 10_000),
		"one name":   strings.Repeat("a", 64<<10) + ": b\r\n",
		"a long key": "Authorization: Bearer fg_" + strings.Repeat("a", 64<<10) + "\r\n",
	} {
		if line := send(t, address, get+flood+"\r\n", ""); line != "" && !strings.Contains(line, " 431 ") {
			t.Errorf("%s is answered %s", name, line)
		}
	}
	if line := send(t, address, get+"X-Long: "+strings.Repeat("a", 24<<10)+"\r\n\r\n", ""); !strings.Contains(line, " 200 ") {
		t.Errorf("24 KiB of headers are answered %q", line)
	}
}

// A small body that unpacks to a gigabyte is refused unread, whatever it claims to be.
func TestGzipBombsAreRefused(t *testing.T) {
	t.Parallel()
	g := start(t)
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	for range 64 {
		if _, err := packed.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/invoices", "/invoices/batch", "/invoices/validate", "/returns", "/webhook-endpoints"} {
		g.post(path, bomb.String(), "Content-Encoding", "gzip").problem(http.StatusUnsupportedMediaType, "content_encoding_unsupported")
		g.post(path, bomb.String()).problem(http.StatusBadRequest, "json_malformed")
	}
	imports := "/taxpayers/" + seller + "/status-imports"
	g.post(imports, bomb.String(), "Content-Encoding", "gzip", "Content-Type", "text/csv").want(http.StatusUnsupportedMediaType)
}
