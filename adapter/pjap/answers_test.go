package pjap_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/faktur"
)

func errorText(err error) string { return fmt.Sprintf("%v %+v", err, err) }

func printed(channel *pjap.Channel) string {
	return fmt.Sprintf("%v %+v %#v", channel, channel, channel)
}

const nsfp = "04002600000000001"

// TestSubmitResults: an item without exactly one clean result is unknown.
func TestSubmitResults(t *testing.T) {
	t.Parallel()
	known := func(status faktur.Status) adapter.Outcome {
		return adapter.Outcome{Certainty: adapter.Known, Status: status}
	}
	refusal := &faktur.Reason{Code: "x", Action: faktur.ActionCorrectContent, Message: "salah", Origin: faktur.OriginTaxSystem}
	for _, test := range []struct {
		name, results string // the client ids are a and b
		want          [2]adapter.Outcome
	}{
		{"in order", `{"client_id":"a","outcome":"taken","status":"signing_in_progress"},{"client_id":"b","outcome":"try_later"}`,
			[2]adapter.Outcome{known(faktur.SigningInProgress), {Certainty: adapter.NotTaken}}},
		{"in another order", `{"client_id":"b","outcome":"try_later"},{"client_id":"a","outcome":"taken","status":"awaiting_upload"}`,
			[2]adapter.Outcome{known(faktur.AwaitingUpload), {Certainty: adapter.NotTaken}}},
		{"one is missing", `{"client_id":"b","outcome":"taken","status":"signing_in_progress"}`,
			[2]adapter.Outcome{{}, known(faktur.SigningInProgress)}},
		{"all are missing", ``, [2]adapter.Outcome{}},
		{"one comes twice", `{"client_id":"a","outcome":"try_later"},{"client_id":"b","outcome":"try_later"},{"client_id":"a","outcome":"try_later"}`,
			[2]adapter.Outcome{{}, {Certainty: adapter.NotTaken}}},
		{"one comes three times", `{"client_id":"a","outcome":"try_later"},{"client_id":"a","outcome":"try_later"},{"client_id":"a","outcome":"try_later"}`,
			[2]adapter.Outcome{}},
		{"one that nobody sent", `{"client_id":"c","outcome":"taken","status":"signing_in_progress"},{"client_id":"b","outcome":"try_later"}`,
			[2]adapter.Outcome{{}, {Certainty: adapter.NotTaken}}},
		{"refused", `{"client_id":"a","outcome":"refused","reason":{"code":"x","action":"correct_content","message":"salah"}}`,
			[2]adapter.Outcome{{Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: refusal}, {}}},
		{"refused without a reason", `{"client_id":"a","outcome":"refused"}`, [2]adapter.Outcome{}},
		{"an outcome of another protocol", `{"client_id":"a","outcome":"queued","status":"signing_in_progress"}`, [2]adapter.Outcome{}},
		{"no outcome", `{"client_id":"a","status":"signing_in_progress"}`, [2]adapter.Outcome{}},
		{"approved at once", `{"client_id":"a","outcome":"taken","status":"approved","coretax_status":"Approved","nsfp":"` + nsfp + `"}`,
			[2]adapter.Outcome{{Certainty: adapter.Known, Status: faktur.Approved, CoretaxStatus: "Approved", NSFP: nsfp}, {}}},
		{"approved without a number", `{"client_id":"a","outcome":"taken","status":"approved"}`, [2]adapter.Outcome{}},
		{"a number that is none", `{"client_id":"a","outcome":"taken","status":"approved","nsfp":"12"}`, [2]adapter.Outcome{}},
		{"a word nobody knows", `{"client_id":"a","outcome":"taken","status":"credited","coretax_status":"Credited"}`,
			[2]adapter.Outcome{{Certainty: adapter.Known, CoretaxStatus: "Credited"}, {}}},
		{"our own words are not the protocol's", `{"client_id":"a","outcome":"taken","status":"queued"},{"client_id":"b","outcome":"taken","status":"submitting"}`,
			[2]adapter.Outcome{known(""), known("")}},
		{"a null status", `{"client_id":"a","outcome":"taken","status":null,"coretax_status":"Baru","nsfp":null,"reason":null,"signer":null}`,
			[2]adapter.Outcome{{Certainty: adapter.Known, CoretaxStatus: "Baru"}, {}}},
		{"a signer who is none", `{"client_id":"a","outcome":"taken","status":"signing_in_progress","signer":"Budi"}`,
			[2]adapter.Outcome{known(faktur.SigningInProgress), {}}},
		{"a field that is new", `{"client_id":"a","outcome":"taken","status":"signing_in_progress","new":{"x":[1]}}`,
			[2]adapter.Outcome{known(faktur.SigningInProgress), {}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"livemode":false,"results":[%s],"more":1}`, test.results)
			})
			batch := adaptertest.Batch(t, 2, false)
			batch[0].ClientID, batch[1].ClientID = "a", "b"
			got, err := channel.Submit(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want[:], got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnreadableAnswersSayNothing(t *testing.T) {
	t.Parallel()
	item := `{"client_id":"a","outcome":"taken","status":"signing_in_progress"}`
	for name, body := range map[string]string{
		"empty":             ``,
		"HTML":              `<html>`,
		"null":              `null`,
		"a list":            `[` + item + `]`,
		"no livemode":       `{"results":[` + item + `]}`,
		"the other world":   `{"livemode":true,"results":[` + item + `]}`,
		"two values":        `{"livemode":false,"results":[` + item + `]}{}`,
		"duplicate keys":    `{"livemode":false,"livemode":false,"results":[` + item + `]}`,
		"wrong type":        `{"livemode":false,"results":{"a":` + item + `}}`,
		"wrong type inside": `{"livemode":false,"results":[{"client_id":1,"outcome":"taken"}]}`,
		"bad UTF-8":         "{\"livemode\":false,\"results\":[{\"client_id\":\"\xff\"}]}",
	} {
		channel := connector(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		batch := adaptertest.Batch(t, 1, false)
		batch[0].ClientID = "a"
		got, err := channel.Submit(t.Context(), batch)
		if _, notSent := errors.AsType[*adapter.NotSent](err); err == nil || notSent {
			t.Errorf("%s: Submit = %+v, %v; want an error that makes no statement", name, got, err)
		}
	}
}

func TestStatusResults(t *testing.T) {
	t.Parallel()
	noReason := &faktur.Reason{Code: "no_reason_given", Action: faktur.ActionContactSupport, Message: "The connector gave no reason.", Origin: faktur.OriginChannel}
	odd := &faktur.Reason{Code: "x", Action: faktur.ActionContactSupport, Message: "ab", Origin: faktur.OriginTaxSystem}
	for result, want := range map[string]adapter.Outcome{
		`"found":false`:                                                      {Certainty: adapter.Absent},
		`"status":"approved"`:                                                {},
		`"found":true,"status":"saved_invalid"`:                              {Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: noReason},
		`"found":true,"status":"cancelled","nsfp":"` + nsfp + `"`:            {Certainty: adapter.Known, Status: faktur.Cancelled, NSFP: nsfp},
		`"found":true,"status":"amended"`:                                    {Certainty: adapter.Known, Status: faktur.Amended},
		`"found":true,"status":null,"coretax_status":"Sedang Diproses"`:      {Certainty: adapter.Known, CoretaxStatus: "Sedang Diproses"},
		`"found":true,"status":"signing_in_progress","nsfp":"x"`:             {},
		`"found":true,"status":"approved","nsfp":"010.002-25.00000001"`:      {Certainty: adapter.Known, Status: faktur.Approved, NSFP: "0100022500000001"},
		`"found":true,"status":"approved","nsfp":"` + nsfp + `","signer":""`: {Certainty: adapter.Known, Status: faktur.Approved, NSFP: nsfp},
		`"found":true,"status":"saved_invalid","reason":{"code":"x","action":"panic","message":"a\u0000b","origin":"gateway"}`: {Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: odd},
	} {
		channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"livemode":false,"results":[{"client_id":"a",%s}]}`, result)
		})
		got, err := channel.Status(t.Context(), []adapter.Question{{ClientID: "a"}})
		if err != nil {
			t.Errorf("%s: %v", result, err)
			continue
		}
		if diff := cmp.Diff([]adapter.Outcome{want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", result, diff)
		}
	}
}

