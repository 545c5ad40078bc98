package faktur_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

func date(text string) faktur.Date {
	d, err := faktur.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestDateThatIsNoneIsKeptAndReported(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		`"2026-02-31"`: "date_malformed", `"2026-02-29"`: "date_malformed", `"2026-13-01"`: "date_malformed",
		`"2026-00-10"`: "date_malformed", `"0000-01-01"`: "date_malformed", `"22/11/2026"`: "date_malformed",
		`"22-11-2026"`: "date_malformed", `"2026-11-22T00:00:00Z"`: "date_malformed", `"2026-1-2"`: "date_malformed",
		`20261122`: "date_malformed", `{}`: "date_malformed", `"besok"`: "date_malformed",
		`""`: "required", `null`: "required",
	} {
		inv := example(t, "ordinary")
		if err := json.Unmarshal([]byte(text), &inv.Date); err != nil {
			t.Errorf("%s: decoding must leave it to Assess: %v", text, err)
		}
		_, err := assess(inv)
		if got := summary(faultsOf(t, err)); len(got) != 1 || got[0] != "/date "+code {
			t.Errorf("%s gives %v, want %s", text, got, code)
		}
	}
}

func TestDateIsTheDayInJakarta(t *testing.T) {
	t.Parallel()
	lateInUTC := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC) // midnight in Jakarta
	if got := faktur.DateOf(lateInUTC); got != date("2026-11-23") {
		t.Errorf("it is %s", got)
	}
	if got := faktur.DateOf(lateInUTC.Add(-time.Microsecond)); got != date("2026-11-22") {
		t.Errorf("it is %s", got)
	}
	day := date("2026-11-22")
	if end := day.EndOfDay(); !end.Equal(lateInUTC.Add(-time.Microsecond)) {
		t.Errorf("the day ends at %s", end)
	}
	if start := day.StartOfDay(); !start.Equal(lateInUTC.Add(-24 * time.Hour)) {
		t.Errorf("the day starts at %s", start)
	}
}

func TestDateCountsDaysAndMonths(t *testing.T) {
	t.Parallel()
	for got, want := range map[faktur.Date]string{
		date("2026-12-31").AddDays(1):         "2027-01-01",
		date("2026-03-01").AddDays(-1):        "2026-02-28",
		date("2026-12-05").DayOfNextMonth(20): "2027-01-20",
		faktur.NewDate(2026, time.March, 0):   "2026-02-28",
		{}:                                    "",
	} {
		if got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	days := []faktur.Date{{}, date("2025-12-31"), date("2026-01-30"), date("2026-02-01"), date("2026-02-02")}
	for i := range days {
		for j := range days {
			if got := days[i].Compare(days[j]); got != compareInts(i, j) {
				t.Errorf("%s compared with %s gives %d", days[i], days[j], got)
			}
		}
	}
	var none faktur.Date
	if !none.EndOfDay().IsZero() || !none.StartOfDay().IsZero() || none.Month() != "" || !none.Valid() {
		t.Error("no date has no moments")
	}
}

func compareInts(a, b int) int { return min(max(a-b, -1), 1) }

func TestDateLeavesAsText(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]faktur.Date{
		`"2026-11-02"`: date("2026-11-02"),
		`null`:         {},
		`"2026-02-31"`: decode[faktur.Date](t, []byte(`"2026-02-31"`)),
	} {
		if text, err := json.Marshal(d); err != nil || string(text) != want {
			t.Errorf("%s leaves as %s (%v), want %s", d, text, err, want)
		}
	}
}

func TestUploadDeadline(t *testing.T) {
	t.Parallel()
	extended := map[string]faktur.Date{"2026-11": date("2026-12-22")}
	for _, c := range []struct {
		date, want string
		channel    faktur.Channel
		overrides  map[string]faktur.Date
	}{
		// PER-11/PJ/2025 art. 44(1); the two dates of FACTS 5.5.
		{"2025-09-11", "2025-10-20", faktur.ChannelPJAP, nil},
		{"2025-09-18", "2025-10-20", faktur.ChannelCoretaxXML, nil},
		{"2026-12-31", "2027-01-20", faktur.ChannelPajakio, nil},
		{"2026-11-01", "2026-12-20", faktur.ChannelEfakturDesktop, nil},
		{"2026-11-30", "2026-12-20", "a channel to come", nil},
		// DJP extends single months; by the month of the invoice.
		{"2026-11-30", "2026-12-22", faktur.ChannelKlikpajak, extended},
		{"2026-12-01", "2027-01-20", faktur.ChannelKlikpajak, extended},
		{"", "", faktur.ChannelPJAP, nil},
	} {
		if got := faktur.UploadDeadline(date(c.date), c.channel, c.overrides); got != date(c.want) {
			t.Errorf("an invoice of %s on %s is due %s, want %s", c.date, c.channel, got, c.want)
		}
	}
	impossible := decode[faktur.Date](t, []byte(`"2026-02-31"`))
	if got := faktur.UploadDeadline(impossible, faktur.ChannelPJAP, nil); !got.IsZero() {
		t.Errorf("31 February is due %s", got)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[faktur.Duration]time.Duration{"30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "": time.Hour, "soon": time.Hour, "-5m": time.Hour} {
		if got := text.Or(time.Hour); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	for text, want := range map[faktur.Duration]bool{"": true, "30m": true, "200ms": true, "soon": false, "-1h": false, "0s": false, "30": false} {
		if text.Valid() != want {
			t.Errorf("%q valid: %t", text, !want)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{`"2026-11-22"`, `"2026-02-31"`, `"0001-01-01"`, `"9999-12-31"`, `null`, `7`, `"2026-11-22Z"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d faktur.Date
		if err := json.Unmarshal(text, &d); err != nil {
			return // not JSON
		}
		out, err := json.Marshal(d)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", text, err)
		}
		if again := decode[faktur.Date](t, out); again.String() != d.String() {
			t.Fatalf("%s is written as %s and read as %s", text, out, again)
		}
		if d.Valid() && !d.IsZero() {
			if faktur.DateOf(d.EndOfDay()) != d || faktur.DateOf(d.StartOfDay()) != d || d.AddDays(1).AddDays(-1) != d {
				t.Fatalf("%s does not hold its own day", d)
			}
		}
	})
}
