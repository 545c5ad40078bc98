package pjap_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// TestLostAnswersAreFound: the simulator's magic words, seen through the
// channel. The call makes no statement; look-up finds it, late or at once.
func TestLostAnswersAreFound(t *testing.T) {
	t.Parallel()
	for word, lag := range map[string]time.Duration{"SIM-DROP": 0, "SIM-502": 0, "SIM-LATE": 2 * time.Second, "SIM-SLOW": 0} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			var clock clock
			sim, err := simulator.New(simulator.Config{Token: token, SlowDelay: time.Hour, SigningDelay: time.Hour, Clock: clock.now})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(sim.Handler())
			t.Cleanup(server.Close)
			channel := newChannel(t, server.URL, nil)
			sent := adaptertest.Submission(t, "INV/"+word, false)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			outcomes, err := channel.Submit(ctx, []adapter.Submission{sent})
			if _, notSent := errors.AsType[*adapter.NotSent](err); err == nil || notSent {
				t.Errorf("Submit = %+v, %v; want an error that makes no statement", outcomes, err)
			}
			if lag > 0 {
				if found, err := channel.LookUp(t.Context(), []adapter.Question{adaptertest.QuestionAbout(sent)}); err != nil || found[0].Certainty != adapter.Absent {
					t.Errorf("LookUp before the lag has passed = %+v, %v; want Absent", found, err)
				}
				clock.advance(lag)
			}
			found, err := channel.LookUp(t.Context(), []adapter.Question{adaptertest.QuestionAbout(sent)})
			if err != nil || found[0].Certainty != adapter.Known || found[0].Status != faktur.SigningInProgress || found[0].Reason != nil {
				t.Errorf("LookUp = %+v, %v; want it signing", found, err)
			}
		})
	}
}

const (
	document = "../../docs/connector.yaml"
	token    = "s3cret-t0ken"
)

// clock is a clock that the test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// TestContract holds the channel to the contract in front of the real
// simulator, without deduplication, so that a blind resend shows.
func TestContract(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, faktur.ChannelPJAP, adaptertest.Harness{Open: openBench, Faults: adaptertest.Faults(), Spoil: spoil})
}

// spoil makes the tax system refuse it at the door.
func spoil(s adapter.Submission) adapter.Submission {
	s.Invoice.Buyer.NITKU = "1234567890123456000000"
	return s
}

