package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// Every fault of a query is told at once, and none of them reaches a handler.
func TestTakingRefusesWhatARouteDoesNotTake(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query string
		want  []string
	}{
		"nothing":                 {"", nil},
		"what it takes":           {"status=queued&npwp=0012345674901000", nil},
		"another":                 {"dry_run=true", []string{"dry_run unknown_parameter"}},
		"a misspelt one":          {"stauts=queued", []string{"stauts unknown_parameter"}},
		"twice":                   {"status=queued&status=approved", []string{"status parameter_repeated"}},
		"a NUL":                   {"npwp=%00", []string{"npwp parameter_malformed"}},
		"bad UTF-8":               {"npwp=%ff", []string{"npwp parameter_malformed"}},
		"very long":               {"npwp=" + strings.Repeat("1", 501), []string{"npwp parameter_malformed"}},
		"a broken escape":         {"npwp=%zz", []string{" query_malformed"}},
		"several things at once":  {"a=1&status=%00&npwp=1&npwp=2", []string{"a unknown_parameter", "npwp parameter_repeated", "status parameter_malformed"}},
		"a semicolon for an and":  {"status=queued;npwp=1", []string{" query_malformed"}},
		"a name that is no UTF-8": {"%ff%fe=1", []string{" unknown_parameter"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			called := false
			handler := Taking([]string{"status", "npwp"}, func(http.ResponseWriter, *http.Request) error {
				called = true
				return nil
			})
			r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
			r.URL.RawQuery = test.query
			err := handler(httptest.NewRecorder(), r)
			if called != (test.want == nil) {
				t.Errorf("the handler was called: %t", called)
			}
			if diff := cmp.Diff(test.want, faultsOf(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func faultsOf(err error) []string {
	var found []string
	if e := faktur.AsError(err); e != nil {
		for _, f := range e.Faults {
			found = append(found, f.Pointer+" "+f.Code)
		}
	}
	return found
}

func TestQueryReadsItsParameters(t *testing.T) {
	t.Parallel()
	read := func(text string) *query {
		return readQuery(httptest.NewRequest(http.MethodGet, "/?"+text, nil))
	}
	q := read("limit=7&after=3&reupload=true&date=2026-11-22&at=2026-11-22T15:00:00%2B07:00&wait=30s&seconds=45")
	if q.limit(50, 200) != 7 || q.count("after") != 3 || !q.truth("reupload") || q.date("date").String() != "2026-11-22" ||
		!q.moment("at").Equal(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)) ||
		q.wait("wait", time.Minute) != 30*time.Second || q.wait("seconds", time.Minute) != 45*time.Second {
		t.Error("a parameter was read wrongly")
	}
	if q.limit(50, 200); q.err() != nil {
		t.Error(q.err())
	}
	q = read("limit=201&after=-1&reupload=yes&date=2026-02-31&at=2026-11-22&wait=61s")
	q.limit(50, 200)
	q.count("after")
	q.truth("reupload")
	q.date("date")
	q.moment("at")
	q.wait("wait", time.Minute)
	want := []string{"limit parameter_malformed", "after parameter_malformed", "reupload parameter_malformed",
		"date date_malformed", "at time_malformed", "wait parameter_malformed"}
	if diff := cmp.Diff(want, faultsOf(q.err())); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentParametersHaveTheirDefaults(t *testing.T) {
	t.Parallel()
	q := readQuery(httptest.NewRequest(http.MethodGet, "/", nil))
	if q.limit(50, 200) != 50 || q.count("after") != 0 || q.truth("reupload") || !q.date("d").IsZero() ||
		!q.moment("t").IsZero() || q.wait("wait", time.Minute) != 0 || q.err() != nil {
		t.Error("an absent parameter has no default", q.err())
	}
}
