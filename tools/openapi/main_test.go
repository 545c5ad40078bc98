package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The fixture has one of everything that the handlers' annotations use.
func TestGenerateGolden(t *testing.T) {
	t.Parallel()
	root := filepath.Join("testdata", "gateway")
	folders := []string{filepath.Join(root, "handlers"), filepath.Join(root, "faktur")}
	got, err := generate(folders, filepath.Join(root, "overlay.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(root, "openapi.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the document is no longer %s; run with -update and look at what changed", golden)
	}
}
