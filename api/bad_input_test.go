package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// badInvoices is what POST /invoices is sent in anger: each with the status and
// the code that it deserves.
var badInvoices = map[string]struct {
	body   string
	status int
	code   string
}{
	"nothing":               {"", 400, "body_missing"},
	"not JSON":              {"reference=INV/1", 400, "json_malformed"},
	"two values":            {invoice("A") + invoice("B"), 400, "json_malformed"},
	"duplicate keys":        {invoice("A", `"trx_code": "04"`, `"trx_code": "04", "trx_code": "01"`), 400, "json_duplicate_name"},
	"NaN":                   {invoice("A", `"100000.00"`, `NaN`), 400, "json_malformed"},
	"100,000-deep nesting":  {invoice("A", `"100000.00"`, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), 400, "json_malformed"},
	"invalid UTF-8":         {invoice("A", "PT Pembeli", "PT \xff\xfe"), 400, "json_malformed"},
	"a lone surrogate":      {invoice("A", "PT Pembeli", `PT \ud800`), 400, "json_malformed"},
	"an array":              {"[" + invoice("A") + "]", 422, "wrong_type"},
	"null":                  {"null", 422, "wrong_type"},
	"an unknown field":      {invoice("A", `"trx_code"`, `"colour": "red", "trx_code"`), 422, "unknown_field"},
	"a wrong type":          {invoice("A", `"trx_code": "04"`, `"trx_code": 4`), 422, "wrong_type"},
	"NUL":                   {invoice("A", "PT Pembeli", `PT \u0000`), 422, ""},
	"NUL in the NPWP":       {invoice("A", seller, `00123\u0000`), 422, ""},
	"NUL in the reference":  {invoice(`A\u0000`), 422, ""},
	"1e400":                 {invoice("A", `"100000.00"`, `1e400`), 422, "amount_malformed"},
	"1e400 as a text":       {invoice("A", `"100000.00"`, `"1e400"`), 422, "amount_malformed"},
	"-0":                    {invoice("A", `"100000.00"`, `-0`), 422, "amount_negative"},
	"a negative amount":     {invoice("A", `"100000.00"`, `"-5.00"`), 422, "amount_negative"},
	"three decimals":        {invoice("A", `"100000.00"`, `100.005`), 422, "too_many_decimals"},
	"10,000 lines":          {invoice("A", `"discount": "0.00"}`, `"discount": "0.00"}`+strings.Repeat(`, {"kind": "goods", "code": "000000", "name": "Kertas", "unit": "UM.0018", "unit_price": 1, "quantity": 1}`, 9_999)), 413, "too_many_lines"},
	"20 MB":                 {invoice("A", "Kertas A4", strings.Repeat("x", 20<<20)), 413, "body_too_large"},
	"31 February":           {invoice("A", "2026-11-22", "2026-02-31"), 422, "date_malformed"},
	"a date in the future":  {invoice("A", "2026-11-22", "2026-11-23"), 422, "date_in_future"},
	"NPWP of 15 digits":     {invoice("A", `"id_number": "0098765431109000"`, `"id_number": "098765431109000"`), 422, ""},
	"NPWP with letters":     {invoice("A", `"id_number": "0098765431109000"`, `"id_number": "00987654311O9000"`), 422, ""},
	"seller of 15 digits":   {invoice("A", `"npwp": "`+seller+`"`, `"npwp": "012345674901000"`), 422, ""},
	"add-info of 08 in 07":  {invoice("A", `"trx_code": "04", "add_info": ""`, `"trx_code": "07", "add_info": "TD.00510"`), 422, ""},
	"07 without a facility": {invoice("A", `"trx_code": "04"`, `"trx_code": "07"`), 422, ""},
	"PPN beyond tolerance":  {invoice("A", `"discount": "0.00"`, `"discount": "0.00", "ppn": "11500.00"`), 422, "ppn_mismatch"},
	"no lines":              {invoice("A", `"lines": [`, `"lines": [], "warnings": [`), 422, ""},
	"an unknown seller":     {invoice("A", `"npwp": "`+seller+`"`, `"npwp": "0023456785012000"`), 422, ""},
	"a stranger's channel":  {invoice("A", `"trx_code": "04"`, `"trx_code": "99"`), 422, ""},
}

