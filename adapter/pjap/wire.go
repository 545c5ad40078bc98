package pjap

import (
	"slices"

	"github.com/fakturgate/fakturgate/faktur"
)

// The bodies of docs/connector.yaml as this side writes and reads them. They
// are not shared with the simulator, so that each is held to the document.

type descriptor struct {
	Livemode       *bool    `json:"livemode"`
	ResendHarmless *bool    `json:"resend_harmless"`
	MaxBatch       int      `json:"max_batch"`
	CallsPerMinute int      `json:"calls_per_minute"`
	Capabilities   []string `json:"capabilities"`
}

type submitRequest struct {
	Livemode    bool         `json:"livemode"`
	Submissions []submission `json:"submissions"`
}

type submission struct {
	ClientID   string `json:"client_id"`
	SellerNPWP string `json:"seller_npwp"`
	Reference  string `json:"reference"`
	Signer     string `json:"signer,omitzero"`
	// Signature is what the signer signs with; nil leaves it to the connector.
	Signature *signature `json:"signature,omitzero"`
	// ReplacesNSFP is the NSFP of the approved invoice that this one replaces.
	ReplacesNSFP string  `json:"replaces_nsfp,omitzero"`
	Invoice      invoice `json:"invoice"`
	Totals       totals  `json:"totals"`
}

type signature struct {
	Name       string `json:"name"`
	Position   string `json:"position,omitzero"`
	City       string `json:"city,omitzero"`
	Passphrase string `json:"passphrase,omitzero"`
}

type invoice struct {
	Date               faktur.Date        `json:"date"`
	TrxCode            string             `json:"trx_code"`
	AddInfo            string             `json:"add_info,omitzero"`
	FacilityStamp      string             `json:"facility_stamp,omitzero"`
	SupportingDocument supportingDocument `json:"supporting_document,omitzero"`
	Payment            payment            `json:"payment,omitzero"`
	SellerNITKU        string             `json:"seller_nitku"`
	Buyer              buyer              `json:"buyer"`
	Lines              []line             `json:"lines"`
}

type supportingDocument struct {
	Number string `json:"number"`
	Period string `json:"period"`
}

// payment is of a down payment or a settlement, every amount filled in.
type payment struct {
	Type      string         `json:"type"`
	FirstNSFP string         `json:"first_nsfp,omitzero"`
	DPP       *faktur.Amount `json:"dpp"`
	PPN       *faktur.Amount `json:"ppn"`
	PPnBM     *faktur.Amount `json:"ppnbm"`
}

