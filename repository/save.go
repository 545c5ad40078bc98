package repository

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
)

// Step is a document as it shall be from now on, and the events that tell why.
type Step struct {
	Document faktur.Document
	// From is the sequence of the document as it was read. A document that has
	// moved since is left alone; so is one that was held back, moved to
	// another channel or got a replacement since; no step changes that.
	From   int64
	Events []faktur.Event
	// Signing is what the step tells of the signer SignedBy; it is noted in the
	// same transaction, once. The zero values tell nothing.
	Signing  faktur.SigningResult
	SignedBy string
}

// Save stores steps and their events in one transaction, under a worker's
// fence (or under none, when its Channel is ""). It gives the ids of those that
// were stored; the others have moved meanwhile, and the caller looks at them
// anew. ErrFenced means that nothing was stored.
func (db *DB) Save(ctx context.Context, f Fence, steps []Step) (map[string]bool, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	var saved map[string]bool
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		if f.Channel != "" {
			if err := db.fence(ctx, tx, f); err != nil {
				return err
			}
		}
		var events []faktur.Event
		var err error
		if saved, events, err = db.takeSteps(ctx, tx, steps); err != nil {
			return err
		}
		if err := db.insertEvents(ctx, tx, events); err != nil {
			return err
		}
		fault.Reached(fault.InSave)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("save: %w", err)
	}
	return saved, nil
}

// takeSteps takes the steps of documents that have not moved, with all that
// follows from them, and sets also, a value each, besides. It gives the ids of
// those that were taken, and the events to insert. It is the one way in which a document changes.
func (db *DB) takeSteps(ctx context.Context, tx *sqlx.Tx, steps []Step, also ...column) (map[string]bool, []faktur.Event, error) {
	if err := db.keepPauses(ctx, tx, steps); err != nil {
		return nil, nil, err
	}
	var rows []string
	for i := range steps {
		d := &steps[i].Document
		rows = append(rows, d.ID)
		if d.ReplacesID != "" && len(steps[i].Events) > 0 { // followReplacements comes to the original last
			rows = append(rows, d.ReplacesID)
		}
	}
	if err := db.lockDocuments(ctx, tx, rows); err != nil {
		return nil, nil, err
	}
	set, match := stepColumns(steps)
	ids, err := db.updateMany(ctx, tx, "documents", append(set, also...), match, "id")
	if err != nil {
		return nil, nil, err
	}
	saved := make(map[string]bool, len(ids))
	for _, id := range ids {
		saved[id] = true
	}
	taken := make([]Step, 0, len(steps))
	var events []faktur.Event
	for i := range steps {
		if saved[steps[i].Document.ID] {
			taken = append(taken, steps[i])
			events = append(events, steps[i].Events...)
		}
	}
	if err := db.freeReferences(ctx, tx, taken); err != nil {
		return nil, nil, err
	}
	if err := db.holdQueued(ctx, tx, taken); err != nil {
		return nil, nil, err
	}
	amending, err := db.followReplacements(ctx, tx, taken)
	if err != nil {
		return nil, nil, err
	}
	told, err := db.judgeSigners(ctx, tx, taken)
	return saved, slices.Concat(events, amending, told), err
}

// lockDocuments locks rows in the order of their ids, so that two workers that
// save the same documents wait for each other and do not lock up. An UPDATE of
// many takes them in whatever order its plan has, which differs by how many they
// are; PostgreSQL ends such a deadlock after a second in which nothing moves.
func (db *DB) lockDocuments(ctx context.Context, tx *sqlx.Tx, ids []string) error {
	if len(ids) < 2 || !db.dialect.isPostgres() { // SQLite has one writer
		return nil
	}
	var locked []string
	return db.selectIn(ctx, tx, &locked, `SELECT id FROM documents WHERE id = ANY(?) ORDER BY id`+db.dialect.forUpdate, array(ids))
}

