package faktur_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestTaxpayerValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		body string
		want []string
	}{
		{"least", `{"name":"PT Penjual","channel":"pjap"}`, nil},
		{"all settings", `{"name":"PT Penjual","channel":"coretax_xml","settings":{"rounding":"rupiah","tolerance":"2","settle_window":"30m",
			"upload_deadlines":{"2026-11":"2026-12-22"}}}`, nil},
		{"a settle window that is negative", `{"name":"PT","channel":"pjap","settings":{"settle_window":"-1m"}}`, []string{"/settings/settle_window duration_malformed"}},
		{"a settle window of nothing", `{"name":"PT","channel":"pjap","settings":{"settle_window":"0s"}}`, []string{"/settings/settle_window duration_malformed"}},
		{"no name, no channel", `{"name":" "}`, []string{"/name required", "/channel required"}},
		{"a channel that is none", `{"name":"PT","channel":"fax"}`, []string{"/channel unknown_value"}},
		{"every setting wrong", `{"name":"PT","channel":"pjap","settings":{"rounding":"none","tolerance":"-1","return_rate":"11%","settle_window":"soon",
			"upload_deadlines":{"2026-11":"2026-11-30","2026-12":"2026-13-01","2027-01":null,"next/month":"2026-12-22"}}}`,
			[]string{"/settings/rounding unknown_value", "/settings/settle_window duration_malformed", "/settings/tolerance amount_negative", "/settings/return_rate rate_malformed",
				"/settings/upload_deadlines/2026-11 deadline_too_early", "/settings/upload_deadlines/2026-12 date_malformed",
				"/settings/upload_deadlines/2027-01 date_malformed", "/settings/upload_deadlines/next~1month month_malformed"}},
		{"too large a file, too few tries", `{"name":"PT","channel":"coretax_xml","settings":{"max_per_file":15001,"auto_reupload":{"max_attempts":1}}}`,
			[]string{"/settings/max_per_file max_per_file_out_of_range", "/settings/auto_reupload/max_attempts max_attempts_out_of_range"}},
		{"less than no file, too many tries", `{"name":"PT","channel":"coretax_xml","settings":{"max_per_file":-1,"auto_reupload":{"max_attempts":21}}}`,
			[]string{"/settings/max_per_file max_per_file_out_of_range", "/settings/auto_reupload/max_attempts max_attempts_out_of_range"}},
		{"a provider's settings", `{"name":"PT","channel":"pajakio","settings":{"provider":{"token":"[secret]","base_url":"https://sandbox-openapi.pajak.io",
			"paths":{"detail":"/v3/{id}"}}}}`, nil},
		{"no provider", `{"name":"PT","channel":"klikpajak"}`, []string{"/settings/provider required"}},
		{"a provider without secrets", `{"name":"PT","channel":"klikpajak","settings":{"provider":{"token":"t"}}}`,
			[]string{"/settings/provider/client_id required", "/settings/provider/client_secret required"}},
		{"a provider's settings all wrong", `{"name":"PT","channel":"pajakio","settings":{"provider":{"base_url":"http://192.168.1.1",
			"paths":{"a/b":"x","list":"/../x","create":"/x?y","approve":"/x"}}}}`,
			[]string{"/settings/provider/base_url base_url_malformed", "/settings/provider/paths/a~1b unknown_value", "/settings/provider/paths/a~1b path_malformed",
				"/settings/provider/paths/approve unknown_value", "/settings/provider/paths/create path_malformed",
				"/settings/provider/paths/list path_malformed", "/settings/provider/token required"}},
		{"a provider kept on another channel", `{"name":"PT","channel":"pjap","settings":{"provider":{"base_url":"https://api.mekari.com","paths":{"find":"/x"}}}}`, nil},
	} {
		taxpayer := decode[faktur.Taxpayer](t, []byte(c.body))
		taxpayer.NPWP = "0012345674901000"
		if diff := cmp.Diff(append([]string{}, c.want...), summary(faultsOf(t, taxpayer.Validate()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	taxpayer := faktur.Taxpayer{NPWP: "012345674901000", Name: "PT", Channel: faktur.ChannelPJAP}
	if got := summary(faultsOf(t, taxpayer.Validate())); len(got) != 1 || got[0] != "npwp npwp_15_digits" {
		t.Errorf("the address's NPWP: %v", got)
	}
}

func TestEveryChannelMayBeRegistered(t *testing.T) {
	t.Parallel()
	for _, channel := range faktur.Channels() {
		taxpayer := faktur.Taxpayer{NPWP: "0012345674901000", Name: "PT Penjual", Channel: channel,
			Settings: faktur.Settings{Provider: &faktur.Provider{Token: "t", ClientID: "c", ClientSecret: "s"}}}
		if err := taxpayer.Validate(); err != nil {
			t.Errorf("%s: %v", channel, err)
		}
	}
}
