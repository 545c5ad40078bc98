package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/portal"
	"github.com/fakturgate/fakturgate/repository"
)

// filedDocuments is what is known of the documents that a chunk of a list is about.
type filedDocuments struct {
	byKey  map[string][]repository.Filed // by reference; of returns by the invoice's number
	holder map[string]string             // the reference that a number has with us, by number
	told   map[repository.Told]bool
}

// look reads what is known of the documents that groups are about.
func (i *importer) look(ctx context.Context, groups [][]int) (filedDocuments, error) {
	known := filedDocuments{byKey: map[string][]repository.Filed{}, holder: map[string]string{}}
	var keys, numbers []string
	for _, group := range groups {
		for _, n := range group {
			if number := i.export.Rows[n].NSFP; number != "" {
				numbers = append(numbers, number)
			}
		}
		keys = append(keys, i.key(group[0]))
	}
	kind := faktur.KindInvoice
	if i.export.Returns {
		kind = faktur.KindReturn
	}
	numbered, err := i.s.DB.FiledByNSFP(ctx, i.taxpayer.Tenant, i.NPWP, kind, numbers)
	if err != nil {
		return known, err
	}
	filed := numbered
	if !i.export.Returns {
		for _, f := range numbered {
			known.holder[f.Document.NSFP] = f.Document.Reference
		}
		if filed, err = i.s.DB.FiledByReference(ctx, i.taxpayer.Tenant, i.NPWP, keys); err != nil {
			return known, err
		}
	}
	var ids []string
	for _, f := range filed {
		key := f.Document.Reference
		if i.export.Returns {
			key = f.Document.NSFP
		}
		known.byKey[key] = append(known.byKey[key], f)
		ids = append(ids, f.Document.ID)
	}
	known.told, err = i.s.DB.WhichTold(ctx, ids, []faktur.EventType{kindEvent(kind, "duplicate_filed"), kindEvent(kind, "amount_mismatch")})
	return known, err
}

func kindEvent(kind faktur.Kind, name string) faktur.EventType {
	return (&faktur.Document{Kind: kind}).Event(name)
}

func (i *importer) key(n int) string {
	if i.export.Returns {
		return i.export.Rows[n].NSFP
	}
	return i.export.Rows[n].Reference
}

// judge answers the rows of a group and gives the steps that follow from them.
func (i *importer) judge(group []int, known filedDocuments) []repository.Step {
	filed := known.byKey[i.key(group[0])]
	if len(filed) == 0 {
		for _, n := range group {
			i.answer(n, ImportNotFound, "", "")
		}
		return nil
	}
	j := &judgingRows{importer: i, known: known, filed: filed, taken: map[string]int{}}
	if i.export.Returns {
		j.matchReturns(group)
	} else {
		j.matchInvoices(group)
	}
	return j.steps
}

// judgingRows is the judgement of the rows of one reference.
type judgingRows struct {
	*importer
	known filedDocuments
	filed []repository.Filed // every document of the reference
	taken map[string]int     // the row that speaks of a document, by its id
	steps []repository.Step
}

// matchInvoices finds for every row the document that it is about. A row with a
// number is about the document that has it; else the number's place in its chain
// of replacements decides (FACTS 3: the serial is kept, the status counts, which
// is an inference). Rows without a number are about the one document under way.
func (j *judgingRows) matchInvoices(group []int) {
	var numbered, unknown, bare []int
	for _, n := range group {
		switch row := &j.export.Rows[n]; {
		case row.NSFP != "" && effective(row):
			numbered = append(numbered, n)
		case row.NSFP != "" && unknownWord(row) && j.numbered(n) != nil:
			unknown = append(unknown, n)
		default:
			bare = append(bare, n)
		}
	}
	numbered = j.dropRepeated(numbered, func(n int) string { return j.export.Rows[n].NSFP })
	if j.filedTwice(numbered) {
		j.duplicates(numbered)
	} else {
		// What was cancelled comes last: the living have the better claim.
		slices.SortStableFunc(numbered, func(a, b int) int { return cmp.Compare(btoi(j.cancelled(a)), btoi(j.cancelled(b))) })
		for _, n := range numbered {
			j.matchNumbered(n)
		}
	}
	j.matchUnknown(j.dropRepeated(unknown, func(n int) string { return j.export.Rows[n].NSFP }))
	j.matchBare(j.dropRepeated(bare, func(int) string { return "" }), len(numbered) > 0)
}