// TestLookUpEntries: of several entries the one that is filed counts, and more
// than one that is filed is told.
func TestLookUpEntries(t *testing.T) {
	t.Parallel()
	invalid := `{"status":"saved_invalid","reason":{"code":"x","action":"retry","message":"m"}}`
	approved := `{"status":"approved","coretax_status":"Approved","nsfp":"` + nsfp + `"}`
	signing := `{"status":"signing_in_progress","coretax_status":"Signing In Progress"}`
	for _, test := range []struct {
		entries string
		want    adapter.Certainty
		status  faktur.Status
		twice   bool
	}{
		{``, adapter.Absent, "", false},
		{signing, adapter.Known, faktur.SigningInProgress, false},
		{invalid + `,` + approved, adapter.Known, faktur.Approved, false},
		{approved + `,` + invalid, adapter.Known, faktur.Approved, false},
		{invalid + `,` + invalid, adapter.Known, faktur.SavedInvalid, false},
		{approved + `,` + signing, adapter.Known, faktur.Approved, true},
		{`{"status":"amended","nsfp":"` + nsfp + `"},` + approved, adapter.Known, faktur.Approved, true},
		{signing + `,{"status":"approved"}`, adapter.Unknown, "", false},
		{`{"status":null,"coretax_status":"?"}`, adapter.Known, "", false},
	} {
		channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"livemode":false,"results":[{"client_id":"a","entries":[%s]}]}`, test.entries)
		})
		got, err := channel.LookUp(t.Context(), []adapter.Question{{ClientID: "a"}})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %+v, %v", test.entries, got, err)
			continue
		}
		told := got[0].Reason != nil && got[0].Reason.Code == "filed_more_than_once"
		if got[0].Certainty != test.want || got[0].Status != test.status || told != test.twice {
			t.Errorf("%s: %+v", test.entries, got[0])
		}
	}
	channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"livemode":false,"results":[{"client_id":"a"}]}`)
	})
	if got, err := channel.LookUp(t.Context(), []adapter.Question{{ClientID: "a"}}); err != nil || got[0].Certainty != adapter.Unknown {
		t.Errorf("LookUp without entries = %+v, %v; want Unknown, not Absent", got, err)
	}
}

