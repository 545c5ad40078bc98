// Package pajakio is the channel to Pajak.io's Open API v3, as far as it is
// publicly known (FACTS 7, PAJAKIO: second-hand). docs/providers.md says what is
// documented, what is assumed, and what must be confirmed before going live.
//
// A document is created as a draft and then uploaded. Only the upload files it,
// and only a draft or a refused one can be uploaded, so that whatever is lost on
// the way is never filed twice:
//
//	create's answer is lost          a look-up by noInvoice finds the draft, or nothing: no more than a draft is left over
//	crash between create and upload  look-up answers NotTaken with the draft's transactionId; Submit writes it anew and uploads it
//	upload's answer is lost          look-up by transactionId says where it stands; a draft means that it never arrived
//	uploaded again after DITOLAK     update and upload under the same transactionId, never a second document
//
// What a failed call makes certain is adapter.NewCallError's table. Besides:
//
//	200 whose envelope cannot be read, or does not say OK     nothing
//	400 to update or upload                                   detail is asked: it may be uploaded already; else it is refused
//	404 to update                                             detail is asked: when it does not know it either, it is created anew
package pajakio

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// The publicly known addresses (FACTS 7).
const (
	Production = "https://openapi.pajak.io"
	Sandbox    = "https://sandbox-openapi.pajak.io"
)

// Paths are the API's paths by the name under which a taxpayer may replace one;
// {id} stands for the transactionId. That update has no id in its path is an assumption.
var Paths = map[string]string{
	"create": "/efaktur/v3/penjualan",
	"update": "/efaktur/v3/penjualan",
	"detail": "/efaktur/v3/penjualan/{id}",
	"list":   "/efaktur/v3/penjualan/list",
	"upload": "/efaktur/v3/penjualan/upload",
	"pdf":    "/efaktur/v3/penjualan/get-pdf",
}

// maxBatch is how many documents one call of the gateway's has. Each is several
// calls to Pajak.io, and all must end within the gateway's own time.
const maxBatch = 20

// Config says how Pajak.io is reached. Who signs in comes with every document.
type Config struct {
	// BaseURL is where taxpayers are served that set no address of their own; ""
	// means Production.
	BaseURL string
	// Transport carries the calls; nil means one of its own. It must not repeat a POST by itself.
	Transport http.RoundTripper
	// UserAgent is how the gateway names itself; "" means "fakturgate".
	UserAgent string
}

// Channel is Pajak.io as adapter.Channel sees it. Its methods may be used by many goroutines.
type Channel struct {
	base string
	http *adapter.HTTP
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
	base, err := faktur.ParseBase("pajakio", c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("pajakio: %w", err)
	}
	return &Channel{base: base, http: adapter.NewHTTP(c.Transport, c.UserAgent)}, nil
}

// Name is pajakio.
func (c *Channel) Name() faktur.Channel { return faktur.ChannelPajakio }

// Describe says what the channel can do. It calls nobody: there is no one
// account to ask with. Its approvals count as real, a sandbox's too.
func (c *Channel) Describe(ctx context.Context) (adapter.Description, error) {
	return adapter.Description{
		Livemode: true, MaxBatch: maxBatch, PerTaxpayer: true,
		Capabilities: adapter.Capabilities{LookUp: true, Replace: true, DownPayment: true, PDF: true},
	}, ctx.Err()
}

// account is one taxpayer's access to Pajak.io.
type account struct {
	channel   *Channel
	endpoints adapter.Endpoints
	// The token lives in these two only, so that no print of an account shows it.
	authorize func() http.Header
	scrub     func(string) string
}

// account makes the access of a taxpayer; secrets are those that a call carries
// besides the token.
func (c *Channel) account(p *faktur.Provider, secrets ...faktur.Secret) (*account, *adapter.CallError) {
	if p == nil || p.Token == "" {
		return nil, adapter.NoCredentials("This taxpayer has no token for Pajak.io.")
	}
	endpoints, err := adapter.EndpointsOf(p, c.base, Paths)
	if err != nil {
		return nil, adapter.NoCredentials("Pajak.io cannot be called: " + err.Error() + ".")
	}
	token := p.Token.Reveal()
	scrub := adapter.NewScrub(slices.Concat(secrets, []faktur.Secret{p.Token})...).Text
	header := func() http.Header {
		return http.Header{"Authorization": {base64.StdEncoding.EncodeToString([]byte(token))}}
	}
	return &account{channel: c, endpoints: endpoints, authorize: header,
		scrub: scrub}, nil
}

// call makes one call and gives data of an answer that says OK.
func (a *account) call(ctx context.Context, method, name, id, query string, body any) (jsontext.Value, *adapter.CallError) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, adapter.NewCallError("pajakio: "+name, adapter.Answer{}, &adapter.NotSent{Cause: errors.New("the body cannot be written")}, a.endpoints.Own, "")
	}
	answer, err := a.channel.http.Exchange(ctx, method, a.endpoints.Address(name, id)+query, a.authorize(), content)
	var told envelope
	if err == nil {
		err = read(answer, &told)
	}
	words := ""
	if err == nil {
		words = a.scrub(string(told.Message))
		if words == "" {
			words = fmt.Sprintf("Pajak.io answered %d and gave no reason.", answer.Status)
		}
	}
	if failed := adapter.NewCallError("pajakio: "+name, answer, err, a.endpoints.Own, words); failed != nil {
		return nil, failed
	}
	return told.Data, nil
}

// read reads an envelope. One that contradicts its HTTP status is none.
func read(answer adapter.Answer, told *envelope) error {
	if err := json.Unmarshal(answer.Body, told); err != nil {
		return fmt.Errorf("the answer is no envelope of Pajak.io's: %w", adapter.JSONFault(err))
	}
	if string(told.Code) != fmt.Sprint(answer.Status) {
		return errors.New("the answer's code is not its HTTP status")
	}
	if answer.Status < 300 && told.Status != "OK" {
		return errors.New("the answer says neither OK nor what is wrong")
	}
	return nil
}

// one reads data as a single document.
func (a *account) one(name string, data jsontext.Value) (document, *adapter.CallError) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil || data.Kind() != '{' {
		return d, &adapter.CallError{Own: a.endpoints.Own, Cause: fmt.Errorf("pajakio: %s: data is no document", name)}
	}
	return d, nil
}
