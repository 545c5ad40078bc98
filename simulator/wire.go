package simulator

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// The bodies of docs/connector.yaml as this side reads and writes them. They
// are not shared with package pjap, so that each is held to the document.

type submitRequest struct {
	Livemode    *bool     `json:"livemode"`
	Submissions []invoice `json:"submissions"`
}

type invoice struct {
	ClientID     string    `json:"client_id"`
	SellerNPWP   string    `json:"seller_npwp"`
	Reference    string    `json:"reference"`
	Signer       string    `json:"signer"`
	Signature    signature `json:"signature"`
	ReplacesNSFP string    `json:"replaces_nsfp"`
	Invoice      content   `json:"invoice"`
	Totals       totals    `json:"totals"`
}

// signature is what a signer signs with. Of the passphrase only a fingerprint is kept.
type signature struct {
	Name       string `json:"name"`
	Position   string `json:"position"`
	City       string `json:"city"`
	Passphrase string `json:"passphrase"`
}

type content struct {
	Date               date               `json:"date"`
	TrxCode            string             `json:"trx_code"`
	AddInfo            string             `json:"add_info"`
	FacilityStamp      string             `json:"facility_stamp"`
	SupportingDocument supportingDocument `json:"supporting_document"`
	Payment            payment            `json:"payment"`
	SellerNITKU        string             `json:"seller_nitku"`
	Buyer              buyer              `json:"buyer"`
	Lines              []line             `json:"lines"`
}

type supportingDocument struct {
	Number string `json:"number"`
	Period string `json:"period"`
}

type payment struct {
	Type      string `json:"type"`
	FirstNSFP string `json:"first_nsfp"`
	DPP       amount `json:"dpp"`
	PPN       amount `json:"ppn"`
	PPnBM     amount `json:"ppnbm"`
}

