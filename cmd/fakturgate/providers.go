package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/klikpajak"
	"github.com/fakturgate/fakturgate/adapter/pajakio"
	"github.com/fakturgate/fakturgate/webhook"
)

const providerAllowVariable = "FAKTURGATE_PROVIDER_ALLOW_CIDRS"

// providers are the channels to which every seller signs in for itself. They
// need no setting of the gateway's, so that they are always there.
func (c serveCommand) providers() ([]adapter.Channel, error) {
	allowed, err := webhook.ParseCIDRs(providerAllowVariable, c.ProviderAllowCIDRs)
	if err != nil {
		return nil, err
	}
	transport := guarded(allowed)
	pajakIO, err := pajakio.New(pajakio.Config{Transport: transport, UserAgent: "fakturgate/" + version})
	if err != nil {
		return nil, err
	}
	klikPajak, err := klikpajak.New(klikpajak.Config{Transport: transport, UserAgent: "fakturgate/" + version})
	if err != nil {
		return nil, err
	}
	return []adapter.Channel{pajakIO, klikPajak}, nil
}

// guarded is a network for addresses that a seller's settings may name: they
// must not lead into the gateway's own network, unless the operator lists it.
func guarded(allowed []netip.Prefix) http.RoundTripper {
	transport := (&webhook.Guard{Allowed: allowed}).Transport()
	transport.TLSHandshakeTimeout, transport.IdleConnTimeout = 5*time.Second, adapter.IdleConnection
	return guardedTransport{transport}
}

type guardedTransport struct{ *http.Transport }

// RoundTrip says which setting opens an address that was refused.
func (t guardedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.Transport.RoundTrip(r)
	if errors.Is(err, webhook.ErrAddressRefused) {
		err = fmt.Errorf("%s leads to a private address, which is not listed in %s", r.URL.Hostname(), providerAllowVariable)
	}
	return response, err
}
