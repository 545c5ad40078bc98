package repository

import (
	"context"
	"time"

	"github.com/lib/pq"
)

// notifyChannel is the PostgreSQL channel of wake-ups; they carry nothing.
const notifyChannel = "fakturgate"

// Notify wakes the other processes on this database. On SQLite there are none.
func (db *DB) Notify(ctx context.Context) error {
	if !db.dialect.isPostgres() {
		return nil
	}
	_, err := db.write.ExecContext(ctx, "NOTIFY "+notifyChannel)
	return wrap("notify", err)
}

// Listen calls heard for every wake-up, and after every reconnection, until ctx
// ends. A wake-up may get lost: whoever relies on it looks by itself now and then.
func (db *DB) Listen(ctx context.Context, heard func()) {
	if !db.dialect.isPostgres() {
		<-ctx.Done()
		return
	}
	listener := pq.NewListener(db.url, time.Second, 30*time.Second, nil)
	defer listener.Close()
	go func() {
		// Listen blocks while the database is away, and the listener repeats it by itself.
		_ = listener.Listen(notifyChannel)
	}()
	for {
		select {
		case <-listener.Notify:
			heard()
		case <-ctx.Done():
			return
		}
	}
}
