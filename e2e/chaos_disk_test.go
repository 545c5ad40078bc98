package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk is a disk of its own that can be full.
type smallDisk struct{ dir string }

// newSmallDisk mounts one; nil where this process may not.
func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	dir, err := os.MkdirTemp("", "fakturgate-disk") //nolint:usetesting // where PostgreSQL's user gets to
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	if mountSmall(dir) != nil {
		return nil
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	return &smallDisk{dir}
}

func (d *smallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves no room on the disk.
func (d *smallDisk) fill() error {
	file, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	defer file.Close()
	page := make([]byte, 1<<20)
	for len(page) > 0 {
		if _, err := file.Write(page); errors.Is(err, syscall.ENOSPC) {
			page = page[:len(page)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// clear gives the room back.
func (d *smallDisk) clear() error { return os.Remove(d.ballast()) }
