package e2e

import "syscall"

// ownGroup keeps a Ctrl-C at the terminal from the processes of a test, and ends
// them when the test dies without clearing up.
var ownGroup = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