// effective says whether the row's word is one that only what was approved can have.
func effective(row *portal.ExportRow) bool {
	status, known := faktur.ParseCoretaxStatus(row.Status)
	return known && status != faktur.AwaitingUpload && status != faktur.SigningInProgress && status != faktur.SavedInvalid
}

// unknownWord says whether the row's word is one that this release has no status for.
func unknownWord(row *portal.ExportRow) bool {
	_, known := faktur.ParseCoretaxStatus(row.Status)
	return !known
}

// dropRepeated leaves one row of those that are about the same thing and say
// the same; when they say different things, it leaves none.
func (j *judgingRows) dropRepeated(rows []int, thing func(n int) string) []int {
	says := map[string]string{}
	contradicting := map[string]bool{}
	for _, n := range rows {
		word := bareStatus(j.export.Rows[n].Status)
		if before, seen := says[thing(n)]; seen && before != word {
			contradicting[thing(n)] = true
		}
		says[thing(n)] = word
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(rows), func(n int) bool {
		if contradicting[thing(n)] {
			j.answerFor(n, &j.filed[0].Document, ImportAmbiguous, "rows_contradict",
				"The list has several rows of this document, and they say different things. Look it up in the portal.")
			return true
		}
		if seen[thing(n)] {
			j.answerFor(n, &j.filed[0].Document, ImportSuperseded, "row_repeated", "Another row of the list says the same.")
			return true
		}
		seen[thing(n)] = true
		return false
	})
}

// bareStatus is a word to compare: ours where we know it.
func bareStatus(word string) string {
	if status, known := faktur.ParseCoretaxStatus(word); known {
		return string(status)
	}
	return word
}

// numberParts are a number's serial and its place in the chain of replacements.
func numberParts(number string) (serial string, counter int) {
	nsfp, err := faktur.ParseNSFP(number)
	if err != nil {
		return "", 0
	}
	counter, _ = strconv.Atoi(nsfp.Status)
	return nsfp.TrxCode + nsfp.Serial, counter
}

func sameNumber(a, b string) bool {
	serialA, counterA := numberParts(a)
	serialB, counterB := numberParts(b)
	return serialA != "" && serialA == serialB && counterA == counterB
}

