package repository_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// A backup is marked wherever it lies, also where a URI would read the name otherwise.
func TestABackupIsMarkedWhateverItsName(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, name := range []string{"plain.db", "why?.db", "no#1.db", "50%.db", "%41.db", "a b&c=d.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, folder := repotest.SQLite(t), t.TempDir()
			path := filepath.Join(folder, name)
			if err := db.Backup(ctx, path); err != nil {
				t.Fatal(err)
			}
			if files, err := os.ReadDir(folder); err != nil || len(files) != 1 || files[0].Name() != name {
				t.Errorf("the folder holds %v, %v", files, err)
			}
			if err := repotest.Open(t, "sqlite:"+path).CheckIdentity(ctx); !errors.Is(err, repository.ErrRestored) {
				t.Errorf("it is served from: %v", err)
			}
		})
	}
}

// What could not be written through keeps its preliminary name: the null device
// behind the link cannot be synced.
func TestAFileThatIsNotOnTheDiskIsNotMoved(t *testing.T) {
	t.Parallel()
	from, to := filepath.Join(t.TempDir(), "half"), filepath.Join(t.TempDir(), "whole")
	if err := os.Symlink(os.DevNull, from); err != nil {
		t.Fatal(err)
	}
	if err := repository.MoveThrough(from, to); err == nil {
		t.Error("no error")
	}
	if _, err := os.Lstat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it has its final name: %v", err)
	}
	if _, err := os.Lstat(from); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}
