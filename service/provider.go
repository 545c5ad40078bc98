package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// sealedProvider is faktur.Provider as it is written before it is sealed, with
// its secrets in the clear.
type sealedProvider struct {
	BaseURL      string            `json:"base_url"`
	Paths        map[string]string `json:"paths"`
	Token        string            `json:"token"`
	ClientID     string            `json:"client_id"`
	ClientSecret string            `json:"client_secret"`
}

// sealProvider encrypts a registration's provider settings for storing. A secret
// that a caller read as hidden and sends back is the one stored already.
func (s *Service) sealProvider(ctx context.Context, t *faktur.Taxpayer) error {
	p := t.Settings.Provider
	if p == nil {
		t.SealedProvider = ""
		return nil
	}
	stored, err := s.DB.Taxpayer(ctx, t.Tenant, t.NPWP)
	if err != nil && !errors.Is(err, repository.ErrNotFound) {
		return translate(err, "taxpayer")
	}
	if err := s.openProvider(&stored); err != nil {
		return err
	}
	before := stored.Settings.Provider
	if before == nil {
		before = &faktur.Provider{}
	}
	if err := refuseUnknownSecrets(p, before); err != nil {
		return err
	}
	text, err := json.Marshal(sealedProvider{BaseURL: p.BaseURL, Paths: p.Paths, ClientID: p.ClientID,
		Token: p.Token.Or(before.Token).Reveal(), ClientSecret: p.ClientSecret.Or(before.ClientSecret).Reveal()})
	if err != nil {
		return err
	}
	t.SealedProvider = s.Sealer.Seal(text, providerRow(t))
	return nil
}

// refuseUnknownSecrets: what only stands for a stored secret needs one.
func refuseUnknownSecrets(p, stored *faktur.Provider) error {
	var faults []faktur.Fault
	for _, secret := range []struct {
		pointer      string
		sent, stored faktur.Secret
	}{{"/settings/provider/token", p.Token, stored.Token}, {"/settings/provider/client_secret", p.ClientSecret, stored.ClientSecret}} {
		if secret.sent.Hidden() && secret.stored == "" {
			faults = append(faults, faktur.Fault{Pointer: secret.pointer, Code: "secret_unknown",
				Message: "[secret] stands for a secret that is stored already, and none is. Send the secret itself."})
		}
	}
	return faktur.Invalid(faults)
}

// openProvider fills in a stored registration's provider settings.
func (s *Service) openProvider(t *faktur.Taxpayer) error {
	if t.SealedProvider == "" {
		return nil
	}
	text, err := s.Sealer.Open(t.SealedProvider, providerRow(t))
	if err != nil {
		return fmt.Errorf("provider settings of %s: %w", t.NPWP, err)
	}
	var p sealedProvider
	if err := json.Unmarshal(text, &p); err != nil {
		return errors.New("provider settings of " + t.NPWP + " cannot be read") // the cause may quote a secret
	}
	t.Settings.Provider = &faktur.Provider{BaseURL: p.BaseURL, Paths: p.Paths, ClientID: p.ClientID,
		Token: faktur.Secret(p.Token), ClientSecret: faktur.Secret(p.ClientSecret)}
	return nil
}

// providerRow is the identity that sealed provider settings are bound to.
func providerRow(t *faktur.Taxpayer) string { return "taxpayers/" + t.Tenant + "/" + t.NPWP }