// filedTwice says that under this reference there are numbers of more than one
// chain that have not been cancelled: among those that no document has yet, and
// those of ours when there are any.
func (j *judgingRows) filedTwice(numbered []int) bool {
	serials := map[string]bool{}
	for _, n := range numbered {
		if !j.cancelled(n) && j.numbered(n) == nil {
			serial, _ := numberParts(j.export.Rows[n].NSFP)
			serials[serial] = true
		}
	}
	if len(serials) == 0 {
		return false
	}
	for i := range j.filed {
		d := &j.filed[i].Document
		if d.NSFP != "" && !d.Status.Open() && d.Status != faktur.Cancelled {
			serial, _ := numberParts(d.NSFP)
			serials[serial] = true
		}
	}
	return len(serials) > 1
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (j *judgingRows) cancelled(n int) bool {
	status, _ := faktur.ParseCoretaxStatus(j.export.Rows[n].Status)
	return status == faktur.Cancelled
}

// numbered is the document that has a row's number; nil when none has.
func (j *judgingRows) numbered(n int) *repository.Filed {
	return j.find(func(d *faktur.Document) bool { return sameNumber(d.NSFP, j.export.Rows[n].NSFP) })
}

// duplicates tells that a reference was approved more than once; which of them
// is the right one is a person's choice.
func (j *judgingRows) duplicates(numbered []int) {
	about := j.likeliest()
	d := about.Document
	if d.Status == faktur.Queued {
		j.hold(numbered, about)
		return
	}
	event := d.Event("duplicate_filed")
	if !j.known.told[repository.Told{DocumentID: d.ID, Type: event}] {
		now := j.s.Now()
		if d.Status.Open() {
			d.Reason = &faktur.Reason{Code: "duplicate_filed", Action: faktur.ActionContactSupport, Origin: faktur.OriginTaxSystem,
				Message: "Coretax has approved this reference more than once. A person cancels in the portal what is too much."}
		}
		told := d.Tell(event, d.Status, now)
		j.steps = append(j.steps, repository.Step{Document: d, From: about.Document.Sequence, Events: []faktur.Event{told}})
	}
	for _, n := range numbered {
		j.answerFor(n, &d, ImportDuplicate, "duplicate_filed",
			"This reference was approved more than once, under numbers of different chains. Cancel in the portal what is too much, and import the list again.")
	}
}

// original is the live original of the reference; nil when there is none.
func (j *judgingRows) original() *repository.Filed {
	return j.find(func(d *faktur.Document) bool { return d.ReplacesID == "" && d.Status != faktur.Cancelled })
}

// likeliest is the document of the reference that a row is most likely about:
// the live original, else the last one.
func (j *judgingRows) likeliest() *repository.Filed {
	if original := j.original(); original != nil {
		return original
	}
	return &j.filed[len(j.filed)-1]
}

// replacement is the replacement that has no number yet; nil when there is none.
func (j *judgingRows) replacement() *repository.Filed {
	return j.find(func(d *faktur.Document) bool {
		return d.ReplacesID != "" && d.NSFP == "" && d.Status != faktur.Cancelled
	})
}

func (j *judgingRows) find(wanted func(d *faktur.Document) bool) *repository.Filed {
	for i := len(j.filed) - 1; i >= 0; i-- {
		if wanted(&j.filed[i].Document) {
			return &j.filed[i]
		}
	}
	return nil
}

// matchNumbered finds the document of a row that has a number.
func (j *judgingRows) matchNumbered(n int) {
	row := &j.export.Rows[n]
	if holder, held := j.known.holder[row.NSFP]; held && holder != row.Reference {
		j.answerFor(n, &j.likeliest().Document, ImportConflict, "nsfp_taken", "The number "+row.NSFP+" is that of "+holder+" here. Look both up in the portal: one of the two rows is not as it should be.")
		return
	}
	if j.elsewhere[row.NSFP] {
		j.answerFor(n, &j.likeliest().Document, ImportConflict, "nsfp_twice", "The list has the number "+row.NSFP+" at several references. Look them up in the portal, and export the list again.")
		return
	}
	if same := j.numbered(n); same != nil {
		j.apply(n, same)
		return
	}
	original, replacement := j.original(), j.replacement()
	_, counter := numberParts(row.NSFP)
	switch {
	case original == nil && replacement == nil:
		closed := &j.filed[len(j.filed)-1].Document
		j.answerFor(n, closed, ImportConflict, "closed_here", "It is cancelled here, and the portal lists it. Cancel it there too, or register what it replaces anew.")
	case counter == 0 && original != nil && original.Document.NSFP == "":
		if _, spoken := j.taken[original.Document.ID]; spoken && j.cancelled(n) {
			j.answer(n, ImportForeign, "cancelled_before", "An earlier invoice of this reference, cancelled in the portal. The gateway has no document of it.")
			return
		}
		j.apply(n, original)
	case counter == 0:
		j.answerFor(n, &j.filed[len(j.filed)-1].Document, ImportConflict, "other_number", "The document has another number here than in this row.")
	case replacement != nil:
		j.apply(n, replacement)
	default:
		j.answer(n, ImportForeign, "replacement_foreign", "A person made this replacement in the portal. The gateway has no document of it; the replaced one follows its own row.")
	}
}

// matchUnknown notes words that this release has no status for, of documents that
// already have the number of their row.
func (j *judgingRows) matchUnknown(rows []int) {
	for _, n := range rows {
		same := j.numbered(n)
		if _, spoken := j.taken[same.Document.ID]; spoken {
			j.answerFor(n, &same.Document, ImportSuperseded, "approved_row", "Another row of this number has a word that is known, and counts.")
			continue
		}
		j.apply(n, same)
	}
}

// matchBare finds the document of rows without a number: the one under way.
func (j *judgingRows) matchBare(rows []int, approved bool) {
	for _, n := range rows {
		under := j.find(func(d *faktur.Document) bool { return d.Status.Open() })
		if under == nil {
			last := &j.filed[len(j.filed)-1].Document
			j.answerFor(n, last, ImportUnchanged, "older_news", "Here it is "+string(last.Status)+" already, and stays so.")
			continue
		}
		if _, spoken := j.taken[under.Document.ID]; spoken || approved && under.Document.ReplacesID == "" {
			j.answerFor(n, &under.Document, ImportSuperseded, "approved_row", "Another row of this reference has a number, and counts.")
			continue
		}
		j.apply(n, under)
	}
}
