package faktur

// Provider is how a taxpayer signs in at its provider (PJAP), on the channels
// pajakio and klikpajak. It is stored encrypted; GET shows all but the secrets.
type Provider struct {
	// BaseURL is the provider's address, production or sandbox: https, plain
	// http on loopback only. "" means the production address that is publicly known.
	BaseURL string `json:"base_url,omitempty" validate:"omitempty,max=500,plain" example:"https://openapi.pajak.io"`
	// Paths replaces single paths of the provider's API by their name, because
	// they are known second-hand only; docs/adapters.md lists the names.
	Paths map[string]string `json:"paths,omitempty"`
	// Token is Pajak.io's user token.
	Token Secret `json:"token,omitzero" writeonly:"true" swaggertype:"string"`
	// ClientID and ClientSecret are Klikpajak's HMAC credentials.
	ClientID     string `json:"client_id,omitempty" validate:"max=200,plain" example:"app-1234"`
	ClientSecret Secret `json:"client_secret,omitzero" writeonly:"true" swaggertype:"string"`
}
