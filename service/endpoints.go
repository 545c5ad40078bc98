package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/webhook"
)

const (
	// maxEndpoints is how many webhook endpoints a tenant may have.
	maxEndpoints = 50
	// secretOverlap is how long a rotated secret still signs beside the new one.
	secretOverlap  = 24 * time.Hour
	maxDescription = 255
	// everyEvent subscribes to all types, also those of later releases.
	everyEvent = "*"
)

// Endpoint is where a tenant wants its events sent.
type Endpoint struct {
	ID             string            `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	URL            string            `json:"url" example:"https://erp.example.co.id/fakturgate"`
	Description    string            `json:"description" example:"The ERP"`
	Events         []string          `json:"events" example:"invoice.approved,invoice.saved_invalid"`
	Secret         string            `json:"secret,omitzero" example:"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"` // only at creation and rotation
	Disabled       bool              `json:"disabled" example:"false"`
	DisabledReason faktur.NullString `json:"disabled_reason" swaggertype:"string" extensions:"x-nullable"`
	FailingSince   *time.Time        `json:"failing_since" extensions:"x-nullable"`
	CreatedAt      time.Time         `json:"created_at" example:"2026-11-22T08:00:00Z"`
	UpdatedAt      time.Time         `json:"updated_at" example:"2026-11-22T08:00:00Z"`
}

func endpointOf(e *repository.Endpoint) Endpoint {
	return Endpoint{ID: e.ID, URL: e.URL, Description: e.Description, Events: e.Events, Disabled: !e.DisabledAt.IsZero(),
		DisabledReason: faktur.NullString(e.DisabledReason), FailingSince: timeOrNil(e.FailingSince),
		CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// EndpointInput is a new endpoint.
type EndpointInput struct {
	URL         string   `json:"url" example:"https://erp.example.co.id/fakturgate"`
	Description string   `json:"description" example:"The ERP"`
	Events      []string `json:"events" example:"invoice.approved,invoice.saved_invalid"` // none means the default ones; * is every type
}

// EndpointPatch is what to change of an endpoint; nil leaves a thing as it is.
type EndpointPatch struct {
	URL         *string   `json:"url,omitzero" example:"https://erp.example.co.id/fakturgate"`
	Description *string   `json:"description,omitzero" example:"The ERP"`
	Events      *[]string `json:"events,omitzero" example:"*"`
	Disabled    *bool     `json:"disabled,omitzero" example:"false"`
}

// CreateEndpoint makes an endpoint that hears of what happens from now on. Its
// secret is in the answer and never again.
func (s *Service) CreateEndpoint(ctx context.Context, tenant string, input EndpointInput) (Endpoint, error) {
	if err := s.checkEndpoint(ctx, &input.URL, &input.Description, &input.Events); err != nil {
		return Endpoint{}, err
	}
	now := s.Now()
	e := repository.Endpoint{ID: s.NewID(), Tenant: tenant, URL: input.URL, Description: input.Description,
		Events: eventsOrDefault(input.Events), CreatedAt: now, UpdatedAt: now}
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		return Endpoint{}, translate(err, "")
	}
	e.Secret = s.Sealer.Seal(secret, secretRow(e.ID))
	if _, err := s.DB.AddEndpoint(ctx, e, maxEndpoints); err != nil {
		return Endpoint{}, translateEndpoint(err)
	}
	answer := endpointOf(&e)
	answer.Secret = secret.Text()
	return answer, nil
}

// Endpoint gives a tenant's endpoint.
func (s *Service) Endpoint(ctx context.Context, tenant, id string) (Endpoint, error) {
	e, err := s.DB.Endpoint(ctx, tenant, id)
	if err != nil {
		return Endpoint{}, translateEndpoint(err)
	}
	return endpointOf(&e), nil
}

// Endpoints lists a tenant's endpoints, newest first.
func (s *Service) Endpoints(ctx context.Context, tenant string, limit int, cursor string) (Page[Endpoint], error) {
	before, err := openCursor(cursor)
	if err != nil {
		return Page[Endpoint]{}, err
	}
	stored, err := s.DB.Endpoints(ctx, tenant, before, limit+1)
	if err != nil {
		return Page[Endpoint]{}, translateEndpoint(err)
	}
	list := make([]Endpoint, len(stored))
	for i := range stored {
		list[i] = endpointOf(&stored[i])
	}
	return newPage(list, limit, func(e Endpoint) string { return e.ID }), nil
}

// UpdateEndpoint changes a tenant's endpoint. One that is enabled again goes on
// where it stopped: nothing that happened meanwhile is lost.
func (s *Service) UpdateEndpoint(ctx context.Context, tenant, id string, patch EndpointPatch) (Endpoint, error) {
	if err := s.checkEndpoint(ctx, patch.URL, patch.Description, patch.Events); err != nil {
		return Endpoint{}, err
	}
	change := repository.EndpointChange{URL: patch.URL, Description: patch.Description, Disabled: patch.Disabled,
		DisabledReason: "its owner disabled it"}
	if patch.Events != nil {
		change.Events = eventsOrDefault(*patch.Events)
	}
	e, err := s.DB.ChangeEndpoint(ctx, tenant, id, change, s.Now())
	if err != nil {
		return Endpoint{}, translateEndpoint(err)
	}
	return endpointOf(&e), nil
}

// DeleteEndpoint removes a tenant's endpoint with all its deliveries.
func (s *Service) DeleteEndpoint(ctx context.Context, tenant, id string) error {
	return translateEndpoint(s.DB.RemoveEndpoint(ctx, tenant, id, s.Now()))
}

// RotateSecret gives an endpoint a new secret, which is in the answer and never
// again. For 24 hours messages are signed with the present one too; one that was
// rotated out before that signs no more.
func (s *Service) RotateSecret(ctx context.Context, tenant, id string) (Endpoint, error) {
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		return Endpoint{}, translate(err, "")
	}
	now := s.Now()
	e, err := s.DB.ChangeEndpoint(ctx, tenant, id, repository.EndpointChange{
		Secret: s.Sealer.Seal(secret, secretRow(id)), PreviousUntil: now.Add(secretOverlap)}, now)
	if err != nil {
		return Endpoint{}, translateEndpoint(err)
	}
	answer := endpointOf(&e)
	answer.Secret = secret.Text()
	return answer, nil
}

// secretRow is the identity under which an endpoint's secrets are sealed.
func secretRow(id string) string { return "webhook_endpoints/" + id }

// openSecrets gives the secrets that an endpoint's messages are signed with now.
// A previous one that does not open, its master key having been lost, signs nothing.
func (s *Service) openSecrets(e *repository.Endpoint, now time.Time) ([]webhook.Secret, error) {
	current, err := s.Sealer.Open(e.Secret, secretRow(e.ID))
	if err != nil {
		return nil, fmt.Errorf("secret of endpoint %s: %w", e.ID, err)
	}
	secrets := []webhook.Secret{current}
	if e.PreviousSecret == "" || !now.Before(e.PreviousUntil) {
		return secrets, nil
	}
	previous, err := s.Sealer.Open(e.PreviousSecret, secretRow(e.ID))
	if err != nil {
		s.Logger.Warn("messages are signed with the new secret only", "endpoint", e.ID, "error", err)
		return secrets, nil
	}
	return append(secrets, previous), nil
}

// checkEndpoint finds every fault of what a caller gave; nil is not given.
func (s *Service) checkEndpoint(ctx context.Context, url, description *string, events *[]string) error {
	var faults []faktur.Fault
	if url != nil {
		err := s.Sender.Guard.CheckURL(ctx, *url)
		if e, ok := errors.AsType[*faktur.Error](err); ok {
			faults = append(faults, e.Faults...)
		} else if err != nil {
			return translate(err, "")
		}
	}
	if description != nil && (utf8.RuneCountInString(*description) > maxDescription || strings.ContainsRune(*description, 0)) {
		faults = append(faults, faktur.Fault{Pointer: "/description", Code: "description_invalid",
			Message: fmt.Sprintf("A description has at most %d characters, and no NUL.", maxDescription)})
	}
	if events != nil {
		faults = append(faults, eventFaults(*events)...)
	}
	return faktur.Invalid(faults)
}

func eventFaults(events []string) []faktur.Fault {
	var known []string
	for _, t := range faktur.EventTypes() {
		known = append(known, string(t))
	}
	var faults []faktur.Fault
	for i, event := range events {
		if event != everyEvent && !slices.Contains(known, event) {
			faults = append(faults, faktur.Fault{Pointer: fmt.Sprintf("/events/%d", i), Code: "event_type_unknown",
				Message: fmt.Sprintf("%.100q is no event type. Known are %s, and * for all.", event, strings.Join(known, ", "))})
		}
	}
	return faults
}

// eventsOrDefault gives the types to subscribe to, each once and in order.
func eventsOrDefault(events []string) []string {
	if len(events) == 0 {
		for _, t := range faktur.DefaultEventTypes() {
			events = append(events, string(t))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(events)))
}

func translateEndpoint(err error) error {
	switch {
	case errors.Is(err, repository.ErrTooManyEndpoints):
		return faktur.NewError(faktur.KindConflict, "webhook_endpoints_limit",
			fmt.Sprintf("A tenant has at most %d webhook endpoints. Delete one that is not used.", maxEndpoints))
	case errors.Is(err, repository.ErrEndpointDisabled):
		return faktur.NewError(faktur.KindConflict, "webhook_endpoint_disabled",
			"The endpoint is disabled, so nothing is sent. Enable it first: PATCH it with disabled false.")
	}
	return translate(err, "webhook endpoint")
}

// disabledData is the data of webhook.disabled.
type disabledData struct {
	EndpointID string `json:"endpoint_id"`
	URL        string `json:"url"`
	Reason     string `json:"reason"`
}

// disable switches the endpoint off and tells its tenant in the feed. One that
// was moved to another URL meanwhile goes on there.
func (c *courier) disable(ctx context.Context) error {
	data, err := json.Marshal(disabledData{EndpointID: c.endpoint.ID, URL: c.endpoint.URL, Reason: c.off})
	if err != nil {
		return fmt.Errorf("disable endpoint: %w", err)
	}
	event := faktur.Event{Tenant: c.lease.Tenant, Type: faktur.EventWebhookOff, At: c.service.Now(), Data: data}
	disabled, err := c.service.DB.DisableEndpoint(ctx, c.lease, c.endpoint.URL, c.off, event)
	if err != nil {
		return err
	}
	if !disabled {
		c.off = ""
		return c.refresh(ctx)
	}
	c.service.Logger.WarnContext(ctx, "webhook endpoint disabled", "endpoint", c.lease.EndpointID, "reason", c.off)
	c.service.grown()
	return errEndpointOff
}
