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
