package service_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// way is what one of the three parties does about a document at a stage.
type way struct {
	stage, who string
	does       string        // as docs/state-machine.md says it
	to         faktur.Status // the step that follows; "" when none does
	told       string        // the code of the refusal, when there is one
	do         func(*testing.T, stage) error
}

const (
	caller, operator, taxSystem = "caller", "operator", "tax system"
)

func freed(_ *testing.T, s stage) error { s.slow.free.Store(true); return nil }

func cancels(_ *testing.T, s stage) error { return s.cancel() }

func lists(word string) func(*testing.T, stage) error {
	return func(t *testing.T, s stage) error { t.Helper(); return s.listed(t, word) }
}

func resolves(r service.Resolution) func(*testing.T, stage) error {
	return func(_ *testing.T, s stage) error {
		_, err := s.Resolve(context.Background(), anybody, s.id, r)
		return err
	}
}

func file(do func(s stage, id string) error) func(*testing.T, stage) error {
	return func(t *testing.T, s stage) error { t.Helper(); return do(s, s.oneFile(t).ID) }
}

// ways has for every stage what each party can do, in the order of the guide.
var ways = []way{
	{"queued", caller, "cancels it", faktur.Cancelled, "", cancels},
	{"queued", operator, "resumes its seller", faktur.Submitting, "", func(_ *testing.T, s stage) error {
		_, err := s.Service.Resume(context.Background(), anybody, seller)
		return err
	}},
	{"queued", taxSystem, "is in reach again", faktur.Approved, "", nil}, // TestQueuedGoesWhenItsChannelIsBack

	{"submitting", caller, "waits", "", "submission_unknown", cancels},
	{"submitting", operator, "says what became of it (resolve)", faktur.Approved, "", resolves(service.Resolution{Filed: true, NSFP: numberA})},
	{"submitting", operator, "says that it never arrived (resolve)", faktur.Queued, "", resolves(service.Resolution{})},
	{"submitting", taxSystem, "is looked up, and has it", faktur.Approved, "", freed},

	{"awaiting_upload, in a file", caller, "cancels it, unless the file was downloaded", faktur.Cancelled, "", cancels},
	{"awaiting_upload, in a file", operator, "says that the file was uploaded", faktur.Submitting, "", file(func(s stage, id string) error {
		_, err := s.FileUploaded(context.Background(), anybody, id)
		return err
	})},
	{"awaiting_upload, in a file", operator, "says that the portal refused the file", faktur.SavedInvalid, "", file(func(s stage, id string) error {
		_, err := s.FileRejected(context.Background(), anybody, id, service.Rejection{Message: "NITKU pembeli tidak valid"})
		return err
	})},
	{"awaiting_upload, in a file", taxSystem, "lists it (status import)", faktur.Approved, "", lists("Approved")},

	{"awaiting_upload, a draft", caller, "has it signed or deleted there", "", "transition_not_allowed", cancels},
	{"awaiting_upload, a draft", operator, "says that it was deleted there (resolve)", faktur.Queued, "", resolves(service.Resolution{})},
	{"awaiting_upload, a draft", taxSystem, "is asked, and has it signed", faktur.Approved, "", freed},

	{"signing_in_progress", caller, "waits, as DJP advises", "", "signing_in_progress", cancels},
	{"signing_in_progress", operator, "imports the portal's list", faktur.SavedInvalid, "", lists("Saved Invalid")},
	{"signing_in_progress", taxSystem, "is asked, and has approved it", faktur.Approved, "", freed},

	{"approved", caller, "cancels it", faktur.Cancelled, "", cancels},
	{"approved", caller, "replaces it", faktur.Amended, "", func(t *testing.T, s stage) error {
		t.Helper()
		s.replace(t, s.id, corrected("INV/1", "Kertas A3"))
		return nil
	}},
	{"approved", operator, "imports the portal's list, where a person cancelled it", faktur.Cancelled, "", lists("Cancelled")},
	{"approved", taxSystem, "has no more to do: it is an end", "", "", nil},

	{"saved_invalid", caller, "corrects it and uploads it again", faktur.Approved, "", func(_ *testing.T, s stage) error {
		content := corrected("INV/SIM-SAVED-INVALID", "Kertas A3")
		_, err := s.Correct(context.Background(), tenant, s.id, content, 0, true)
		return err
	}},
	{"saved_invalid", caller, "closes it (cancel)", faktur.Cancelled, "", cancels},
	{"saved_invalid", operator, "imports the portal's list, where a person signed it", faktur.Approved, "", lists("Approved")},
	{"saved_invalid", operator, "uploads many again", faktur.Queued, "", func(_ *testing.T, s stage) error {
		_, err := s.ReuploadMany(context.Background(), anybody, service.ReuploadFilter{NPWP: seller})
		return err
	}},
	{"saved_invalid", taxSystem, "waits for the correction", "", "", nil},

	{"amendment_pending", caller, "waits for the buyer", "", "transition_not_allowed", cancels},
	{"amendment_pending", operator, "imports the portal's list", faktur.Amended, "", lists("Amended")},
	{"amendment_pending", taxSystem, "is asked, and the buyer agreed", faktur.Amended, "", freed},

	{"amended", caller, "replaces its replacement", "", "replacement_exists", replacesNext},
	{"amended", operator, "has no more to do: it is an end", "", "", nil},
	{"amended", taxSystem, "has no more to do: it is an end", "", "", nil},

	{"cancellation_pending", caller, "waits for the buyer", "", "cancellation_under_way", func(_ *testing.T, s stage) error {
		_, _, err := s.Replace(context.Background(), tenant, s.id, corrected("INV/SIM-BUYER-CONSENT", "Kertas A3"))
		return err
	}},
	{"cancellation_pending", operator, "imports the portal's list", faktur.Cancelled, "", lists("Cancelled")},
	{"cancellation_pending", operator, "imports a list where the buyer refused", faktur.Approved, "", lists("Approved")},
	{"cancellation_pending", taxSystem, "is asked, and the buyer agreed", faktur.Cancelled, "", freed},

	{"cancelled", caller, "posts it anew: its reference is free", "", "", func(t *testing.T, s stage) error {
		t.Helper()
		s.becomes(t, s.post(t, "INV/1"), faktur.Approved)
		return nil
	}},
	{"cancelled", operator, "has no more to do: it is an end", "", "", nil},
	{"cancelled", taxSystem, "has no more to do: it is an end", "", "", nil},
}

