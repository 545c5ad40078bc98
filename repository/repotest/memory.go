package repotest

import (
	"database/sql/driver"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/fakturgate/fakturgate/repository"
)

// Memory opens a fresh SQLite database in memory whose own clock, which leases
// keep, is Go's: in a bubble of testing/synctest it is the bubble's.
func Memory(t testing.TB) *repository.DB {
	t.Helper()
	keepGoTime()
	return Open(t, "sqlite::memory:")
}

// keepGoTime puts Go's clock in the place of SQLite's, which asks the kernel. It
// holds for every connection that this test binary opens from now on.
var keepGoTime = sync.OnceFunc(func() {
	now := func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return float64(time.Now().UnixMicro()) / 1e6, nil
	}
	sqlite.MustRegisterScalarFunction("unixepoch", 1, now)
})
