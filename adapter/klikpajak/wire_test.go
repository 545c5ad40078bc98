package klikpajak_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/klikpajak"
	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "write the golden files of the requests")

// at is when the golden requests are signed.
var at = time.Date(2026, 11, 22, 15, 4, 5, 0, faktur.Jakarta)

// TestGoldenRequests: what goes over the wire, with every header that the channel
// sets. The signatures were computed by openssl too:
//
//	printf 'date: Sun, 22 Nov 2026 08:04:05 GMT\nPUT /v2/klikpajak/v1/efaktur/out/77/approve/ HTTP/1.1' |
//	openssl dgst -sha256 -hmac s3cret-of-the-seller -binary | base64
func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*klikpajak.Channel, adapter.Submission) error{
		"create": func(c *klikpajak.Channel, s adapter.Submission) error {
			_, err := c.Submit(t.Context(), []adapter.Submission{s})
			return err
		},
		"replace": func(c *klikpajak.Channel, s adapter.Submission) error {
			s.ReplacesNSFP, s.ReplacesReceipt = nsfp, "76"
			_, err := c.Submit(t.Context(), []adapter.Submission{s})
			return err
		},
		"down-payment": func(c *klikpajak.Channel, s adapter.Submission) error {
			s.Invoice.Payment.Type = faktur.PaymentDownPayment
			_, err := c.Submit(t.Context(), []adapter.Submission{s})
			return err
		},
		"facility": func(c *klikpajak.Channel, s adapter.Submission) error {
			s.Invoice.TrxCode, s.Invoice.AddInfo, s.Invoice.FacilityStamp = "07", "TD.00505", "TD.01105"
			s.Invoice.Buyer = faktur.Buyer{IDType: faktur.IDTypePassport, IDNumber: "X1234567", Name: `O'Neil & "Sons"`, Address: "1 Example Road", Country: "AUS"}
			_, err := c.Submit(t.Context(), []adapter.Submission{s})
			return err
		},
		"find": func(c *klikpajak.Channel, s adapter.Submission) error {
			_, err := c.LookUp(t.Context(), []adapter.Question{adaptertest.QuestionAbout(s)})
			return err
		},
		"detail": func(c *klikpajak.Channel, s adapter.Submission) error {
			q := adaptertest.QuestionAbout(s)
			q.Receipt = "77"
			_, err := c.Status(t.Context(), []adapter.Question{q})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, do)
		})
	}
}

func golden(t *testing.T, name string, do func(*klikpajak.Channel, adapter.Submission) error) {
	var wire bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write(t, &wire, r)
		switch r.Method {
		case http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"data":{"id":77,"invoice_status":"NORMAL","approval_status":"DRAFT","tax_invoice_number":null}}`)
		case http.MethodGet:
			fmt.Fprint(w, `{"data":[]}`)
		default:
			fmt.Fprint(w, `{"data":{"approval_status":"IN_PROGRESS"}}`)
		}
	}))
	t.Cleanup(server.Close)
	channel, err := klikpajak.New(klikpajak.Config{BaseURL: server.URL, Transport: &http.Transport{}, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	s := submission(t, "INV/2026/11/0001")
	s.ClientID = "0199c9a4-7a52-7d0e-8f3c-000000000001-1"
	if err := do(channel, s); err != nil && name != "detail" { // an empty list is no document
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".http")
	if *update {
		if err := os.WriteFile(file, wire.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), wire.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// write writes a request as it came, but for what differs between machines.
func write(t *testing.T, wire io.Writer, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	fmt.Fprintf(wire, "%s %s %s\n", r.Method, r.RequestURI, r.Proto)
	for _, name := range []string{"Authorization", "Content-Length", "Content-Type", "Date", "X-Idempotency-Key"} {
		if value, set := r.Header[name]; set {
			fmt.Fprintf(wire, "%s: %s\n", name, strings.Join(value, " | "))
		}
	}
	if len(body) > 0 {
		indented := jsontext.Value(body)
		if err := indented.Indent(jsontext.WithIndent("  ")); err != nil {
			t.Errorf("the body is no JSON: %v", err)
		}
		fmt.Fprintf(wire, "\n%s\n", indented)
	}
	fmt.Fprintln(wire, "---")
}

// TestSignature: the other side takes a signature of now by the right secret over
// what went over the wire, and nothing else.
func TestSignature(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	var ahead time.Duration
	channel, err := klikpajak.New(klikpajak.Config{BaseURL: b.address, Now: func() time.Time { return b.now().Add(ahead).In(faktur.Jakarta) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		provider faktur.Provider
		ahead    time.Duration
		welcome  bool
	}{
		{"right", *provider(), 0, true},
		{"four minutes behind", *provider(), -4 * time.Minute, true},
		{"ten minutes behind", *provider(), -10 * time.Minute, false},
		{"ten minutes ahead", *provider(), 10 * time.Minute, false},
		{"another's secret", faktur.Provider{ClientID: clientID, ClientSecret: "another"}, 0, false},
		{"nobody", faktur.Provider{ClientID: "nobody", ClientSecret: secret}, 0, false},
		{"an id that ends the header's text", faktur.Provider{ClientID: clientID + `", algorithm="none`, ClientSecret: secret}, 0, false},
		{"an id with a line break", faktur.Provider{ClientID: clientID + "\r\nX: y", ClientSecret: secret}, 0, false},
	} {
		s := submission(t, "INV/SIGNED/"+test.name)
		s.Provider, ahead = &test.provider, test.ahead
		outcomes, err := channel.Submit(t.Context(), []adapter.Submission{s})
		if err != nil || (outcomes[0].Certainty == adapter.Known) != test.welcome {
			t.Errorf("%s: %+v, %v", test.name, outcomes, err)
			continue
		}
		if why := outcomes[0].Reason; !test.welcome && (outcomes[0].Certainty != adapter.NotTaken || why.Code != "provider_credentials") {
			t.Errorf("%s: %+v %+v", test.name, outcomes[0], why)
		}
	}
}

// TestPathsCanBeReplaced: the taxpayer's own, by the names that registration takes.
func TestPathsCanBeReplaced(t *testing.T) {
	t.Parallel()
	for name := range klikpajak.Paths {
		if !faktur.IsProviderPath(faktur.ChannelKlikpajak, name) {
			t.Errorf("registration does not take the path %s", name)
		}
	}
	b := open(t, klikpajaktest.Config{Drafts: true})
	for _, base := range []string{"", "/relay"} { // the signature is over the path that is called
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.RequestURI, base+"/v2/klikpajak/v2/efaktur/out") {
				t.Errorf("%s was called", r.RequestURI)
			}
			r.URL.Path = strings.Replace(strings.TrimPrefix(r.URL.Path, base), "/klikpajak/v2/", "/klikpajak/v1/", 1)
			b.Server.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		s := submission(t, "INV/PATHS"+base)
		s.Provider.BaseURL, s.Provider.Paths = server.URL+base+"/", map[string]string{}
		for name, path := range klikpajak.Paths {
			s.Provider.Paths[name] = strings.Replace(path, "/klikpajak/v1/", "/klikpajak/v2/", 1)
		}
		b.approve(t, s)
		if o := b.lookUp(t, s); o.Status != faktur.Approved {
			t.Errorf("LookUp = %+v", o)
		}
	}
}
