package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fakturgate/fakturgate/faktur"
)

// Whatever is signed verifies with the published library, and not when a byte
// of it is another's.
func FuzzSignature(f *testing.F) {
	f.Add("msg_1", []byte(`{"type":"invoice.approved"}`), []byte("0123456789abcdef0123456789abcdef"), uint8(0))
	f.Add("", []byte(nil), []byte("........................"), uint8(3))
	f.Add("a.b\x00", []byte("\xff"), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), uint8(9))
	f.Fuzz(func(t *testing.T, id string, body, key []byte, flip uint8) {
		if len(key) < minSecretLength || len(key) > maxSecretLength {
			return
		}
		at := time.Now()
		signature, err := sign([]Secret{key}, id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseSecret(Secret(key).Text())
		if err != nil || string(read) != string(key) {
			t.Fatalf("the secret is read back as %x, %v", []byte(read), err)
		}
		verifier, err := standardwebhooks.NewWebhook(Secret(key).Text())
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signature}}
		if err := verifier.Verify(body, header); err != nil && id != "" {
			t.Fatalf("our signature does not verify: %v", err)
		}
		changed := append([]byte{}, body...)
		if len(changed) == 0 {
			changed = []byte{flip}
		} else {
			changed[int(flip)%len(changed)] ^= 1
		}
		if err := verifier.Verify(changed, header); err == nil {
			t.Fatal("a changed body verifies")
		}
		header.Set("Webhook-Id", id+"x")
		if err := verifier.Verify(body, header); err == nil {
			t.Fatal("another id verifies")
		}
	})
}

// A secret is read in one way only.
func FuzzSecret(f *testing.F) {
	f.Add("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	f.Add("whsec_")
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := ParseSecret(text)
		if err == nil && strings.NewReplacer("\r", "", "\n", "").Replace(text) != secret.Text() {
			again, err := ParseSecret(secret.Text())
			if err != nil || string(again) != string(secret) {
				t.Fatalf("%q is read as %q", text, secret.Text())
			}
		}
	})
}

// Whatever an endpoint's url is, nothing but a name of letters or a public
// address passes, and a client would go to the very host that was checked.
func FuzzURL(f *testing.F) {
	for _, target := range forbiddenTargets {
		f.Add(target)
	}
	for _, seed := range []string{"https://public.test/hook", "https://93.184.216.34:8443", "https://[2606:4700::1]/", "http://public.test"} {
		f.Add(seed)
	}
	asked := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no resolver in this test")
	}}
	f.Fuzz(func(t *testing.T, target string) {
		g := Guard{Resolver: asked}
		err := g.CheckURL(t.Context(), target)
		u, parseErr := url.Parse(target)
		if err != nil {
			if e := faktur.AsError(err); e.Kind != faktur.KindInvalid || len(e.Faults) != 1 || e.Faults[0].Pointer != "/url" {
				t.Fatalf("%q: %v", target, err)
			}
			if parseErr == nil && codeOf(err) == "webhook_host_unresolvable" && strings.ContainsAny(u.Hostname(), "%/\\@[]:#? \t\r\n\x00") {
				t.Fatalf("%q was given to the resolver", u.Hostname())
			}
			return
		}
		addr, parseErr := netip.ParseAddr(u.Hostname())
		if parseErr != nil || g.Check(addr) != nil || u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q passes without a name being resolved", target)
		}
	})
}

func codeOf(err error) string { return faktur.AsError(err).Faults[0].Code }

// A Retry-After never makes a try wait less than nothing, nor for ever.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "-1", "99999999999999999999", "Sun, 22 Nov 2026 08:01:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := retryAfter(http.Header{"Retry-After": {text}}, time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)); got < 0 || got > maxRetryAfter {
			t.Fatalf("%q is %s", text, got)
		}
	})
}
