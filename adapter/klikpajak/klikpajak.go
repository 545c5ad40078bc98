// Package klikpajak is the channel to Klikpajak's API at Mekari, as far as it is
// publicly known (FACTS 7, MEKARI and OPSY: second-hand). docs/providers.md says
// what is documented, what is assumed, and what must be confirmed before going live.
//
// A document is created with auto_approval=true, which files it. It is known by
// its client_reference_id, which is the attempt's client id, so that whatever is
// lost on the way is found and never filed twice:
//
//	create's answer is lost           a look-up by client_reference_id finds it, or nothing; the same attempt has the same X-Idempotency-Key
//	create answers DRAFT              it was not approved by itself: it is approved by PUT
//	crash between create and approve  look-up answers NotTaken with the draft's id; Submit approves that one
//	approve's answer is lost          look-up says where it stands; a draft means that the approval never arrived
//	uploaded again after REJECTED     no way to change a document is known: it is created anew, when the one before is still not filed
//
// What a failed call makes certain is adapter.NewCallError's table. Besides:
//
//	200 or 201 without data, or about another document   nothing
//	4xx with a message, error or errors in JSON          the provider's own words
//	400 or 422 to create                                 find is asked: it may be there already; else it is refused
//	4xx to approve                                       detail is asked: it may be approved already; else it is refused
package klikpajak

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Production is the publicly known address (FACTS 7, MEKARI). Whether there is a
// sandbox is not.
const Production = "https://api.mekari.com"

// Paths are the API's paths by the name under which a taxpayer may replace one;
// {id} stands for Klikpajak's id. MEKARI has create's; that detail and approve go
// on from it as they do in OPSY, which has v2 in the place of v1, and that find is
// create's path with ?client_reference_id=, are assumptions.
var Paths = map[string]string{
	"create":  "/v2/klikpajak/v1/efaktur/out",
	"find":    "/v2/klikpajak/v1/efaktur/out",
	"detail":  "/v2/klikpajak/v1/efaktur/out/{id}",
	"approve": "/v2/klikpajak/v1/efaktur/out/{id}/approve/",
}

// maxBatch is how many documents one call of the gateway's has. Each is one call
// or several to Klikpajak, and all must end within the gateway's own time.
const maxBatch = 20

// Config says how Klikpajak is reached. Who signs in comes with every document.
type Config struct {
	// BaseURL is where taxpayers are served that set no address of their own; ""
	// means Production.
	BaseURL string
	// Transport carries the calls; nil means one of its own. It must not repeat a POST by itself.
	Transport http.RoundTripper
	// UserAgent is how the gateway names itself; "" means "fakturgate".
	UserAgent string
	// Now is the clock that calls are signed by; nil means time.Now.
	Now func() time.Time
}

// Channel is Klikpajak as adapter.Channel sees it. Its methods may be used by many goroutines.
type Channel struct {
	base string
	http *adapter.HTTP
	now  func() time.Time
}

var (
	_ adapter.Caller  = (*Channel)(nil)
	_ adapter.Printer = (*Channel)(nil)
)

// New makes the channel without calling anybody.
func New(c Config) (*Channel, error) {
	if c.BaseURL == "" {
		c.BaseURL = Production
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	base, err := faktur.ParseBase("klikpajak", c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("klikpajak: %w", err)
	}
	return &Channel{base: base, http: adapter.NewHTTP(c.Transport, c.UserAgent), now: c.Now}, nil
}

// Name is klikpajak.
func (c *Channel) Name() faktur.Channel { return faktur.ChannelKlikpajak }

// Describe says what the channel can do. It calls nobody: there is no one
// account to ask with. Its approvals count as real. A resend does not count as
// harmless: how long Klikpajak remembers an X-Idempotency-Key is not known.
func (c *Channel) Describe(ctx context.Context) (adapter.Description, error) {
	return adapter.Description{
		Livemode: true, MaxBatch: maxBatch, PerTaxpayer: true,
		Capabilities: adapter.Capabilities{LookUp: true, Replace: true, DownPayment: true, PDF: true},
	}, ctx.Err()
}

// account is one taxpayer's access to Klikpajak.
type account struct {
	channel   *Channel
	endpoints adapter.Endpoints
	// The secret lives in these two only, so that no print of an account shows it.
	sign  func(method, address string) (http.Header, error)
	scrub func(string) string
}

// account makes the access of a taxpayer.
func (c *Channel) account(p *faktur.Provider) (*account, *adapter.CallError) {
	if p == nil || p.ClientID == "" || p.ClientSecret == "" {
		return nil, adapter.NoCredentials("This taxpayer has no client_id and client_secret for Klikpajak.")
	}
	if strings.ContainsFunc(p.ClientID, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return nil, adapter.NoCredentials("This taxpayer's client_id for Klikpajak has a character that cannot stand in a header.")
	}
	endpoints, err := adapter.EndpointsOf(p, c.base, Paths)
	if err != nil {
		return nil, adapter.NoCredentials("Klikpajak cannot be called: " + err.Error() + ".")
	}
	sign := func(method, address string) (http.Header, error) {
		return signature(p.ClientID, p.ClientSecret, c.now(), method, address)
	}
	return &account{channel: c, endpoints: endpoints, sign: sign, scrub: adapter.NewScrub(p.ClientSecret).Text}, nil
}

// request is one call: name is that of its path, id what {id} stands for.
type request struct {
	method, name, id, query string
	idempotencyKey          string // "" for none
	body                    any    // nil for none
}

// call makes one call and gives data of an answer that is 200 or 201.
func (a *account) call(ctx context.Context, r request) (jsontext.Value, *adapter.CallError) {
	what := "klikpajak: " + r.name
	address := a.endpoints.Address(r.name, r.id) + r.query
	header, err := a.sign(r.method, address)
	var content []byte
	if err == nil && r.body != nil {
		content, err = json.Marshal(r.body)
	}
	if err != nil {
		return nil, adapter.NewCallError(what, adapter.Answer{}, &adapter.NotSent{Cause: errors.New("the call cannot be written")}, a.endpoints.Own, "")
	}
	if r.idempotencyKey != "" {
		header.Set("X-Idempotency-Key", r.idempotencyKey)
	}
	answer, err := a.channel.http.Exchange(ctx, r.method, address, header, content)
	var told envelope
	words := ""
	if err == nil {
		if answer.Status < http.StatusBadRequest {
			err = told.read(answer.Body)
		} else {
			words = a.scrub(wordsIn(answer.Body))
		}
	}
	if failed := adapter.NewCallError(what, answer, err, a.endpoints.Own, words); failed != nil {
		return nil, failed
	}
	return told.Data, nil
}

// one reads data as a single document that Klikpajak calls id; "" for one whose
// id is news.
func (a *account) one(name, id string, data jsontext.Value) (document, *adapter.CallError) {
	var d document
	err := json.Unmarshal(data, &d)
	switch {
	case err != nil || data.Kind() != '{':
		return d, a.unread(name, "data is no document")
	case d.ID == "" && id == "":
		return d, a.unread(name, "the answer has no id")
	case d.ID == "":
		d.ID = adapter.Loose(id)
	case id != "" && string(d.ID) != id:
		return d, a.unread(name, "the answer is about another document")
	}
	return d, nil
}

// unread is an answer that came and says nothing.
func (a *account) unread(name, why string) *adapter.CallError {
	return &adapter.CallError{Own: a.endpoints.Own, Cause: fmt.Errorf("klikpajak: %s: %s", name, why)}
}