// What is only kept for the audit, or only compared, is held to be a text of a
// sensible length as well, on every database.
func TestBadWordsAreRefusedAtTheirPlace(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		const id = "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"
		why := map[string]string{`"why": "\u0000"`: "control_character", `"why": "` + strings.Repeat("é", 1001) + `"`: "too_long"}
		for path, body := range map[string]string{
			"/taxpayers/" + seller + "/pause":                           `{%s}`,
			"/taxpayers/" + seller + "/resume":                          `{%s}`,
			"/taxpayers/" + seller + "/signers/3174015506800001/pause":  `{%s}`,
			"/taxpayers/" + seller + "/signers/3174015506800001/resume": `{%s}`,
			"/invoices/" + id + "/resolve":                              `{"outcome": "not_filed", %s}`,
			"/returns/" + id + "/resolve":                               `{"outcome": "not_filed", %s}`,
			"/files/" + id + "/uploaded":                                `{%s}`,
			"/invoices/reupload":                                        `{"npwp": "` + seller + `", %s}`,
		} {
			for word, code := range why {
				g.faultAt(path, strings.Replace(body, "%s", word, 1), "/why", code)
			}
		}
		for body, fault := range map[string][2]string{
			`{"npwp": "\u0000"}`:                                       {"/npwp", "npwp_malformed"},
			`{"npwp": "012345674901000"}`:                              {"/npwp", "npwp_malformed"},
			`{"references": ["INV/1", "\u0000"]}`:                      {"/references/1", "control_character"},
			`{"references": ["` + strings.Repeat("x", 101) + `"]}`:     {"/references/0", "too_long"},
			`{"reason_code": "\u0000"}`:                                {"/reason_code", "control_character"},
			`{"npwp": "` + seller + `", "why": "\u001b[31mred\u001b"}`: {"/why", "control_character"},
		} {
			g.faultAt("/invoices/reupload", body, fault[0], fault[1])
		}
		g.post("/taxpayers/"+seller+"/pause", `{"why": "`+strings.Repeat("é", 1000)+`"}`).want(http.StatusOK)
	})
}

// faultAt fails the test unless a POST is refused for one fault, at that place.
func (g *gateway) faultAt(path, body, pointer, code string) {
	g.t.Helper()
	a := g.post(path, body)
	var p handlers.Problem
	if a.status == http.StatusUnprocessableEntity {
		p = decoded[handlers.Problem](a)
	}
	if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer || p.Errors[0].Code != code {
		g.t.Errorf("%s %.80s answers %d %.300s, not %s at %s", path, body, a.status, a.body, code, pointer)
	}
}

func TestBadInvoicesAreRefusedWithTheRightStatus(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		for name, test := range badInvoices {
			for _, path := range []string{"/invoices", "/invoices/validate"} {
				a := g.post(path, test.body)
				if a.status != test.status {
					t.Errorf("%s at %s answers %d, want %d: %.500s", name, path, a.status, test.status, a.body)
					continue
				}
				if test.code == "" {
					continue
				}
				if !strings.Contains(string(a.body), `"code":"`+test.code+`"`) {
					t.Errorf("%s at %s is not %s: %.500s", name, path, test.code, a.body)
				}
			}
		}
		if strings.Contains(g.log.String(), `"level":"ERROR"`) {
			t.Errorf("a caller's mistake was logged as ours: %.2000s", g.log)
		}
	})
}

// Every fault at once, those of form among those of content.
func TestAllFaultsComeTogether(t *testing.T) {
	t.Parallel()
	g := start(t)
	p := g.post("/invoices", invoice("", `"trx_code": "04"`, `"trx_code": 4, "colour": 1`, "2026-11-22", "2026-02-31",
		`"100000.00"`, `"1.005"`, `"quantity": "1"`, `"quantity": "-1"`)).problem(http.StatusUnprocessableEntity, "wrong_type")
	found := map[string]string{}
	for _, f := range p.Errors {
		found[f.Pointer] = f.Code
	}
	for pointer, code := range map[string]string{
		"/trx_code": "wrong_type", "/colour": "unknown_field", "/date": "date_malformed",
		"/lines/0/unit_price": "too_many_decimals", "/lines/0/quantity": "amount_negative",
	} {
		if found[pointer] != code {
			t.Errorf("at %s stands %q, want %s", pointer, found[pointer], code)
		}
	}
	if _, told := found["/reference"]; !told {
		t.Error("the absent reference is not told")
	}
}

func TestOnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, header := range [][]string{
		{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "text/plain"}, {"Content-Type", ""},
		{"Content-Type", "application/json; charset=utf-16"}, {"Content-Encoding", "gzip"},
	} {
		if a := g.post("/invoices", invoice("A"), header...); a.status != http.StatusUnsupportedMediaType {
			t.Errorf("%v answers %d", header, a.status)
		}
	}
	g.post("/invoices", invoice("A"), "Content-Type", "application/json; charset=UTF-8").want(http.StatusAccepted)
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
		for path, code := range map[string]string{
			"/invoices?stauts=queued":              "unknown_parameter",
			"/invoices?status=done":                "status_unknown",
			"/invoices?status=queued&status=done":  "parameter_repeated",
			"/invoices?limit=0":                    "parameter_malformed",
			"/invoices?limit=201":                  "parameter_malformed",
			"/invoices?limit=ten":                  "parameter_malformed",
			"/invoices?date_from=2026-02-31":       "date_malformed",
			"/invoices?updated_since=yesterday":    "time_malformed",
			"/invoices?reference=%00":              "parameter_malformed",
			"/invoices?cursor=forged":              "cursor_invalid",
			"/invoices?cursor=YzE6JyBPUiAxPTE":     "cursor_invalid",
			"/events?after=forged":                 "cursor_invalid",
			"/taxpayers?cursor=forged":             "cursor_invalid",
			"/webhook-endpoints?cursor=forged":     "cursor_invalid",
			"/invoices/" + id + "?expand=lines":    "unknown_parameter",
			"/invoices/" + id + "/status?wait=61s": "parameter_malformed",
			"/invoices/" + id + "/status?wait=-1s": "parameter_malformed",
			"/invoices/" + id + "/status?after=x":  "parameter_malformed",
			"/reference/units?query=liter":         "unknown_parameter",
		} {
			if a := g.get(path); a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `"code":"`+code+`"`) {
				t.Errorf("%s answers %d %s, want %s", path, a.status, a.body, code)
			}
		}
	})
}

// A dry run that a route does not have must not be a real one.
func TestAParameterThatARouteDoesNotHaveStopsIt(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.post("/invoices?dry_run=true", invoice("A")).problem(http.StatusUnprocessableEntity, "unknown_parameter")
	g.get("/invoices?reference=A").want(http.StatusOK)
	if strings.Contains(string(g.get("/invoices").body), `"reference":"A"`) {
		t.Error("it was stored")
	}
}

// What is not there and what is another's look the same.
func TestWhatIsNotOnesOwnIsNotFound(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
		other := g.as("other", "invoices:write", "invoices:read", "webhooks", "admin")
		for _, path := range []string{
			"/invoices/" + id, "/invoices/" + id + "/status", "/invoices/" + id + "/events", "/taxpayers/" + seller,
		} {
			other.get(path).problem(http.StatusNotFound, "not_found")
			g.get(path).want(http.StatusOK)
		}
		for _, path := range []string{"/invoices/" + id + "/cancel", "/invoices/" + id + "/reupload"} {
			other.post(path, "").problem(http.StatusNotFound, "not_found")
		}
		other.put("/invoices/"+id, invoice("A")).problem(http.StatusNotFound, "not_found")
		if body := other.get("/invoices?reference=A").want(http.StatusOK).body; strings.Contains(string(body), id) {
			t.Errorf("another tenant lists it: %s", body)
		}
		if body := other.get("/events").want(http.StatusOK).body; strings.Contains(string(body), id) {
			t.Errorf("another tenant is told of it: %s", body)
		}
		for _, path := range []string{
			"/invoices/0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", "/invoices/1", "/invoices/%00", "/invoices/%ff", "/invoices/a%2Fb",
			"/invoices/" + strings.Repeat("a", 1000), "/invoices/%27%20OR%201=1", "/taxpayers/1", "/taxpayers/%00", "/reference/prices",
			"/webhook-endpoints/1", "/webhook-endpoints/%00/deliveries",
		} {
			g.get(path).problem(http.StatusNotFound, "not_found")
		}
	})
}

func TestSellersAreChecked(t *testing.T) {
	t.Parallel()
	g := start(t)
	for name, test := range map[string]struct{ npwp, body, code string }{
		"15 digits":           {"012345674901000", `{"name": "PT A", "channel": "pjap"}`, ""},
		"letters":             {"00123456749O1000", `{"name": "PT A", "channel": "pjap"}`, ""},
		"NUL":                 {"%00", `{"name": "PT A", "channel": "pjap"}`, ""},
		"another in its body": {seller, `{"npwp": "0023456785012000", "name": "PT A", "channel": "pjap"}`, "npwp_mismatch"},
		"no such channel":     {seller, `{"name": "PT A", "channel": "post"}`, ""},
		"not set up":          {seller, `{"name": "PT A", "channel": "coretax_xml"}`, "channel_unavailable"},
		"a bad setting":       {seller, `{"name": "PT A", "channel": "pjap", "settings": {"rounding": "up"}}`, ""},
		"no name":             {seller, `{"channel": "pjap"}`, ""},
		"an unknown field":    {seller, `{"name": "PT A", "channel": "pjap", "colour": 1}`, "unknown_field"},
	} {
		a := g.put("/taxpayers/"+test.npwp, test.body)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `"code":"`+test.code) {
			t.Errorf("%s answers %d %s, want %s", name, a.status, a.body, test.code)
		}
	}
}