// TestAnswersOfTheOtherWorldAreDropped: the connector was exchanged behind the address.
func TestAnswersOfTheOtherWorldAreDropped(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/connector" {
			fmt.Fprint(w, `{"livemode":true,"resend_harmless":true,"max_batch":5,"calls_per_minute":0,"capabilities":[]}`)
			return
		}
		fmt.Fprint(w, `{"livemode":false,"results":[{"client_id":"a","found":true,"status":"approved","nsfp":"`+nsfp+`","entries":[]}]}`)
	})
	if _, err := channel.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := channel.Status(t.Context(), []adapter.Question{{ClientID: "a"}}); err == nil {
		t.Errorf("Status = %+v, want an error", got)
	}
	if got, err := channel.LookUp(t.Context(), []adapter.Question{{ClientID: "a"}}); err == nil {
		t.Errorf("LookUp = %+v, want an error", got)
	}
}

// poison is a connector that turns away every call that holds a bad item.
type poison struct {
	t     *testing.T
	turn  func(w http.ResponseWriter, index int) // away
	bad   map[string]bool
	fails map[string]int // by client id: answers this status instead
	taken map[string]int
	calls atomic.Int32
}

func (p *poison) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
	}
	var call struct {
		Submissions []struct {
			ClientID string `json:"client_id"`
		} `json:"submissions"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		p.t.Error(err)
	}
	var results []string
	for i, s := range call.Submissions {
		if p.bad[s.ClientID] {
			p.turn(w, i)
			return
		}
		if status := p.fails[s.ClientID]; status != 0 {
			w.WriteHeader(status)
			return
		}
		results = append(results, fmt.Sprintf(`{"client_id":%q,"outcome":"taken","status":"signing_in_progress"}`, s.ClientID))
	}
	for _, s := range call.Submissions {
		p.taken[s.ClientID]++
	}
	fmt.Fprintf(w, `{"livemode":false,"results":[%s]}`, strings.Join(results, ","))
}

func TestOnePoisonItemIsSetAside(t *testing.T) {
	t.Parallel()
	invalid := func(w http.ResponseWriter, i int) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"code":"wrong_type","detail":"no","errors":[{"pointer":"/submissions/%d/totals","code":"wrong_type","message":"no amount"}]}`, i)
	}
	tooLarge := func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusRequestEntityTooLarge) }
	for _, test := range []struct {
		name string
		turn func(http.ResponseWriter, int)
		code string
	}{{"422", invalid, "wrong_type"}, {"413 of a proxy", tooLarge, "too_large"}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			batch := adaptertest.Batch(t, 100, false)
			server := &poison{t: t, turn: test.turn, bad: map[string]bool{batch[37].ClientID: true, batch[99].ClientID: true}, taken: map[string]int{}}
			outcomes, err := connector(t, server.ServeHTTP).Submit(t.Context(), batch)
			if err != nil || len(outcomes) != len(batch) {
				t.Fatalf("Submit gave %d outcomes, %v", len(outcomes), err)
			}
			for i, o := range outcomes {
				n := server.taken[batch[i].ClientID]
				if i == 37 || i == 99 {
					if o.Status != faktur.SavedInvalid || o.Reason.Code != test.code || o.Reason.Origin != faktur.OriginChannel || n != 0 {
						t.Errorf("bad item %d: %+v, taken %d times", i, o, n)
					}
				} else if o.Status != faktur.SigningInProgress || n != 1 {
					t.Errorf("item %d: %+v, taken %d times", i, o, n)
				}
			}
			if calls := server.calls.Load(); calls > 30 {
				t.Errorf("%d calls for two bad items, want at most 30", calls)
			}
		})
	}
}

