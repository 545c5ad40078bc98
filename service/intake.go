package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
)

const (
	intakeBatch   = 256                  // members of one transaction at most
	intakeQueue   = 4096                 // members that may wait; beyond that POST answers 429
	intakeLinger  = 2 * time.Millisecond // how long a transaction waits for as many as the last one had
	intakeTimeout = 10 * time.Second     // of one transaction
)

// intake is the group commit: concurrent acceptances share a transaction. It
// has a context of its own, so that one caller who leaves aborts nobody else.
type intake struct {
	service *Service
	queue   chan *pendingAcceptance
	last    int // members of the last transaction
}

// pendingAcceptance is one caller's place in the intake.
type pendingAcceptance struct {
	acceptance repository.Acceptance
	done       chan struct{} // closed when result and err are set
	result     repository.AcceptResult
	err        error
}

func newIntake(s *Service) *intake {
	return &intake{service: s, queue: make(chan *pendingAcceptance, intakeQueue)}
}

var errIntakeFull = &faktur.Error{Kind: faktur.KindBusy, Code: "busy",
	Detail: "Too many invoices arrive at this moment. Try again in a second.", RetryAfter: time.Second}

// errUnawaited means that a request ended before its commit was known.
var errUnawaited = errors.New("the commit was not waited for")

// enter takes a place at once, or says that there is none.
func (in *intake) enter(a repository.Acceptance) (*pendingAcceptance, error) {
	p := &pendingAcceptance{acceptance: a, done: make(chan struct{})}
	select {
	case in.queue <- p:
		return p, nil
	default:
		return nil, errIntakeFull
	}
}

// enterWaiting takes a place as soon as there is one.
func (in *intake) enterWaiting(ctx context.Context, a repository.Acceptance) (*pendingAcceptance, error) {
	p := &pendingAcceptance{acceptance: a, done: make(chan struct{})}
	select {
	case in.queue <- p:
		return p, nil
	case <-ctx.Done():
		return nil, errIntakeFull
	}
}

// alone commits one acceptance in a transaction of its own, for what would make
// the others of a shared one wait.
func (in *intake) alone(a repository.Acceptance) *pendingAcceptance {
	p := &pendingAcceptance{acceptance: a, done: make(chan struct{})}
	in.commit([]*pendingAcceptance{p})
	return p
}

// decided is an acceptance of which nothing needs to be committed.
func decided(a repository.Acceptance, result repository.AcceptResult) *pendingAcceptance {
	p := &pendingAcceptance{acceptance: a, done: make(chan struct{}), result: result}
	close(p.done)
	return p
}

// await waits for the commit. A caller who leaves before is not told; the
// member is stored all the same, and the reference finds it again.
func (p *pendingAcceptance) await(ctx context.Context) (Accepted, error) {
	if fault.Planted(fault.EarlyAnswer) {
		return p.accepted()
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return Accepted{}, fmt.Errorf("%w: %w", errUnawaited, ctx.Err())
	}
	if p.err != nil {
		return Accepted{}, p.err
	}
	return p.accepted()
}

func (p *pendingAcceptance) accepted() (Accepted, error) {
	r := &p.result
	switch {
	case r.Err != nil:
		return Accepted{}, r.Err
	case r.Conflict != nil:
		return Accepted{}, referenceConflict(r.Conflict)
	case r.Live != nil:
		body, err := r.Live.JSON()
		return Accepted{DocumentID: r.Live.Document.ID, Body: body, Status: repository.StatusReplayed, Replayed: true}, err
	case r.Remembered != nil:
		id, err := documentID([]byte(r.Remembered.Body))
		return Accepted{DocumentID: id, Body: []byte(r.Remembered.Body), Status: r.Remembered.Status, Replayed: true}, err
	}
	return Accepted{DocumentID: p.acceptance.Stored.Document.ID, Body: p.acceptance.Answer, Status: repository.StatusAccepted}, nil
}

// referenceConflict names the document that has the reference already, and what
// its caller can do about it.
func referenceConflict(d *faktur.Document) error {
	return &faktur.Error{Kind: faktur.KindConflict, Code: "reference_conflict", DocumentID: d.ID, DocumentStatus: d.Status,
		Detail: "This reference names another " + string(d.Kind) + " of this taxpayer, with other content, which is " + string(d.Status) + ". " +
			inPlaceOfPosting(d) + " If this is another " + string(d.Kind) + ", give it a reference of its own."}
}