type buyer struct {
	IDType   string `json:"id_type"`
	IDNumber string `json:"id_number"`
	NITKU    string `json:"nitku,omitzero"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	Country  string `json:"country"`
	Email    string `json:"email,omitzero"`
}

// line is one good or service. The gateway has filled in every amount; one that
// is nil all the same is written as null, which the connector refuses.
type line struct {
	Kind      string         `json:"kind"`
	Code      string         `json:"code"`
	Name      string         `json:"name"`
	Unit      string         `json:"unit"`
	UnitPrice faktur.Amount  `json:"unit_price"`
	Quantity  faktur.Amount  `json:"quantity"`
	Discount  faktur.Amount  `json:"discount"`
	Luxury    bool           `json:"luxury"`
	DPP       *faktur.Amount `json:"dpp"`
	OtherDPP  *faktur.Amount `json:"other_dpp"`
	PPNRate   *faktur.Rate   `json:"ppn_rate"`
	PPN       *faktur.Amount `json:"ppn"`
	PPnBMRate *faktur.Rate   `json:"ppnbm_rate"`
	PPnBM     *faktur.Amount `json:"ppnbm"`
}

type totals struct {
	DPP      faktur.Amount `json:"dpp"`
	OtherDPP faktur.Amount `json:"other_dpp"`
	PPN      faktur.Amount `json:"ppn"`
	PPnBM    faktur.Amount `json:"ppnbm"`
	Discount faktur.Amount `json:"discount"`
}

type returnsRequest struct {
	Livemode bool        `json:"livemode"`
	Returns  []returnDoc `json:"returns"`
}

type returnDoc struct {
	ClientID   string       `json:"client_id"`
	BuyerNPWP  string       `json:"buyer_npwp"`
	Reference  string       `json:"reference"`
	Signer     string       `json:"signer,omitzero"`
	Signature  *signature   `json:"signature,omitzero"`
	Date       faktur.Date  `json:"date"`
	NSFP       string       `json:"nsfp"`
	SellerNPWP string       `json:"seller_npwp"`
	Lines      []returnLine `json:"lines"`
	Totals     returnTotals `json:"totals"`
}

type returnLine struct {
	Kind           string         `json:"kind"`
	Code           string         `json:"code"`
	Name           string         `json:"name"`
	Unit           string         `json:"unit"`
	UnitPrice      faktur.Amount  `json:"unit_price"`
	Quantity       faktur.Amount  `json:"quantity"`
	ReturnQuantity faktur.Amount  `json:"return_quantity"`
	ReturnDiscount faktur.Amount  `json:"return_discount"`
	ReturnDPP      *faktur.Amount `json:"return_dpp"`
	ReturnOtherDPP *faktur.Amount `json:"return_other_dpp"`
	ReturnPPN      *faktur.Amount `json:"return_ppn"`
	PPnBMRate      *faktur.Rate   `json:"ppnbm_rate"`
	ReturnPPnBM    *faktur.Amount `json:"return_ppnbm"`
}

type returnTotals struct {
	ReturnDPP      faktur.Amount `json:"return_dpp"`
	ReturnOtherDPP faktur.Amount `json:"return_other_dpp"`
	ReturnPPN      faktur.Amount `json:"return_ppn"`
	ReturnPPnBM    faktur.Amount `json:"return_ppnbm"`
}

// passphrases are what a call carries and its answer must not show.
func (r submitRequest) passphrases() []faktur.Secret {
	var secrets []faktur.Secret
	for i := range r.Submissions {
		secrets = r.Submissions[i].Signature.addTo(secrets)
	}
	return secrets
}

func (r returnsRequest) passphrases() []faktur.Secret {
	var secrets []faktur.Secret
	for i := range r.Returns {
		secrets = r.Returns[i].Signature.addTo(secrets)
	}
	return secrets
}

func (r cancelRequest) passphrases() []faktur.Secret { return r.Signature.addTo(nil) }

func (s *signature) addTo(secrets []faktur.Secret) []faktur.Secret {
	if s == nil || s.Passphrase == "" || slices.Contains(secrets, faktur.Secret(s.Passphrase)) {
		return secrets
	}
	return append(secrets, faktur.Secret(s.Passphrase))
}

type clientIDsRequest struct {
	ClientIDs []string `json:"client_ids"`
}

type submitAnswer struct {
	Livemode *bool          `json:"livemode"`
	Results  []submitResult `json:"results"`
}

type submitResult struct {
	ClientID string `json:"client_id"`
	Outcome  string `json:"outcome"`
	standing
}

type statusAnswer struct {
	Livemode *bool          `json:"livemode"`
	Results  []statusResult `json:"results"`
}

type statusResult struct {
	ClientID string `json:"client_id"`
	Found    *bool  `json:"found"`
	standing
}

type cancelRequest struct {
	Livemode  bool       `json:"livemode"`
	Signer    string     `json:"signer,omitzero"`
	Signature *signature `json:"signature,omitzero"`
}

type cancelAnswer struct {
	Livemode *bool        `json:"livemode"`
	Result   statusResult `json:"result"`
}

type lookUpAnswer struct {
	Livemode *bool          `json:"livemode"`
	Results  []lookUpResult `json:"results"`
}

type lookUpResult struct {
	ClientID string     `json:"client_id"`
	Entries  []standing `json:"entries"` // nil: missing
}

type changesAnswer struct {
	Livemode *bool    `json:"livemode"`
	Changes  []change `json:"changes"`
	Next     string   `json:"next"`
}

type change struct {
	ClientID string `json:"client_id"`
	standing
}

// standing is where a submission stands. null reads as "".
type standing struct {
	Status        string  `json:"status"`
	CoretaxStatus string  `json:"coretax_status"`
	NSFP          string  `json:"nsfp"`
	Reason        *reason `json:"reason"`
	Signer        string  `json:"signer"`
}

type reason struct {
	Code    string `json:"code"`
	Action  string `json:"action"`
	Message string `json:"message"`
	Origin  string `json:"origin"`
}