// TestHalvesFailForThemselves: while a bad item is set aside, other parts may
// meet other troubles; each item gets what is certain of it.
func TestHalvesFailForThemselves(t *testing.T) {
	t.Parallel()
	batch := adaptertest.Batch(t, 4, false)
	server := &poison{t: t, bad: map[string]bool{batch[0].ClientID: true}, taken: map[string]int{}, turn: func(w http.ResponseWriter, _ int) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}}
	for status, want := range map[int]adapter.Certainty{429: adapter.NotTaken, 502: adapter.Unknown} {
		server.fails = map[string]int{batch[2].ClientID: status}
		outcomes, err := connector(t, server.ServeHTTP).Submit(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		got := []adapter.Certainty{outcomes[0].Certainty, outcomes[1].Certainty, outcomes[2].Certainty, outcomes[3].Certainty}
		if diff := cmp.Diff([]adapter.Certainty{adapter.Known, adapter.Known, want, want}, got); diff != "" {
			t.Errorf("%d (-want +got):\n%s", status, diff)
		}
	}
}

// What the connector says of an item is stored with it, and PostgreSQL refuses NUL.
func TestWordsOfATurnedAwayItemCanBeStored(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"code":"a\u0000b","detail":"no\u0000","errors":[{"pointer":"/submissions/0/x\u0000y","code":"c\u0000d","message":"n\u0000o"}]}`)
	})
	outcomes, err := channel.Submit(t.Context(), adaptertest.Batch(t, 1, false))
	if err != nil || outcomes[0].Reason.Code != "ab" || outcomes[0].Reason.Message != "/submissions/0/xy: no" {
		t.Errorf("Submit = %+v, %v", outcomes[0].Reason, err)
	}
}

func TestOneLivemodeABatch(t *testing.T) {
	t.Parallel()
	channel := connector(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	batch := append(adaptertest.Batch(t, 1, false), adaptertest.Batch(t, 1, true)...)
	if _, err := channel.Submit(t.Context(), batch); err == nil {
		t.Error("a batch of two livemodes was taken")
	} else if _, ok := errors.AsType[*adapter.NotSent](err); !ok {
		t.Errorf("Submit: %v, want *adapter.NotSent", err)
	}
}

// TestNobodyIsBlamedWhenNothingPasses: two programs that misunderstand each
// other must not make every invoice saved_invalid.
func TestNobodyIsBlamedWhenNothingPasses(t *testing.T) {
	t.Parallel()
	batch := adaptertest.Batch(t, 5, false)
	server := &poison{t: t, bad: map[string]bool{}, taken: map[string]int{}, turn: func(w http.ResponseWriter, _ int) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"code":"wrong_type","detail":"no","errors":[{"pointer":"/submissions/0/invoice/date","code":"wrong_type","message":"DD/MM/YYYY"}]}`)
	}}
	for _, s := range batch {
		server.bad[s.ClientID] = true
	}
	channel := connector(t, server.ServeHTTP)
	outcomes, err := channel.Submit(t.Context(), batch)
	if _, ok := errors.AsType[*adapter.NotSent](err); !ok || !strings.Contains(err.Error(), "every item") {
		t.Errorf("Submit = %+v, %v; want *adapter.NotSent", outcomes, err)
	}
	delete(server.bad, batch[4].ClientID)
	server.fails = map[string]int{batch[4].ClientID: 502}
	outcomes, err = channel.Submit(t.Context(), batch)
	if err != nil || outcomes[0].Certainty != adapter.NotTaken || outcomes[4].Certainty != adapter.Unknown {
		t.Errorf("Submit = %+v, %v; want four not taken and one unknown", outcomes, err)
	}
	outcomes, err = channel.Submit(t.Context(), batch[:1])
	if err != nil || outcomes[0].Status != faktur.SavedInvalid {
		t.Errorf("Submit of one = %+v, %v; want it set aside", outcomes, err)
	}
}
