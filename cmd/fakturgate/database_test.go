package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Whoever starts at the same time for the first time seals with one key, the one
// that is kept, and nobody reads half of it.
func TestFirstStartsAtOnceShareOneMasterKey(t *testing.T) {
	t.Parallel()
	for range 50 {
		database := filepath.Join(t.TempDir(), "fakturgate.db")
		keys := make([]string, 8)
		var starts sync.WaitGroup
		for i := range keys {
			starts.Go(func() {
				var err error
				if keys[i], err = generatedKey(database); err != nil {
					t.Error(err)
				}
			})
		}
		starts.Wait()
		kept, err := os.ReadFile(database + ".masterkey")
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if trimmed([]byte(key)) != trimmed(kept) {
				t.Fatalf("one start has the key %q, kept is %q", key, kept)
			}
		}
		if files, err := os.ReadDir(filepath.Dir(database)); err != nil || len(files) != 1 {
			t.Fatalf("the folder holds %v, %v", files, err)
		}
	}
}

// A key file that is there is never written over, and what is made is for its owner only.
func TestAKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fakturgate.db.masterkey")
	if err := makeKeyFile(path, "first"); err != nil {
		t.Fatal(err)
	}
	if err := makeKeyFile(path, "second"); err == nil {
		t.Error("it was made twice")
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "first\n" {
		t.Errorf("it holds %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is %v, %v", info.Mode(), err)
	}
}
