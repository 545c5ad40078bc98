package repository

import (
	"github.com/fakturgate/fakturgate/faktur"
)

// documentColumns are the open members' rows of the table documents. Columns
// that are empty at acceptance take their defaults.
func (w *acceptWriter) documentColumns() []column {
	texts := func(of func(*Acceptance) string) []string { return w.texts(w.open, of) }
	numbers := func(of func(*Acceptance) int64) []int64 {
		values := make([]int64, len(w.open))
		for k, i := range w.open {
			values[k] = of(&w.batch[i])
		}
		return values
	}
	livemode, held := make([]bool, len(w.open)), make([]bool, len(w.open))
	for k, i := range w.open {
		livemode[k], held[k] = w.batch[i].Stored.Document.Livemode, w.batch[i].Stored.Document.Work.Held
	}
	doc := func(a *Acceptance) *faktur.Document { return &a.Stored.Document }
	return []column{
		{name: "id", values: texts(func(a *Acceptance) string { return doc(a).ID })},
		{name: "tenant", values: texts(func(a *Acceptance) string { return doc(a).Tenant })},
		{name: "taxpayer_npwp", values: texts(func(a *Acceptance) string { return doc(a).TaxpayerNPWP })},
		{name: "kind", values: texts(func(a *Acceptance) string { return string(doc(a).Kind) })},
		{name: "reference", values: texts(func(a *Acceptance) string { return doc(a).Reference })},
		{name: "channel", values: texts(func(a *Acceptance) string { return string(doc(a).Channel) })},
		{name: "shard", values: numbers(func(a *Acceptance) int64 { return int64(faktur.ShardOf(doc(a).Tenant, doc(a).TaxpayerNPWP)) })},
		{name: "livemode", values: livemode},
		{name: "held", values: held},
		{name: "status", values: texts(func(a *Acceptance) string { return string(doc(a).Status) })},
		{name: "attempt", values: numbers(func(a *Acceptance) int64 { return int64(doc(a).Attempt) })},
		{name: "sequence", values: numbers(func(a *Acceptance) int64 { return doc(a).Sequence })},
		{name: "replaces_id", values: texts(func(a *Acceptance) string { return doc(a).ReplacesID })},
		{name: "invoice_date", values: texts(func(a *Acceptance) string { return a.Stored.date().String() })},
		{name: "counterpart", values: texts(func(a *Acceptance) string { return doc(a).Counterpart })},
		{name: "nsfp", values: texts(func(a *Acceptance) string { return doc(a).NSFP })},
		{name: "upload_deadline", values: texts(func(a *Acceptance) string { return dateText(doc(a).UploadDeadline) })},
		{name: "deadline_at", values: numbers(func(a *Acceptance) int64 { return deadlineAt(doc(a).UploadDeadline) })},
		{name: "leave_by", values: numbers(func(a *Acceptance) int64 { return micros(doc(a).Work.LeaveBy) })},
		{name: "turn_at", values: numbers(func(a *Acceptance) int64 { return micros(doc(a).Work.TurnAt) })},
		{name: "status_since", values: numbers(func(a *Acceptance) int64 { return micros(doc(a).Work.StatusSince) })},
		{name: "created_at", values: numbers(func(a *Acceptance) int64 { return micros(doc(a).CreatedAt) })},
		{name: "updated_at", values: numbers(func(a *Acceptance) int64 { return micros(doc(a).UpdatedAt) })},
	}
}

// bodyColumns are the open members' rows of the table document_bodies.
func (w *acceptWriter) bodyColumns() []column {
	texts := func(of func(*Acceptance) string) []string { return w.texts(w.open, of) }
	for _, i := range w.open {
		if a := &w.batch[i]; a.content == "" {
			a.content, a.assessment = a.Stored.bodyTexts()
		}
	}
	return []column{
		{name: "document_id", values: texts(func(a *Acceptance) string { return a.Stored.Document.ID })},
		{name: "content", values: texts(func(a *Acceptance) string { return a.content })},
		{name: "assessment", values: texts(func(a *Acceptance) string { return a.assessment })},
		{name: "content_hashes", values: texts(func(a *Acceptance) string { return a.ContentHash })},
		{name: "tenant", values: texts(func(a *Acceptance) string { return a.Stored.Document.Tenant })},
		{name: "kind", values: texts(func(a *Acceptance) string { return string(a.Stored.Document.Kind) })},
		{name: "taxpayer_npwp", values: texts(func(a *Acceptance) string { return a.Stored.Document.TaxpayerNPWP })},
		{name: "counterpart", values: texts(func(a *Acceptance) string { return a.Stored.Document.Counterpart })},
	}
}

// referenceColumns are members' rows of the table document_references.
func (w *acceptWriter) referenceColumns(members []int) []column {
	texts := func(of func(*Acceptance) string) []string { return w.texts(members, of) }
	return []column{
		{name: "tenant", values: texts(func(a *Acceptance) string { return a.Stored.Document.Tenant })},
		{name: "reference", values: texts(func(a *Acceptance) string { return a.Stored.Document.Reference })},
		{name: "taxpayer_npwp", values: texts(func(a *Acceptance) string { return a.Stored.Document.TaxpayerNPWP })},
		{name: "kind", values: texts(func(a *Acceptance) string { return string(a.Stored.Document.Kind) })},
		{name: "document_id", values: texts(func(a *Acceptance) string { return a.Stored.Document.ID })},
	}
}

// texts gives a text of each of the members.
func (w *acceptWriter) texts(members []int, of func(*Acceptance) string) []string {
	values := make([]string, len(members))
	for k, i := range members {
		values[k] = of(&w.batch[i])
	}
	return values
}

// dateText is how a date is stored; "" for none.
func dateText(d faktur.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// deadlineAt is the last moment of an upload deadline, 0 for none.
func deadlineAt(d faktur.Date) int64 {
	if d.IsZero() {
		return 0
	}
	return d.EndOfDay().UnixMicro()
}
