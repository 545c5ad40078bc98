package adapter

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// MaxAnswer bounds what is read of one answer, in bytes.
const MaxAnswer = 16 << 20

// HTTP makes the exchanges of a channel that speaks HTTP. It follows no
// redirects and repeats nothing.
type HTTP struct {
	client    *http.Client
	userAgent string
}

// NewHTTP makes an HTTP over a transport, which must not repeat a POST by itself;
// nil means one that keeps a few connections open. userAgent "" means "fakturgate".
func NewHTTP(transport http.RoundTripper, userAgent string) *HTTP {
	if transport == nil {
		transport = newTransport()
	}
	return &HTTP{userAgent: cmp.Or(userAgent, "fakturgate"), client: &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// IdleConnection is how long an idle connection to a tax system is kept: short,
// because a POST on one that the other side has just closed would leave
// everything in it unknown.
const IdleConnection = 20 * time.Second

// newTransport keeps connections for a few big calls at once.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		MaxIdleConns:          16,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       IdleConnection,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
	}
}

// Answer is what came back of one exchange.
type Answer struct {
	Status int // 0 when nothing came
	Header http.Header
	Body   []byte
}

// Exchange sends one request, with a JSON body unless it is nil, and reads the
// answer. Its error is *NotSent when the connection was certainly never made.
// Any other makes no statement; the Answer then still has the Status when its
// headers came.
func (h *HTTP) Exchange(ctx context.Context, method, address string, header http.Header, body []byte) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, &NotSent{Cause: err}
	}
	// Only a transport that says it looked for a connection, and never that it
	// had one, is believed to have sent nothing.
	var wanted, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := h.request(ctx, method, address, header, body)
	if err != nil {
		return Answer{}, &NotSent{Cause: err}
	}
	response, err := h.client.Do(request)
	if err != nil {
		if wanted.Load() && !connected.Load() {
			return Answer{}, &NotSent{Cause: err}
		}
		return Answer{}, err
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	answer.Body, err = io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	if err != nil {
		return answer, fmt.Errorf("the answer broke off: %w", err)
	}
	if len(answer.Body) > MaxAnswer {
		return answer, fmt.Errorf("the answer is larger than %d MiB", MaxAnswer>>20)
	}
	return answer, nil
}

func (h *HTTP) request(ctx context.Context, method, address string, header http.Header, body []byte) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, errors.New("the address cannot be called")
	}
	request.Header.Set("User-Agent", h.userAgent)
	request.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		if name == "X-Idempotency-Key" || name == "Idempotency-Key" {
			// net/http repeats a POST by itself that has one, and knows it by this
			// form of its name only; on the wire it is the same.
			name = strings.ToLower(name)
		}
		request.Header[name] = values
	}
	return request, nil
}

// maxRetryAfter is the longest wait that a service may ask for; beyond it the
// gateway asks again anyway.
const maxRetryAfter = time.Hour

// RetryAfter reads the header of that name, in seconds or as a date, up to an
// hour; 0 when there is none.
func RetryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}

// JSONFault tells what is wrong with JSON without repeating what stands in it.
func JSONFault(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("wrong type at %q", cmp.Or(string(semantic.JSONPointer), "/"))
	}
	return err
}

// Scrub takes secrets out of what a service wrote, as they are and in base64.
type Scrub struct{ hide *strings.Replacer }

// NewScrub hides these secrets; "" is none.
func NewScrub(secrets ...faktur.Secret) Scrub {
	var forms []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		forms = append(forms, secret.Reveal())
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			forms = append(forms, encoding.EncodeToString([]byte(secret.Reveal())))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may hold another
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, "[secret]")
	}
	return Scrub{strings.NewReplacer(pairs...)}
}

// Text gives a service's text clean and without the secrets.
func (s Scrub) Text(text string) string {
	if s.hide == nil {
		return faktur.CleanText(text)
	}
	return faktur.CleanText(s.hide.Replace(text))
}
