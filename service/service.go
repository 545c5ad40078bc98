// Package service is what happens: it accepts invoices, hands them to the tax
// system, follows their status, tells subscribers, and watches deadlines. It
// knows no HTTP and no SQL.
//
// Its workers (relay, recovery, poll, follow, courier, watch) are written as
// single steps that a loop drives, so that a test can drive them one by one.
package service

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/webhook"
)

// Config is what a Service is made of. DB, Rules, Sealer and Sender are required.
type Config struct {
	DB    *repository.DB
	Rules *faktur.Rules
	// Sealer encrypts secrets at rest.
	Sealer *Sealer
	// Channels are the ways into the tax system that this process is set up
	// for; a seller on any other is refused at registration.
	Channels []adapter.Channel
	// Sender makes single webhook attempts and holds the guard against private addresses.
	Sender *webhook.Sender
	Logger *slog.Logger // nil means slog.Default

	Lease        time.Duration // how long a worker holds a shard; 0 means 30s
	SettleWindow time.Duration // until an absent submission is certainly absent; 0 means 30m
	CallTimeout  time.Duration // of one call to a channel; 0 means a third of Lease, its most
	ReuploadWait time.Duration // how long a re-upload under way keeps the seller's next one waiting; 0 means 15m
	StuckAfter   time.Duration // in signing, until invoice.signing_stuck; 0 means 24h
	DeadlineNear time.Duration // before the deadline, until invoice.deadline_near; 0 means 72h
	GatherAfter  time.Duration // how long what waits for a file waits for company; 0 means 1m
	PollMin      time.Duration // until the first question about a young document; 0 means 1s
	PollMax      time.Duration // between questions about an old one; 0 means 15m

	// Now is the clock, and NewID gives UUIDv7s; nil means the real ones. Tests inject theirs.
	Now   func() time.Time
	NewID func() string
}

// Service holds the gateway's rules over one database.
type Service struct {
	Config
	id       string // of this process, among those that share the database
	channels []*channel
	intake   *intake
	leases   *leases
	turns    turns
	keys     keyring
	sellers  registry
	tail     tail
	counts   *counts
	// importing is held by the status import under way.
	importing chan struct{}

	// queued rings when something waits to be handed over; told when the feed
	// has grown; ours when it was this process that made it grow.
	// wished rings when something is asked of a channel about what is approved.
	queued, told, ours, wished bell
}

// New makes a Service. Nothing runs before Run.
func New(c Config) *Service {
	c.Logger = orElse(c.Logger, slog.Default())
	c.Lease = orElse(c.Lease, 30*time.Second)
	c.SettleWindow = orElse(c.SettleWindow, 30*time.Minute)
	c.CallTimeout = min(orElse(c.CallTimeout, c.Lease/3), c.Lease/3)
	c.ReuploadWait = orElse(c.ReuploadWait, 15*time.Minute)
	c.StuckAfter = orElse(c.StuckAfter, 24*time.Hour)
	c.DeadlineNear = orElse(c.DeadlineNear, 72*time.Hour)
	c.GatherAfter = orElse(c.GatherAfter, time.Minute)
	c.PollMin = orElse(c.PollMin, time.Second)
	c.PollMax = orElse(c.PollMax, 15*time.Minute)
	c.Now = stored(c.Now)
	if c.NewID == nil {
		c.NewID = newUUIDv7
	}
	s := &Service{Config: c, id: c.NewID(), counts: newCounts(), importing: make(chan struct{}, 1)}
	s.intake = newIntake(s)
	s.leases = newLeases(s)
	for _, c := range c.Channels {
		s.channels = append(s.channels, newChannel(s, c))
	}
	return s
}

// stored makes a clock that ticks in microseconds, as times are stored, so that
// an answer shows the same time at first and when it is read again.
func stored(now func() time.Time) func() time.Time {
	if now == nil {
		now = fault.Now
	}
	return func() time.Time {
		t := now()
		return t.Add(-time.Duration(t.Nanosecond() % 1000)) // unlike Truncate it keeps the monotonic reading
	}
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func newUUIDv7() string { return uuid.Must(uuid.NewV7()).String() }

// Reference is the code lists that this gateway checks against.
func (s *Service) Reference() *faktur.Reference { return s.Rules.Reference }