// stepColumns gives what a step may change, and what must still hold for it.
func stepColumns(steps []Step) (set, match []column) {
	texts := func(name string, of func(*faktur.Document) string) column {
		values := make([]string, len(steps))
		for i := range steps {
			values[i] = of(&steps[i].Document)
		}
		return column{name: name, values: values}
	}
	numbers := func(name string, of func(*faktur.Document) int64) column {
		values := make([]int64, len(steps))
		for i := range steps {
			values[i] = of(&steps[i].Document)
		}
		return column{name: name, values: values}
	}
	told, held, from := make([]bool, len(steps)), make([]bool, len(steps)), make([]int64, len(steps))
	for i := range steps {
		told[i], held[i], from[i] = steps[i].Document.Work.StuckTold, steps[i].Document.Work.Held, steps[i].From
	}
	set = []column{
		texts("status", func(d *faktur.Document) string { return string(d.Status) }),
		texts("coretax_status", func(d *faktur.Document) string { return d.CoretaxStatus }),
		texts("nsfp", func(d *faktur.Document) string { return d.NSFP }),
		texts("reason", func(d *faktur.Document) string { return reasonText(d.Reason) }),
		numbers("attempt", func(d *faktur.Document) int64 { return int64(d.Attempt) }),
		texts("signer", func(d *faktur.Document) string { return d.Signer }),
		texts("receipt", func(d *faktur.Document) string { return d.Receipt }),
		texts("wish", func(d *faktur.Document) string { return string(d.Wish) }),
		numbers("sequence", func(d *faktur.Document) int64 { return d.Sequence }),
		numbers("deadline_told", func(d *faktur.Document) int64 { return int64(d.Work.DeadlineTold) }),
		{name: "stuck_told", values: told},
		numbers("leave_by", func(d *faktur.Document) int64 { return micros(d.Work.LeaveBy) }),
		numbers("turn_at", func(d *faktur.Document) int64 { return micros(d.Work.TurnAt) }),
		numbers("due_at", func(d *faktur.Document) int64 { return micros(d.Work.DueAt) }),
		numbers("status_since", func(d *faktur.Document) int64 { return micros(d.Work.StatusSince) }),
		numbers("absent_since", func(d *faktur.Document) int64 { return micros(d.Work.AbsentSince) }),
		numbers("updated_at", func(d *faktur.Document) int64 { return micros(d.UpdatedAt) }),
	}
	match = []column{
		texts("id", func(d *faktur.Document) string { return d.ID }),
		{name: "from_sequence", values: from, target: "sequence"},
		texts("channel", func(d *faktur.Document) string { return string(d.Channel) }),
		{name: "held", values: held},
		texts("replaced_by_id", func(d *faktur.Document) string { return d.ReplacedByID }),
	}
	return set, match
}

// PutOff notes when each document is due next, and nothing else; one that has
// moved meanwhile is left alone. It is the narrow write of a poll that changed nothing.
func (db *DB) PutOff(ctx context.Context, f Fence, documents []faktur.Document) error {
	if len(documents) == 0 {
		return nil
	}
	n := len(documents)
	ids, sequences, due := make([]string, n), make([]int64, n), make([]int64, n)
	for i := range documents {
		ids[i], sequences[i], due[i] = documents[i].ID, documents[i].Sequence, micros(documents[i].Work.DueAt)
	}
	return wrap("put off", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.fence(ctx, tx, f); err != nil {
			return err
		}
		if err := db.lockDocuments(ctx, tx, ids); err != nil {
			return err
		}
		_, err := db.updateMany(ctx, tx, "documents", []column{{name: "due_at", values: due}},
			[]column{{name: "id", values: ids}, {name: "sequence", values: sequences}}, "id")
		return err
	}))
}

// SaveCorrection stores a document's corrected content together with its step.
// It gives false when the document has moved since step.From, and a
// *faktur.Error for a return of more than was bought.
func (db *DB) SaveCorrection(ctx context.Context, step Step, s Stored, contentHash string) (bool, error) {
	content, assessment := s.bodyTexts()
	moved := false
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		saved, events, err := db.takeSteps(ctx, tx, []Step{step},
			column{name: "invoice_date", values: []string{s.date().String()}},
			column{name: "counterpart", values: []string{step.Document.Counterpart}},
			column{name: "upload_deadline", values: []string{dateText(step.Document.UploadDeadline)}},
			column{name: "deadline_at", values: []int64{deadlineAt(step.Document.UploadDeadline)}})
		if moved = len(saved) == 0; err != nil || moved {
			return err
		}
		if _, err := db.execIn(ctx, tx, `UPDATE document_bodies SET content = ?, assessment = ?,
			content_hashes = content_hashes || ' ' || ?, counterpart = ? WHERE document_id = ?`,
			content, assessment, contentHash, step.Document.Counterpart, step.Document.ID); err != nil {
			return err
		}
		if s.Return != nil {
			if err := db.holdToBought(ctx, tx, &s); err != nil {
				return err
			}
		}
		return db.insertEvents(ctx, tx, events)
	})
	return !moved && err == nil, wrap("save correction", err)
}

// Which of the given documents are stored: the answer to a COMMIT whose fate is not known.
func (db *DB) Which(ctx context.Context, ids []string) (map[string]bool, error) {
	stored := map[string]bool{}
	for chunk := range slices.Chunk(ids, 500) {
		query, args, err := sqlx.In(`SELECT id FROM documents WHERE id IN (?)`, chunk)
		if err != nil {
			return nil, err
		}
		var found []string
		if err := db.write.SelectContext(ctx, &found, db.rebind(query), args...); err != nil {
			return nil, fmt.Errorf("look up documents: %w", err)
		}
		for _, id := range found {
			stored[id] = true
		}
	}
	return stored, nil
}

// Reread gives the documents of ids as they are now, in no order, and each once;
// those that do not exist are left out.
func (db *DB) Reread(ctx context.Context, ids []string) ([]faktur.Document, error) {
	var documents []faktur.Document
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), 500) {
		query, args, err := sqlx.In(`SELECT `+documentColumns+` FROM documents d WHERE d.id IN (?)`, chunk)
		if err != nil {
			return nil, err
		}
		var rows []documentRow
		if err := db.read.SelectContext(ctx, &rows, db.rebind(query), args...); err != nil {
			return nil, fmt.Errorf("reread: %w", err)
		}
		more, err := allDocuments(rows)
		if err != nil {
			return nil, err
		}
		documents = append(documents, more...)
	}
	return documents, nil
}
