// Package service is what happens: it accepts invoices, hands them to the tax
// system, follows their status, tells subscribers, and watches deadlines. It
// knows no HTTP and no SQL.
//
// Its workers (relay, recover, poll, deliver, watch) are single steps that one
// loop drives, so that a test can drive them one by one.
package service

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/webhook"
)

// Config is what a Service is made of. DB, Rules and Sealer are required.
type Config struct {
	DB    *repository.DB
	Rules *faktur.Rules
	// Sealer encrypts secrets at rest.
	Sealer *Sealer
	// Channels are the ways into the tax system that this process is set up
	// for; a seller on any other is refused at registration.
	Channels []adapter.Channel
	// Sender makes one webhook attempt and holds the guard against private addresses.
	Sender *webhook.Sender
	Logger *slog.Logger // nil means slog.Default

	Lease        time.Duration // how long a worker holds a shard; 0 means 30s
	SettleWindow time.Duration // until an absent submission is certainly absent; 0 means 30m
	CallTimeout  time.Duration // of one call to a channel; 0 means 20s, and never more than half of Lease

	// Now is the clock, and NewID gives UUIDv7s; nil means the real ones. Tests inject theirs.
	Now   func() time.Time
	NewID func() string
}

// Service holds the gateway's rules over one database.
type Service struct {
	Config
	intake  *intake
	wake    *wake
	leases  *leases
	relays  []*relay
	metrics *metrics
}

func newUUIDv7() string { return uuid.Must(uuid.NewV7()).String() }
