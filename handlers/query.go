package handlers

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fakturgate/fakturgate/faktur"
)

// query reads a request's query parameters and collects what is wrong with them.
type query struct {
	values url.Values
	faults []faktur.Fault
}

func readQuery(r *http.Request) *query { return &query{values: r.URL.Query()} }

// Taking lets f have the query parameters named, each at most once. Any other
// is refused: a misspelt filter that is ignored answers with everything, and a
// dry_run that a route does not have would be no dry run.
func Taking(parameters []string, f Func) Func {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery == "" {
			return f(w, r)
		}
		values, err := url.ParseQuery(r.URL.RawQuery)
		q := &query{values: values}
		if err != nil {
			q.refuse("", "query_malformed", "The query string cannot be read: write it as name=value, joined by &, percent-encoded.")
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			q.check(name, parameters)
		}
		if err := q.err(); err != nil {
			return err
		}
		return f(w, r)
	}
}

func (q *query) check(name string, known []string) {
	given := q.values[name]
	switch {
	case !slices.Contains(known, name):
		takes := "It takes no parameters."
		if len(known) > 0 {
			takes = "It takes " + strings.Join(known, ", ") + "."
		}
		q.refuse(clip(strings.ToValidUTF8(name, "")), "unknown_parameter", "This request has no such parameter. "+takes)
	case len(given) > 1:
		q.refuse(name, "parameter_repeated", name+" is given more than once.")
	case !utf8.ValidString(given[0]) || strings.ContainsFunc(given[0], unicode.IsControl) || len(given[0]) > 500:
		q.refuse(name, "parameter_malformed", name+" has more than 500 characters, or characters that are not text.")
	}
}

func (q *query) refuse(name, code, message string) {
	q.faults = append(q.faults, faktur.Fault{Pointer: name, Code: code, Message: message})
}

// err gives everything that was wrong; nil when nothing was.
func (q *query) err() error { return faktur.Invalid(q.faults) }

// text gives a parameter as it is; "" when absent.
func (q *query) text(name string) string { return q.values.Get(name) }

// npwp reads a taxpayer's number; "" when absent.
func (q *query) npwp(name string) string {
	text := q.text(name)
	if text != "" && !faktur.ValidNPWP(text) {
		q.refuse(name, "npwp_malformed", name+" must be the 16 digits of an NPWP.")
	}
	return text
}

// limit reads how many items a page should have: 1 to most, otherwise when absent.
func (q *query) limit(otherwise, most int) int {
	text := q.text("limit")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		q.refuse("limit", "parameter_malformed", fmt.Sprintf("limit must be a whole number from 1 to %d.", most))
	}
	return n
}

// count reads a whole number, 0 or more; 0 when absent.
func (q *query) count(name string) int64 {
	text := q.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		q.refuse(name, "parameter_malformed", name+" must be a whole number, 0 or more.")
	}
	return n
}

// truth reads true or false; false when absent.
func (q *query) truth(name string) bool {
	switch text := q.text(name); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		q.refuse(name, "parameter_malformed", name+" must be true or false.")
		return false
	}
}

// date reads YYYY-MM-DD; the zero date when absent.
func (q *query) date(name string) faktur.Date {
	d, err := faktur.ParseDate(q.text(name))
	if err != nil {
		q.refuse(name, "date_malformed", name+" must be a date of the calendar, written YYYY-MM-DD.")
	}
	return d
}

// moment reads a time of RFC 3339; the zero time when absent.
func (q *query) moment(name string) time.Time {
	text := q.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		q.refuse(name, "time_malformed", name+" must be a time such as 2026-11-22T08:00:00Z (write a + in a zone as %2B).")
	}
	return t
}

// wait reads a length of time up to most, as "30s" or as plain seconds; 0 when absent.
func (q *query) wait(name string, most time.Duration) time.Duration {
	text := q.text(name)
	if text == "" {
		return 0
	}
	if _, err := strconv.Atoi(text); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most {
		q.refuse(name, "parameter_malformed", fmt.Sprintf("%s must be a length of time such as 30s, at most %ds.", name, int(most.Seconds())))
	}
	return d
}
