package adapter

import (
	"net/url"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// Endpoints are the addresses of one taxpayer's provider.
type Endpoints struct {
	Own   bool // the taxpayer set the base address
	base  string
	paths map[string]string // by name; {id} stands for the provider's name of a document
}

// EndpointsOf gives the addresses under the provider's standard base address and
// paths, but for those that the taxpayer set. The error tells what is wrong with them.
func EndpointsOf(p *faktur.Provider, standardBase string, standardPaths map[string]string) (Endpoints, error) {
	e := Endpoints{Own: p.BaseURL != "", base: standardBase, paths: map[string]string{}}
	if e.Own {
		base, err := faktur.ParseBase("settings.provider.base_url", p.BaseURL)
		if err != nil {
			return e, err
		}
		e.base = base
	}
	for name, path := range standardPaths {
		e.paths[name] = path
		if own := p.Paths[name]; own != "" {
			e.paths[name], e.Own = own, true
		}
	}
	return e, nil
}

// Address gives the address called name, about the document that the provider calls id.
func (e Endpoints) Address(name, id string) string {
	return e.base + strings.ReplaceAll(e.paths[name], "{id}", url.PathEscape(id))
}