type buyer struct {
	IDType   string `json:"id_type"`
	IDNumber string `json:"id_number"`
	NITKU    string `json:"nitku"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	Country  string `json:"country"`
	Email    string `json:"email"`
}

type line struct {
	Kind      string `json:"kind"`
	Code      string `json:"code"`
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	UnitPrice amount `json:"unit_price"`
	Quantity  amount `json:"quantity"`
	Discount  amount `json:"discount"`
	Luxury    bool   `json:"luxury"`
	DPP       amount `json:"dpp"`
	OtherDPP  amount `json:"other_dpp"`
	PPNRate   rate   `json:"ppn_rate"`
	PPN       amount `json:"ppn"`
	PPnBMRate rate   `json:"ppnbm_rate"`
	PPnBM     amount `json:"ppnbm"`
}

type totals struct {
	DPP      amount `json:"dpp"`
	OtherDPP amount `json:"other_dpp"`
	PPN      amount `json:"ppn"`
	PPnBM    amount `json:"ppnbm"`
	Discount amount `json:"discount"`
}

type returnsRequest struct {
	Livemode *bool       `json:"livemode"`
	Returns  []returnDoc `json:"returns"`
}

type returnDoc struct {
	ClientID   string       `json:"client_id"`
	BuyerNPWP  string       `json:"buyer_npwp"`
	Reference  string       `json:"reference"`
	Signer     string       `json:"signer"`
	Signature  signature    `json:"signature"`
	Date       date         `json:"date"`
	NSFP       string       `json:"nsfp"`
	SellerNPWP string       `json:"seller_npwp"`
	Lines      []returnLine `json:"lines"`
	Totals     returnTotals `json:"totals"`
}

type returnLine struct {
	Kind           string `json:"kind"`
	Code           string `json:"code"`
	Name           string `json:"name"`
	Unit           string `json:"unit"`
	UnitPrice      amount `json:"unit_price"`
	Quantity       amount `json:"quantity"`
	ReturnQuantity amount `json:"return_quantity"`
	ReturnDiscount amount `json:"return_discount"`
	ReturnDPP      amount `json:"return_dpp"`
	ReturnOtherDPP amount `json:"return_other_dpp"`
	ReturnPPN      amount `json:"return_ppn"`
	PPnBMRate      rate   `json:"ppnbm_rate"`
	ReturnPPnBM    amount `json:"return_ppnbm"`
}

type returnTotals struct {
	ReturnDPP      amount `json:"return_dpp"`
	ReturnOtherDPP amount `json:"return_other_dpp"`
	ReturnPPN      amount `json:"return_ppn"`
	ReturnPPnBM    amount `json:"return_ppnbm"`
}

type statusRequest struct {
	ClientIDs []string `json:"client_ids"`
}

type lookUpRequest struct {
	ClientIDs  []string          `json:"client_ids"`
	References []sellerReference `json:"references"`
}

type sellerReference struct {
	SellerNPWP string `json:"seller_npwp"`
	Reference  string `json:"reference"`
}

type cancelRequest struct {
	Livemode  *bool     `json:"livemode"`
	Signer    string    `json:"signer"`
	Signature signature `json:"signature"`
}

type description struct {
	Name           string   `json:"name"`
	Livemode       bool     `json:"livemode"`
	ResendHarmless bool     `json:"resend_harmless"`
	MaxBatch       int      `json:"max_batch"`
	CallsPerMinute int      `json:"calls_per_minute"`
	Capabilities   []string `json:"capabilities"`
}

// answer is the body of every answer about submissions.
type answer[T any] struct {
	Livemode bool `json:"livemode"` // always false
	Results  []T  `json:"results"`
}

// standing is where a submission stands, a part of every result.
type standing struct {
	Status        faktur.Status `json:"status,omitzero"`
	CoretaxStatus string        `json:"coretax_status,omitzero"`
	NSFP          string        `json:"nsfp,omitzero"`
	Reason        *reason       `json:"reason,omitzero"`
	Signer        string        `json:"signer,omitzero"`
}

type submitResult struct {
	ClientID string `json:"client_id"`
	Outcome  string `json:"outcome"`
	standing
}

type statusResult struct {
	ClientID string `json:"client_id"`
	Found    bool   `json:"found"`
	standing
}

type lookUpResult struct {
	ClientID   string        `json:"client_id,omitzero"`
	SellerNPWP string        `json:"seller_npwp,omitzero"`
	Reference  string        `json:"reference,omitzero"`
	Entries    []lookUpEntry `json:"entries"`
}

type lookUpEntry struct {
	ClientID   string `json:"client_id"`
	SellerNPWP string `json:"seller_npwp"`
	Reference  string `json:"reference"`
	standing
	TakenAt time.Time `json:"taken_at"`
}

type cancelAnswer struct {
	Livemode bool         `json:"livemode"`
	Result   statusResult `json:"result"`
}

type changesAnswer struct {
	Livemode bool         `json:"livemode"`
	Changes  []feedChange `json:"changes"`
	Next     string       `json:"next"`
}

type feedChange struct {
	ClientID string `json:"client_id"`
	standing
	At time.Time `json:"at"`
}

// date is a calendar date, YYYY-MM-DD; "" is none.
type date string

// UnmarshalText takes a date that exists.
func (d *date) UnmarshalText(text []byte) error {
	*d = date(text)
	_, err := time.Parse(time.DateOnly, string(text))
	return err
}

// year is its last two digits.
func (d date) year() string {
	if d == "" {
		return ""
	}
	return string(d[2:4])
}

// amount is an exact number of hundredths.
type amount struct {
	hundredths int64
	given      bool
}

// UnmarshalText takes 1 to 16 digits, a point and two more.
func (a *amount) UnmarshalText(text []byte) error {
	if len(text) < 4 || len(text) > 19 || text[len(text)-3] != '.' {
		return errors.New("an amount has digits, a point and two decimals")
	}
	n, err := digits(text[:len(text)-3], text[len(text)-2:])
	*a = amount{n, true}
	return err
}

// rate is a percentage in ten-thousandths of a percent.
type rate struct {
	tenThousandths int64
	given          bool
}

// UnmarshalText takes up to three digits and up to four decimals.
func (r *rate) UnmarshalText(text []byte) error {
	whole, fraction := text, []byte(nil)
	for i, c := range text {
		if c == '.' {
			whole, fraction = text[:i], text[i+1:]
			if len(fraction) == 0 {
				return errors.New("a rate has digits after its point")
			}
			break
		}
	}
	if len(whole) == 0 || len(whole) > 3 || len(fraction) > 4 {
		return errors.New("a rate has at most three digits and four decimals")
	}
	n, err := digits(whole, fraction)
	*r = rate{n * int64(math.Pow10(4-len(fraction))), true}
	return err
}

func digits(parts ...[]byte) (int64, error) {
	var n int64
	for _, part := range parts {
		for _, c := range part {
			if c < '0' || c > '9' {
				return 0, fmt.Errorf("%q is no digit", c)
			}
			n = n*10 + int64(c-'0')
		}
	}
	return n, nil
}
