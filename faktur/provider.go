package faktur

import (
	"maps"
	"slices"
	"strings"
)

// Provider is how a taxpayer signs in at its provider (PJAP), on the channels
// pajakio and klikpajak. It is stored encrypted; GET shows all but the secrets.
type Provider struct {
	// BaseURL is the provider's address, production or sandbox: https, plain
	// http on loopback only. "" means the production address that is publicly known.
	BaseURL string `json:"base_url,omitempty" validate:"omitempty,max=500,plain" example:"https://openapi.pajak.io"`
	// Paths replaces single paths of the provider's API by their name, because
	// they are known second-hand only; docs/providers.md lists the names. {id} stands for
	// the provider's own name of a document.
	Paths map[string]string `json:"paths,omitempty"`
	// Token is Pajak.io's user token.
	Token Secret `json:"token,omitzero" validate:"max=4000" writeonly:"true" swaggertype:"string"`
	// ClientID and ClientSecret are Klikpajak's HMAC credentials.
	ClientID     string `json:"client_id,omitempty" validate:"max=200,plain" example:"app-1234"`
	ClientSecret Secret `json:"client_secret,omitzero" validate:"max=4000" writeonly:"true" swaggertype:"string"`
}

// providerPaths are the names that Provider.Paths may hold, by channel.
var providerPaths = map[Channel][]string{
	ChannelPajakio:   {"create", "detail", "list", "pdf", "update", "upload"},
	ChannelKlikpajak: {"approve", "create", "detail", "find"},
}

// IsProviderPath says whether name is one of the channel's paths that Provider.Paths may replace.
func IsProviderPath(channel Channel, name string) bool {
	return slices.Contains(providerPaths[channel], name)
}

// checkProvider: on pajakio and klikpajak a seller signs in at its provider. On
// other channels what is set is kept, so that a seller may move to and fro.
func (f *findings) checkProvider(channel Channel, p *Provider) {
	names, needed := providerPaths[channel]
	if p == nil {
		if needed {
			f.refuse("/settings/provider", "required", "On channel %s the seller signs in at its provider: set settings.provider, see docs/providers.md.", channel)
		}
		return
	}
	if p.BaseURL != "" {
		if _, err := ParseBase("settings.provider.base_url", p.BaseURL); err != nil {
			f.refuse("/settings/provider/base_url", "base_url_malformed", "It cannot be used: %s.", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Paths)) {
		f.checkProviderPath(names, name, p.Paths[name])
	}
	if channel == ChannelPajakio && p.Token == "" {
		f.refuse("/settings/provider/token", "required", "token is missing: the user token from Pajak.io. To keep the stored one, send back what GET shows.")
	}
	if channel == ChannelKlikpajak && p.ClientID == "" {
		f.refuse("/settings/provider/client_id", "required", "client_id is missing: the client id of the application at Mekari.")
	}
	if channel == ChannelKlikpajak && p.ClientSecret == "" {
		f.refuse("/settings/provider/client_secret", "required", "client_secret is missing: the client secret of the application at Mekari. To keep the stored one, send back what GET shows.")
	}
}

// checkProviderPath: names is nil on a channel without a provider, where any is kept.
func (f *findings) checkProviderPath(names []string, name, path string) {
	pointer := "/settings/provider/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	if names != nil && !slices.Contains(names, name) {
		f.refuse(pointer, "unknown_value", "%q is no path of this channel; there are: %s.", clip(name), strings.Join(names, ", "))
	}
	if !strings.HasPrefix(path, "/") || len(path) > 500 || strings.ContainsAny(path, "?#\\ ") || strings.Contains(path, "..") || !plainText(path) {
		f.refuse(pointer, "path_malformed", "%q is not a path. It begins with / and has neither ? nor #; {id} stands for the provider's name of a document.", clip(path))
	}
}
