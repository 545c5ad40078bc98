package e2e

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The command line, as testdata/script/*.txtar tell it. Each script runs in a
// folder of its own, with nothing of ours in its environment but:
//
//	$postgres    the address of an empty PostgreSQL database
//	$masterkey   a master key
func TestCommandLine(t *testing.T) {
	t.Parallel()
	folder := filepath.Dir(binary(t))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", folder+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("postgres", newDatabase(t, "postgres"))
			env.Setenv("masterkey", masterKey)
			return nil
		},
	})
}