// replacesNext is told which document replaced this one, and replaces that.
func replacesNext(t *testing.T, s stage) error {
	t.Helper()
	_, _, err := s.Replace(context.Background(), tenant, s.id, corrected("INV/1", "Kertas A5"))
	if refusal, ok := errors.AsType[*faktur.Error](err); ok {
		s.becomes(t, s.replace(t, refusal.DocumentID, corrected("INV/1", "Kertas A5")), faktur.Approved)
	}
	return err
}

// No status is a dead end: whoever looks at a document, wherever it is, has a
// step that leads on, or is told what to do instead. Each is really made.
func TestEveryStatusHasAWayOut(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		if w.do == nil {
			continue
		}
		t.Run(w.stage+", the "+w.who+" "+w.does, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				s := stages[w.stage](t, db)
				before, err := s.Status(context.Background(), tenant, s.id)
				if err != nil || !strings.HasPrefix(w.stage, string(before.Status)) {
					t.Fatalf("the stage is %s, and the document %s, %v", w.stage, before.Status, err)
				}
				err = w.do(t, s)
				switch refusal, refused := errors.AsType[*faktur.Error](err); {
				case w.told == "" && err != nil:
					t.Fatal(err)
				case w.told != "" && (!refused || refusal.Code != w.told || len(refusal.Detail) < 60):
					t.Errorf("told %v, want %s and what to do", err, w.told)
				}
				if w.to != "" {
					eventually(t, "it becomes "+string(w.to), func() bool { return s.reached(t, w.to, before.Sequence) })
				} else if now := s.status(t, s.id); now != before.Status {
					t.Errorf("it is %s now", now)
				}
			})
		})
	}
}

// reached says whether a step after a sequence led to a status.
func (s stage) reached(t *testing.T, status faktur.Status, after int64) bool {
	t.Helper()
	history, err := s.History(context.Background(), tenant, s.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history {
		var told struct {
			Status   faktur.Status `json:"status"`
			Previous faktur.Status `json:"previous_status"`
		}
		if err := json.Unmarshal(e.Data, &told); err != nil {
			t.Fatal(err)
		}
		if e.Sequence > after && told.Status == status && told.Previous != status {
			return true
		}
	}
	return false
}

// What waits because its channel is out of reach goes by itself when that is back.
func TestQueuedGoesWhenItsChannelIsBack(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		p := newProvider(t)
		g := startOn(t, db, p.channel, p.sim)
		p.setDown(true)
		id := g.post(t, "INV/1")
		eventually(t, "it was tried", func() bool {
			history, err := g.History(context.Background(), tenant, id)
			return err == nil && len(history) > 2
		})
		p.setDown(false)
		g.becomes(t, id, faktur.Approved)
	})
}

// docs/state-machine.md says of every status and party what the walk above has made.
func TestWaysOutAreDocumented(t *testing.T) {
	t.Parallel()
	cells := map[string]map[string]string{}
	var order []string
	told := map[faktur.Status]map[string]bool{}
	for _, w := range ways {
		if cells[w.stage] == nil {
			cells[w.stage], order = map[string]string{}, append(order, w.stage)
		}
		text := w.does
		if w.to != "" {
			text += ": `" + string(w.to) + "`"
		}
		if w.told != "" {
			text += " (409 `" + w.told + "`)"
		}
		if before := cells[w.stage][w.who]; before != "" {
			text = before + "; " + text
		}
		cells[w.stage][w.who] = text
		status, _, _ := strings.Cut(w.stage, ",")
		if told[faktur.Status(status)] == nil {
			told[faktur.Status(status)] = map[string]bool{}
		}
		told[faktur.Status(status)][w.who] = true
	}
	var table strings.Builder
	table.WriteString("| status | the caller | the operator | the tax system |\n|---|---|---|---|\n")
	for _, stage := range order {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", stage, cells[stage][caller], cells[stage][operator], cells[stage][taxSystem])
	}
	for _, status := range faktur.Statuses() {
		if len(told[status]) != 3 {
			t.Errorf("of %s only %v are shown a way", status, told[status])
		}
	}
	page, err := os.ReadFile("../docs/state-machine.md")
	if err != nil {
		t.Fatal(err)
	}
	_, documented, _ := strings.Cut(string(page), "\n## Who leads it on\n\n")
	if diff := cmp.Diff(table.String(), documented[max(0, strings.Index(documented, "| status |")):]); diff != "" {
		t.Errorf("docs/state-machine.md, Who leads it on, is not what is tried here (-here +there):\n%s\n%s", diff, table.String())
	}
}
