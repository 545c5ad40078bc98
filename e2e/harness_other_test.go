//go:build !linux

package e2e

import (
	"errors"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the terminal from the processes of a test.
var ownGroup = &syscall.SysProcAttr{Setpgid: true}

func mountSmall(string) error { return errors.ErrUnsupported }

func unmount(string) error { return errors.ErrUnsupported }

// peakMB is the most memory that a process has held; 0 when that is not known.
func peakMB(int) int { return 0 }