// inPlaceOfPosting says how the content of a document comes to be another, by how far it has come.
func inPlaceOfPosting(d *faktur.Document) string {
	cancel := "cancel it with POST " + d.Path() + "/cancel"
	switch {
	case d.Status == faktur.Queued:
		return "Correct that one with PUT " + d.Path() + "."
	case d.Status == faktur.SavedInvalid:
		return "Correct that one with PUT " + d.Path() + "?reupload=true."
	case d.Status == faktur.CancellationPending, d.Status == faktur.Approved && d.Wish == faktur.WishCancel:
		return "Its cancellation is under way: wait for its end, and post this one again when it is cancelled."
	case d.Status == faktur.Amended, d.Status == faktur.Approved && d.ReplacedByID != "":
		return "It has a replacement: GET " + d.Path() + "/chain shows it, and which of them is in force."
	case d.Status == faktur.Approved && d.Kind == faktur.KindReturn:
		return "It is filed: " + cancel + ", and post this one again when it is cancelled."
	case d.Status == faktur.Approved:
		return "It is filed: replace it with POST " + d.Path() + "/replace; or, for another buyer, " + cancel + ", and post this one again when it is cancelled."
	case d.Status == faktur.AwaitingUpload:
		return "It cannot be corrected: " + atHand(d)
	}
	return "It is under way and cannot be corrected now: wait for its outcome (GET " + d.Path() + "/status?wait=60s)."
}

// run commits until ctx ends and the queue is empty.
func (in *intake) run(ctx context.Context) {
	for {
		select {
		case first := <-in.queue:
			in.commit(in.gather(first))
		case <-ctx.Done():
			in.drain()
			return
		}
	}
}

// drain commits what had entered before the end.
func (in *intake) drain() {
	for {
		select {
		case first := <-in.queue:
			in.commit(in.gather(first))
		default:
			return
		}
	}
}

// gather takes what waits, and lingers only when the last transaction shows
// that there are others to wait for: a lone caller is not slowed down.
func (in *intake) gather(first *pendingAcceptance) []*pendingAcceptance {
	batch := []*pendingAcceptance{first}
	var lingered <-chan time.Time
	for len(batch) < intakeBatch {
		select {
		case p := <-in.queue:
			batch = append(batch, p)
			continue
		default:
		}
		if len(batch) >= in.last {
			break
		}
		if lingered == nil {
			lingered = time.After(intakeLinger)
		}
		select {
		case p := <-in.queue:
			batch = append(batch, p)
			continue
		case <-lingered:
		}
		break
	}
	in.last = len(batch)
	return batch
}

func (in *intake) commit(batch []*pendingAcceptance) {
	ctx, cancel := context.WithTimeout(context.Background(), intakeTimeout)
	defer cancel()
	in.service.counts.commitSize.Observe(float64(len(batch)))
	in.accept(ctx, batch)
	for _, p := range batch {
		close(p.done)
	}
	in.service.queued.ring()
	in.service.grown()
}

// accept stores a batch and sets every member's result or err.
func (in *intake) accept(ctx context.Context, batch []*pendingAcceptance) {
	acceptances := make([]repository.Acceptance, len(batch))
	for i, p := range batch {
		acceptances[i] = p.acceptance
	}
	results, err := in.service.DB.Accept(ctx, acceptances)
	switch {
	case err == nil:
		for i, p := range batch {
			p.result = results[i]
		}
	case repository.IsRefused(err) && len(batch) > 1:
		// One member spoils the transaction for all: each goes alone.
		for _, p := range batch {
			in.accept(ctx, []*pendingAcceptance{p})
		}
	case repository.IsCommitUnknown(err):
		in.settle(batch, err)
	default:
		for _, p := range batch {
			p.err = err
		}
	}
}

// settle finds out what became of a batch whose COMMIT lost its answer. What is
// stored is accepted. Of the rest it is not said that it was not: a server that
// has lost its caller may still be committing. Its callers may try again.
func (in *intake) settle(batch []*pendingAcceptance, lost error) {
	ctx, cancel := context.WithTimeout(context.Background(), intakeTimeout)
	defer cancel()
	ids := make([]string, len(batch))
	for i, p := range batch {
		ids[i] = p.acceptance.Stored.Document.ID
	}
	stored, err := in.which(ctx, ids)
	for i, p := range batch {
		if err != nil || !stored[ids[i]] {
			p.err = errors.Join(lost, err)
		}
	}
}

// which asks until the database is back or ctx ends.
func (in *intake) which(ctx context.Context, ids []string) (map[string]bool, error) {
	for {
		stored, err := in.service.DB.Which(ctx, ids)
		if err == nil || ctx.Err() != nil {
			return stored, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}
