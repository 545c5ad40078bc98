package main

import (
	"os"
	"testing"
	"time"
)

// TestMain is the plain handler, too, when it is called as one.
func TestMain(m *testing.M) {
	if isPlain() {
		exitOn(servePlain(os.Args[2], os.Args[3]))
		return
	}
	os.Exit(m.Run())
}

// The comparison runs to its end; its figures are not looked at, for a busy
// machine has no say in them.
func TestComparisonRuns(t *testing.T) {
	t.Parallel()
	c := comparison{rounds: 1, connections: 8, lasts: time.Second}
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}
