// Package pjap is the channel to a connector that speaks the protocol of
// docs/connector.yaml: a PJAP's, one of your own, or the simulator.
//
// What it is most careful about is what a failed call means; call.go holds
// the whole table from what went wrong to what is certain.
package pjap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Config says where the connector is and how to reach it.
type Config struct {
	// BaseURL is the connector's address, with a path prefix or without
	// (FAKTURGATE_PJAP_URL). Plain http is for loopback only.
	BaseURL string
	// Token is sent as the bearer token (FAKTURGATE_PJAP_TOKEN); "" sends none.
	Token string
	// Transport carries the calls; nil means one of its own that keeps a few
	// connections open. It must not repeat a POST by itself.
	Transport http.RoundTripper
	// UserAgent is how the gateway names itself; "" means "fakturgate".
	UserAgent string
}

// Channel is the connector as adapter.Channel sees it. Its methods may be used
// by many goroutines.
type Channel struct {
	base string
	http *adapter.HTTP
	// The token lives in these two only, so that no print of a Channel shows it.
	authorize func() http.Header
	scrub     func(string) string // makes fit what the connector wrote, and takes the token out
	livemode  atomic.Pointer[bool]
}

var (
	_ adapter.Caller     = (*Channel)(nil)
	_ adapter.ChangeFeed = (*Channel)(nil)
)

// New makes the channel without calling the connector. It refuses addresses over
// which the token would travel readable.
func New(c Config) (*Channel, error) {
	base, err := faktur.ParseBase("FAKTURGATE_PJAP_URL", c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("pjap: %w", err)
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("pjap: the token (FAKTURGATE_PJAP_TOKEN) has spaces or other characters that a bearer token cannot have")
	}
	channel := &Channel{
		base: base, http: adapter.NewHTTP(c.Transport, c.UserAgent),
		authorize: func() http.Header { return nil },
		scrub:     adapter.NewScrub(faktur.Secret(c.Token)).Text,
	}
	if token := c.Token; token != "" {
		channel.authorize = func() http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	}
	return channel, nil
}

// Name is pjap.
func (c *Channel) Name() faktur.Channel { return faktur.ChannelPJAP }

// Describe asks the connector for its descriptor.
func (c *Channel) Describe(ctx context.Context) (adapter.Description, error) {
	var told descriptor
	if err := c.call(ctx, http.MethodGet, "/v1/connector", nil, &told); err != nil {
		return adapter.Description{}, err
	}
	if told.Livemode == nil || told.ResendHarmless == nil || told.MaxBatch < 1 || told.CallsPerMinute < 0 {
		return adapter.Description{}, errors.New("pjap: the connector's descriptor lacks livemode, resend_harmless or a max_batch of at least 1")
	}
	c.livemode.Store(told.Livemode)
	has := func(word string) bool { return slices.Contains(told.Capabilities, word) }
	return adapter.Description{
		Livemode: *told.Livemode, ResendHarmless: *told.ResendHarmless,
		MaxBatch: told.MaxBatch, CallsPerMinute: told.CallsPerMinute, Changes: has("changes"),
		Capabilities: adapter.Capabilities{
			LookUp: has("look_up"), Replace: has("replace"), Cancel: has("cancel"),
			DownPayment: has("down_payment"), Returns: has("returns"), PDF: has("pdf"),
		},
	}, nil
}

// Status asks how submissions fare.
func (c *Channel) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	clientIDs := clientIDsOf(questions)
	var answer statusAnswer
	if err := c.ask(ctx, "/v1/submissions/status", clientIDs, &answer); err != nil || len(clientIDs) == 0 {
		return nil, err
	}
	if err := c.sameLivemode(answer.Livemode); err != nil {
		return nil, err
	}
	return match(clientIDs, answer.Results), nil
}

// LookUp asks whether submissions arrived.
func (c *Channel) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	clientIDs := clientIDsOf(questions)
	var answer lookUpAnswer
	if err := c.ask(ctx, "/v1/submissions/look-up", clientIDs, &answer); err != nil || len(clientIDs) == 0 {
		return nil, err
	}
	if err := c.sameLivemode(answer.Livemode); err != nil {
		return nil, err
	}
	return match(clientIDs, answer.Results), nil
}

// changesLimit is how many changes one call asks for.
const changesLimit = "2000"

// Changes reads the connector's feed of changes.
func (c *Channel) Changes(ctx context.Context, after string) ([]adapter.Changed, string, error) {
	query := url.Values{"after": {cmp.Or(after, "latest")}, "limit": {changesLimit}}
	var answer changesAnswer
	if err := c.call(ctx, http.MethodGet, "/v1/changes?"+query.Encode(), nil, &answer); err != nil {
		return nil, after, err
	}
	if err := c.sameLivemode(answer.Livemode); err != nil {
		return nil, after, err
	}
	if answer.Next == "" {
		return nil, after, errors.New("pjap: the feed of changes gives no next cursor")
	}
	changes := make([]adapter.Changed, len(answer.Changes))
	for i, change := range answer.Changes {
		changes[i] = adapter.Changed{ClientID: change.ClientID, Outcome: change.outcome()}
	}
	return changes, answer.Next, nil
}

// clientIDsOf gives the one name by which a connector knows a submission.
func clientIDsOf(questions []adapter.Question) []string {
	ids := make([]string, len(questions))
	for i := range questions {
		ids[i] = questions[i].ClientID
	}
	return ids
}

func (c *Channel) ask(ctx context.Context, path string, clientIDs []string, answer any) error {
	if len(clientIDs) == 0 {
		return nil
	}
	return c.call(ctx, http.MethodPost, path, clientIDsRequest{clientIDs}, answer)
}

// sameLivemode refuses an answer from another world than the one described: a
// simulator's word must never reach a live document.
func (c *Channel) sameLivemode(answered *bool) error {
	described := c.livemode.Load()
	if answered == nil || described != nil && *answered != *described {
		return errors.New("pjap: the answer's livemode is missing or not the one that the connector described; nothing of it is used")
	}
	return nil
}
