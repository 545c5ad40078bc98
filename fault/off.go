//go:build !faults

package fault

import "time"

// Reached tells that a process is at a point. Without the build tag faults it does nothing.
func Reached(Point) {}

// Planted says whether a process has a bug. Without the build tag faults it has none.
func Planted(Bug) bool { return false }

// Now is the wall clock.
func Now() time.Time { return time.Now() }
