package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the terminal from the processes of a test, and ends
// them when the test dies without clearing up.
var ownGroup = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

// mountSmall mounts a disk of its own at a folder, with more room than the
// databases of some rounds need. It takes the rights of root.
func mountSmall(dir string) error { return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=192m") }

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

// peakMB is the most memory that a process has held; 0 when that is not known.
func peakMB(pid int) (megabytes int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	if _, err := fmt.Sscan(rest, &megabytes); err != nil {
		return 0
	}
	return megabytes >> 10 // of kilobytes
}