func openBench(t *testing.T) *adaptertest.Bench {
	t.Helper()
	var clock clock
	sim, err := simulator.New(simulator.Config{Token: token, Seed: 1, SigningDelay: time.Second, LookupLag: 3 * time.Second, Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	faulty := &adaptertest.Faulty{Inner: adaptertest.HoldTo(t, document, sim.Handler())}
	address, transport := faulty.Serve(t)
	return &adaptertest.Bench{
		Channel: newChannel(t, address, transport),
		Filed: func(s adapter.Submission) int {
			entries, err := sim.Ledger("")
			if err != nil {
				t.Error(err)
			}
			for _, entry := range entries {
				if entry.ClientID == s.ClientID {
					return entry.Accepted
				}
			}
			return 0
		},
		Settle: func() { clock.advance(time.Minute) },
		Break:  faulty.Break,
	}
}

func newChannel(t *testing.T, url string, transport http.RoundTripper) *pjap.Channel {
	t.Helper()
	channel, err := pjap.New(pjap.Config{BaseURL: url, Token: token, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// connector is a channel to a connector that answers as the test says.
func connector(t *testing.T, answer http.HandlerFunc) *pjap.Channel {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return newChannel(t, server.URL, transport)
}

func TestNewRefusesUnsafeSettings(t *testing.T) {
	t.Parallel()
	if _, err := pjap.New(pjap.Config{BaseURL: "http://pjap.example.com"}); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("New with plain http: %v; want it refused", err)
	}
	for _, bad := range []string{"two words", "line\nbreak", "kunci-é"} {
		if _, err := pjap.New(pjap.Config{BaseURL: "https://pjap.example.com", Token: bad}); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("New with the token %q: %v; want it refused without repeating it", bad, err)
		}
	}
}

func TestBaseMayHaveAPath(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	defer server.Close()
	channel := newChannel(t, server.URL+"/coretax/", nil)
	_, _ = channel.Describe(t.Context())
	if got := <-paths; got != "/coretax/v1/connector" {
		t.Errorf("asked %s, want /coretax/v1/connector", got)
	}
}

// TestFailureSaysWhatIsCertain is the table from an answer to what it means for the batch.
func TestFailureSaysWhatIsCertain(t *testing.T) {
	t.Parallel()
	const problem = `{"type":"about:blank","title":"x","status":0,"code":"CODE","detail":"the detail"}`
	coded := func(code string) string { return strings.Replace(problem, "CODE", code, 1) }
	for _, test := range []struct {
		name       string
		status     int
		retryAfter string
		body       string
		notSent    bool
		wait       time.Duration
	}{
		{"unauthorized", 401, "", coded("unauthorized"), true, 0},
		{"forbidden", 403, "", "", true, 0},
		{"no such route", 404, "", "<html>", true, 0},
		{"livemode", 409, "", coded("livemode_mismatch"), true, 0},
		{"too many", 429, "120", coded("rate_limited"), true, 2 * time.Minute},
		{"too many, for days", 429, "9999999", "", true, time.Hour},
		{"too many, negative", 429, "-5", "", true, 0},
		{"too many, nonsense", 429, "soon", "", true, 0},
		{"bad request of a proxy", 400, "", "<html>", true, 0},
		{"unknown field", 422, "", `{"code":"unknown_field","detail":"x","errors":[{"pointer":"/submissions/0/invoice/new","code":"unknown_field","message":"x"}]}`, true, 0},
		{"refused without an item", 422, "", coded("invalid"), true, 0},
		{"declared not taken", 503, "30", coded("not_taken"), true, 30 * time.Second},
		{"unavailable", 503, "30", coded("maintenance"), false, 0},
		{"a proxy's time-out", 504, "", "<html>", false, 0},
		{"bad gateway", 502, "", "", false, 0},
		{"internal", 500, "", coded("internal"), false, 0},
		{"request time-out", 408, "", "", false, 0},
		{"redirect", 307, "", "", false, 0},
		{"accepted for later", 202, "", "{}", false, 0},
		{"no content", 204, "", "", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Location", "/elsewhere")
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			outcomes, err := channel.Submit(t.Context(), adaptertest.Batch(t, 3, false))
			if err == nil {
				t.Fatalf("Submit = %+v without an error", outcomes)
			}
			notSent, ok := errors.AsType[*adapter.NotSent](err)
			if ok != test.notSent {
				t.Errorf("Submit: %v; NotSent is %v, want %v", err, ok, test.notSent)
			}
			if ok && notSent.RetryAfter != test.wait {
				t.Errorf("RetryAfter = %s, want %s", notSent.RetryAfter, test.wait)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d calls were made, want 1: nothing is repeated or followed", n)
			}
		})
	}
}

func TestRetryAfterAsDate(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := channel.Submit(t.Context(), adaptertest.Batch(t, 1, false))
	if e, ok := errors.AsType[*adapter.NotSent](err); !ok || e.RetryAfter < 9*time.Minute || e.RetryAfter > 10*time.Minute {
		t.Errorf("Submit: %+v; want about ten minutes", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
		blank := []byte(strings.Repeat(" ", 1<<20))
		for range 20 {
			if _, err := w.Write(blank); err != nil {
				return
			}
		}
	})
	if _, err := channel.Describe(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Errorf("Describe: %v; want the answer refused for its size", err)
	}
}

// TestTokenStaysSecret: even a connector that repeats it does not get it into an error.
func TestTokenStaysSecret(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("Authorization = %q", got)
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"code":"unauthorized ` + token + `","detail":"no such token: ` + token + `","errors":[{"pointer":"","code":"x","message":"` + token + `"}]}`))
	})
	_, err := channel.Describe(t.Context())
	for _, text := range []string{errorText(err), printed(channel)} {
		if strings.Contains(text, token) {
			t.Errorf("the token stands in %s", text)
		}
	}
	if !strings.Contains(errorText(err), "no such token: [secret]") {
		t.Errorf("the error %v lost what the connector said", err)
	}
}

func TestDescribeRefusesHalfADescriptor(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, ``, `null`, `[]`, `{"livemode":false}`,
		`{"livemode":false,"resend_harmless":true,"max_batch":0,"calls_per_minute":0}`,
		`{"resend_harmless":true,"max_batch":5,"calls_per_minute":0}`,
		`{"livemode":false,"max_batch":5,"calls_per_minute":0}`,
		`{"livemode":false,"resend_harmless":true,"max_batch":5,"calls_per_minute":-1}`,
		`{"livemode":false,"livemode":true,"resend_harmless":true,"max_batch":5,"calls_per_minute":0}`,
		`{"livemode":"false","resend_harmless":true,"max_batch":5,"calls_per_minute":0}`,
	} {
		channel := connector(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		if d, err := channel.Describe(t.Context()); err == nil {
			t.Errorf("Describe took %s as %+v", body, d)
		}
	}
}
