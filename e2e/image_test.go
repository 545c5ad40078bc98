package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The image's file system, as the Dockerfile makes it, serves as its user, from
// an empty root. Only root can try that (chroot); for anybody else the build of
// the file system is all that can be held.
func TestImage(t *testing.T) {
	t.Parallel()
	target := "try-image"
	if os.Geteuid() != 0 {
		target = "image-root"
		t.Log("not root: the image's file system is built and not entered")
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	cmd := exec.Command("make", "-C", "..", target)
	cmd.Env = append(os.Environ(), "TRY_IMAGE_PORT="+port)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make %s: %v\n%s", target, err, out)
	}
	if target == "try-image" && !strings.Contains(string(out), "try-image: ok") {
		t.Errorf("make try-image did not come to its end:\n%s", out)
	}
	t.Logf("%s", out)
}
