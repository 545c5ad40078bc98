//go:build !linux

package e2e

import "syscall"

// ownGroup keeps a Ctrl-C at the terminal from the processes of a test.
var ownGroup = &syscall.SysProcAttr{Setpgid: true}
