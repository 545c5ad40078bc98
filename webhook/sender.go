package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fakturgate/fakturgate/faktur"
)

const (
	defaultTimeout = 15 * time.Second
	// maxAnswer and answerTime bound what is read of an answer's body. Nothing
	// in it matters; it is read so that the connection can be used again.
	maxAnswer  = 16 << 10
	answerTime = time.Second
	// maxHeader bounds an answer's header.
	maxHeader = 64 << 10
	// idlePerHost is how many connections to one receiver are kept open between
	// messages: as many as may be under way to it at once.
	idlePerHost = 64
	idleInAll   = 1024
	idleTime    = 90 * time.Second
)

// Config is what a Sender is made of. The zero value is good: public addresses
// only, and CONTRACT's times.
type Config struct {
	Guard     Guard
	Schedule  Schedule
	Timeout   time.Duration // of one try, from resolving the name to the answer's header; 0 means 15s
	UserAgent string        // "" means "fakturgate"
	// Transport replaces the guarded network in tests that have none; nil means the network.
	Transport http.RoundTripper
}

// Sender posts messages. It is safe for concurrent use and keeps connections open.
type Sender struct {
	Guard     Guard
	Schedule  Schedule
	timeout   time.Duration
	userAgent string
	client    *http.Client
}

// NewSender makes a Sender. It follows no redirects and uses no proxy.
func NewSender(c Config) *Sender {
	s := &Sender{Guard: c.Guard, Schedule: c.Schedule, timeout: c.Timeout, userAgent: c.UserAgent}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if s.userAgent == "" {
		s.userAgent = "fakturgate"
	}
	if c.Transport == nil {
		c.Transport = s.Guard.Transport()
	}
	s.client = &http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Transport is a network that reaches only what the guard lets pass, whatever a
// name resolves to by then. It uses no proxy.
func (g *Guard) Transport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // a proxy of the environment would resolve names behind the guard's back
		DialContext:            g.dialer().DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // no answer is worth unpacking
		MaxIdleConns:           idleInAll,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// dialer asks the guard about every address when it is about to connect to it.
func (g *Guard) dialer() *net.Dialer {
	return &net.Dialer{Resolver: g.Resolver, ControlContext: g.control}
}

// Close ends the connections that are kept open. Tries under way go on.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Timeout is the longest that a try may take, without reading the answer's body.
func (s *Sender) Timeout() time.Duration { return s.timeout }

// Message is what one try sends.
type Message struct {
	URL     string
	ID      string // webhook-id: the same over all tries
	Body    []byte // JSON; see Body
	Secrets []Secret
	At      time.Time // webhook-timestamp: the time of this try
}

// Attempt is the outcome of one try.
type Attempt struct {
	StatusCode int    // of the answer; 0 when there was none
	Error      string // why it failed, safe to show to the endpoint's owner; "" on success
	Duration   time.Duration
	RetryAfter time.Duration // what the receiver asked for; 0 when nothing
}

// Delivered says whether the receiver took the message: any 2xx.
func (a Attempt) Delivered() bool { return a.Error == "" }

// Gone says that the receiver wants no messages any more: 410.
func (a Attempt) Gone() bool { return a.StatusCode == http.StatusGone }

// Send makes one try. It takes at most Timeout plus a second, whatever the
// receiver does. A try that ctx ends counts as failed.
func (s *Sender) Send(ctx context.Context, m Message) Attempt {
	a := s.try(ctx, m)
	// What a receiver says stands in some errors. One that cannot be stored would
	// hold up its endpoint for ever.
	a.Error = faktur.CleanText(a.Error)
	return a
}

func (s *Sender) try(ctx context.Context, m Message) Attempt {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := s.request(ctx, m)
	if err != nil {
		return Attempt{Error: "the message could not be prepared: " + clip(err.Error())}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return Attempt{Error: s.explain(err), Duration: time.Since(start)}
	}
	defer response.Body.Close()
	drain(response.Body, cancel)
	a := Attempt{StatusCode: response.StatusCode, Duration: time.Since(start)}
	if a.Error = complaintOf(response.StatusCode); a.Error != "" {
		a.RetryAfter = retryAfter(response.Header, m.At)
	}
	return a
}

func (s *Sender) request(ctx context.Context, m Message) (*http.Request, error) {
	u, err := url.Parse(m.URL)
	if err != nil {
		return nil, errors.New("its url cannot be read")
	}
	if u.Scheme != "https" {
		ctx = withPlain(ctx)
	}
	signature, err := sign(m.Secrets, m.ID, m.At, m.Body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(m.Body))
	if err != nil {
		return nil, errors.New("its url cannot be read")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", s.userAgent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(m.At.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return request, nil
}

// drain reads the body of a short answer. A long or slow one costs its connection.
func drain(body io.Reader, cancel context.CancelFunc) {
	timer := time.AfterFunc(answerTime, cancel)
	defer timer.Stop()
	io.Copy(io.Discard, io.LimitReader(body, maxAnswer)) //nolint:errcheck // the status already told everything
}

// complaintOf says why an answer is a failure; "" when it is none.
func complaintOf(status int) string {
	switch {
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return fmt.Sprintf("it answered %d, and redirects are not followed: set the endpoint's url to where it leads", status)
	case status == http.StatusGone:
		return "it answered 410 Gone"
	}
	return fmt.Sprintf("it answered %d %s", status, http.StatusText(status))
}

// explain puts the error of a try into words without the URL, which may carry a
// secret in its query, and without addresses of the gateway's own network.
func (s *Sender) explain(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return "its host name does not resolve"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return fmt.Sprintf("no answer within %s", s.timeout)
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate was not accepted: " + clip(e.Err.Error())
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate was not accepted: " + clip(e.Error())
	}
	for _, known := range []struct {
		cause error
		text  string
	}{
		{ErrAddressRefused, ErrAddressRefused.Error()},
		{errPlainRefused, errPlainRefused.Error()},
		{context.Canceled, "the gateway was stopped during the try"},
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ECONNRESET, "the connection was cut before an answer"},
		{io.EOF, "the connection was closed before an answer"},
		{io.ErrUnexpectedEOF, "the connection was closed before an answer"},
	} {
		if errors.Is(err, known.cause) {
			return known.text
		}
	}
	return "the connection failed: " + clip(innermost(err).Error())
}

// innermost gives the cause that says what happened without saying where.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// clip shortens the cause of a failure to what an endpoint's owner can read.
func clip(text string) string { return faktur.Clip(text, 200) }
