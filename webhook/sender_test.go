package webhook

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func loopbackSender(timeout time.Duration) *Sender {
	return NewSender(Config{Guard: Guard{Allowed: prefixes("127.0.0.0/8")}, Timeout: timeout})
}

func testSecret(t *testing.T) Secret {
	t.Helper()
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSendIsSignedForEverySecret(t *testing.T) {
	t.Parallel()
	current, previous := testSecret(t), testSecret(t)
	var header http.Header
	var body []byte
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	message := Message{URL: receiver.URL + "/hook?tenant=1", ID: "msg_1", Body: []byte(`{"type":"invoice.approved"}`),
		Secrets: []Secret{current, previous}, At: time.Now()}

	a := loopbackSender(0).Send(t.Context(), message)
	if !a.Delivered() || a.StatusCode != http.StatusNoContent || a.Gone() || a.Duration <= 0 {
		t.Fatalf("attempt: %+v", a)
	}
	if header.Get("webhook-id") != "msg_1" || header.Get("Content-Type") != "application/json" || header.Get("User-Agent") != "fakturgate" {
		t.Errorf("header: %v", header)
	}
	if signatures := strings.Fields(header.Get("webhook-signature")); len(signatures) != 2 || !strings.HasPrefix(signatures[1], "v1,") {
		t.Errorf("signatures: %v", signatures)
	}
	for _, secret := range message.Secrets {
		if err := verify(t, secret, body, header); err != nil {
			t.Errorf("%s: %v", secret.Text(), err)
		}
		if err := verify(t, secret, append(body, ' '), header); err == nil {
			t.Error("a changed body verifies")
		}
	}
	if err := verify(t, testSecret(t), body, header); err == nil {
		t.Error("another secret verifies")
	}
}

func verify(t *testing.T, secret Secret, body []byte, header http.Header) error {
	t.Helper()
	published, err := standardwebhooks.NewWebhook(secret.Text())
	if err != nil {
		t.Fatal(err)
	}
	return published.Verify(body, header)
}

func TestSendOutcomes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status    int
		header    string // Retry-After
		delivered bool
		wait      time.Duration
		says      string
	}{
		{200, "", true, 0, ""},
		{201, "30", true, 0, ""},
		{202, "", true, 0, ""},
		{299, "", true, 0, ""},
		{301, "", false, 0, "redirects are not followed"},
		{302, "", false, 0, "redirects are not followed"},
		{304, "", false, 0, "redirects are not followed"},
		{307, "", false, 0, "redirects are not followed"},
		{400, "", false, 0, "400 Bad Request"},
		{404, "", false, 0, "404 Not Found"},
		{410, "", false, 0, "410 Gone"},
		{429, "90", false, 90 * time.Second, "429 Too Many Requests"},
		{500, "", false, 0, "500 Internal Server Error"},
		{503, "3600", false, time.Hour, "503 Service Unavailable"},
		{599, "", false, 0, "599"},
	}
	followed := atomic.Int64{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/case/%d", &i); err != nil {
			followed.Add(1)
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.Header().Set("Retry-After", cases[i].header)
		w.WriteHeader(cases[i].status)
	}))
	t.Cleanup(receiver.Close)
	sender, secret := loopbackSender(0), testSecret(t)
	for i, c := range cases {
		a := sender.Send(t.Context(), Message{URL: fmt.Sprintf("%s/case/%d", receiver.URL, i), ID: "msg_1", Secrets: []Secret{secret}, At: time.Now()})
		if a.StatusCode != c.status || a.Delivered() != c.delivered || a.RetryAfter != c.wait || a.Gone() != (c.status == 410) {
			t.Errorf("%d: %+v", c.status, a)
		}
		if !strings.Contains(a.Error, c.says) || (c.says == "") != (a.Error == "") {
			t.Errorf("%d: error %q, want it to say %q", c.status, a.Error, c.says)
		}
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// Whatever a receiver does, a try ends in time and says why without the URL's query.
func TestSendSurvivesReceivers(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	drip := func(w http.ResponseWriter, chunk string) {
		for {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	hijack := func(w http.ResponseWriter, text string) net.Conn {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		io.WriteString(conn, text) //nolint:errcheck // the receiver misbehaves on purpose
		return conn
	}
	cases := []struct {
		name, says string
		handle     http.HandlerFunc
	}{
		{"a gigabyte of answer", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1073741824")
			io.CopyN(w, zeros{}, 1<<30) //nolint:errcheck // it is cut off
		}},
		{"an answer that never ends", "", func(w http.ResponseWriter, _ *http.Request) { drip(w, "x") }},
		{"a failure that never ends", "it answered 500 Internal Server Error", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			drip(w, "x")
		}},
		{"silence", "no answer within 300ms", func(http.ResponseWriter, *http.Request) { <-over }},
		{"a header that never ends", "no answer within 300ms", func(w http.ResponseWriter, _ *http.Request) {
			conn := hijack(w, "HTTP/1.1 200 OK\r\n")
			defer conn.Close()
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(conn, "X-%d: a\r\n", i); err != nil {
					return
				}
				select {
				case <-over:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}},
		{"a huge header", "the connection failed", func(w http.ResponseWriter, _ *http.Request) {
			conn := hijack(w, "HTTP/1.1 200 OK\r\n")
			defer conn.Close()
			io.WriteString(conn, "X: "+strings.Repeat("a", 4*maxHeader)) //nolint:errcheck // it is cut off
		}},
		{"a cut", "the connection was closed before an answer", func(w http.ResponseWriter, _ *http.Request) { hijack(w, "").Close() }},
		{"no HTTP", "the connection failed", func(w http.ResponseWriter, _ *http.Request) { hijack(w, "SSH-2.0-OpenSSH\r\n").Close() }},
		{"no HTTP in another alphabet", "the connection failed: malformed HTTP response", func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "x"+strings.Repeat("é", 300)+"\r\n").Close()
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			receiver := httptest.NewServer(c.handle)
			t.Cleanup(receiver.CloseClientConnections)
			timeout := 10 * time.Second
			if strings.HasPrefix(c.says, "no answer") {
				timeout = 300 * time.Millisecond
			}
			sender := loopbackSender(timeout)
			start := time.Now()
			a := sender.Send(t.Context(), Message{URL: receiver.URL + "/?key=hush", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: start})
			if took := time.Since(start); took > timeout+answerTime {
				t.Errorf("took %v", took)
			}
			if !strings.HasPrefix(a.Error, c.says) || (c.says == "") != a.Delivered() {
				t.Errorf("%+v, want %q", a, c.says)
			}
			if !utf8.ValidString(a.Error) || strings.ContainsRune(a.Error, 0) {
				t.Errorf("PostgreSQL would refuse %q", a.Error)
			}
			if strings.Contains(a.Error, "hush") || strings.Contains(a.Error, "127.0.0.1") {
				t.Errorf("the error tells too much: %q", a.Error)
			}
		})
	}
	t.Cleanup(func() { close(over) })
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestSendReusesConnections(t *testing.T) {
	t.Parallel()
	connections := atomic.Int64{}
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"ok":true}`) //nolint:errcheck // the sender would say
	}))
	receiver.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	receiver.Start()
	t.Cleanup(receiver.Close)
	sender, secret := loopbackSender(0), testSecret(t)
	for range 20 {
		if a := sender.Send(t.Context(), Message{URL: receiver.URL, ID: "msg_1", Secrets: []Secret{secret}, At: time.Now()}); !a.Delivered() {
			t.Fatal(a.Error)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("20 messages took %d connections", n)
	}
}

// The guard holds when the connection is made, whatever the name resolved to
// when the endpoint was created.
func TestSendRefusesRebinding(t *testing.T) {
	t.Parallel()
	reached := atomic.Int64{}
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(receiver.Close)
	port := receiver.Listener.Addr().(*net.TCPAddr).Port
	dns := &rebindingDNS{answers: []fakeDNS{{"erp.test": {"93.184.216.34"}}, {"erp.test": {"127.0.0.1"}}}}
	sender := NewSender(Config{Guard: Guard{Resolver: dns.resolver()}})
	target := fmt.Sprintf("https://erp.test:%d/", port)
	if err := sender.Guard.CheckURL(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	dns.next()
	a := sender.Send(t.Context(), Message{URL: target, ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
	if a.Delivered() || !strings.Contains(a.Error, AllowVariable) || reached.Load() != 0 {
		t.Errorf("%+v, reached %d times", a, reached.Load())
	}
}

// A name whose addresses were all listed when its http endpoint was created
// gets nothing in plain text once it is public.
func TestSendKeepsPlainHTTPAtHome(t *testing.T) {
	t.Parallel()
	sender := NewSender(Config{Guard: Guard{Resolver: fakeDNS{"erp.test": {"93.184.216.34"}}.resolver()}})
	a := sender.Send(t.Context(), Message{URL: "http://erp.test/", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
	if a.Error != errPlainRefused.Error() {
		t.Errorf("%+v", a)
	}
}

func TestSendResolvesNames(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	sender := NewSender(Config{Guard: Guard{Allowed: prefixes("127.0.0.1/32"), Resolver: fakeDNS{"erp.test": {"127.0.0.1"}}.resolver()}})
	port := receiver.Listener.Addr().(*net.TCPAddr).Port
	for host, says := range map[string]string{"erp.test": "", "gone.test": "its host name does not resolve"} {
		a := sender.Send(t.Context(), Message{URL: fmt.Sprintf("http://%s:%d/", host, port), ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
		if a.Error != says {
			t.Errorf("%s: %+v, want %q", host, a, says)
		}
	}
}

func TestSendToNobody(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	a := loopbackSender(0).Send(t.Context(), Message{URL: "http://" + address, ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
	if a.Error != "connection refused" {
		t.Errorf("%+v", a)
	}
}

func TestSendDistrustsCertificates(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	receiver.Config.ErrorLog = log.New(io.Discard, "", 0)
	receiver.StartTLS()
	t.Cleanup(receiver.Close)
	a := loopbackSender(0).Send(t.Context(), Message{URL: receiver.URL, ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
	if !strings.HasPrefix(a.Error, "its certificate was not accepted: ") {
		t.Errorf("%+v", a)
	}
}

// A proxy would resolve the name itself, out of the guard's sight.
func TestSenderUsesNoProxy(t *testing.T) {
	t.Parallel()
	if NewSender(Config{}).client.Transport.(*http.Transport).Proxy != nil {
		t.Error("the environment's proxy would be asked")
	}
}

// PostgreSQL refuses NUL and what is no UTF-8, and an outcome that cannot be
// stored would hold up its endpoint for ever.
func TestSendGivesAnErrorThatCanBeStored(t *testing.T) {
	t.Parallel()
	sender := NewSender(Config{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("it said a\x00b\xff") })})
	if a := sender.Send(t.Context(), Message{URL: "https://erp.test/", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()}); a.Error != "the connection failed: it said ab\uFFFD" {
		t.Errorf("%+q", a.Error)
	}
}

// A simulation brings its own network.
func TestSenderTransport(t *testing.T) {
	t.Parallel()
	sender := NewSender(Config{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("the network is gone") })})
	if a := sender.Send(t.Context(), Message{URL: "https://erp.test/", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()}); a.Error != "the connection failed: the network is gone" {
		t.Errorf("%+v", a)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
