package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process is a fakturgate of a test's own. It is ended with the test; ending by
// itself fails the test.
type process struct {
	t       *testing.T
	name    string
	program string // "" is the binary under test
	args    []string
	env     []string
	log     string // a file, which every start of the process adds to
	cmd     *exec.Cmd
	ending  atomic.Bool
	ended   chan struct{}
	outcome error // of the process; after ended
}

// start runs the binary with nothing in its environment but env.
func start(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, env: env, log: filepath.Join(t.TempDir(), name+".log")}
	p.launch()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", p.name, p.lastWords())
		}
	})
	return p
}

// launch starts the process, for the first time or again.
func (p *process) launch() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	program := p.program
	if program == "" {
		program = binary(p.t)
	}
	p.cmd = exec.Command(program, p.args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, log, log
	p.cmd.SysProcAttr = ownGroup
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ending.Store(false)
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		err := cmd.Wait()
		if !p.ending.Load() {
			p.t.Errorf("%s ended by itself: %v", p.name, err)
		}
		p.outcome = err
		close(ended)
	}(p.cmd, p.ended)
}

// kill is kill -9. A process that has ended already is left alone.
func (p *process) kill() {
	p.t.Helper()
	p.ending.Store(true)
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill %s: %v", p.name, err)
	}
	<-p.ended
}

// stop ends the process as an operator would, and gives its exit code.
func (p *process) stop(within time.Duration) int {
	p.t.Helper()
	p.ending.Store(true)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("stop %s: %v", p.name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(within):
		p.t.Fatalf("%s does not stop within %v", p.name, within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// stopTime is how long an operator gives a gateway to stop (docs/operations.md).
const stopTime = 40 * time.Second

// awaitAnswer waits until an address answers 200.
func (p *process) awaitAnswer(url string) {
	p.t.Helper()
	eventually(p.t, p.name+" is up", func() bool {
		answer, err := http.Get(url)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode == http.StatusOK
	})
}

// lastWords is the end of the log without the lines about requests that went well.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range bytes.Lines(text) {
		if s := string(line); !strings.Contains(s, "msg=request ") || strings.Contains(s, "status=5") {
			lines = append(lines, s)
		}
	}
	const most = 60
	return cmp.Or(strings.Join(lines[max(0, len(lines)-most):], ""), "(empty)")
}

// mayEnd says that the process ending by itself is no failure of the test.
func (p *process) mayEnd() { p.ending.Store(true) }

// fails waits until the process ends by itself with a code other than 0 and a
// word about the reason.
func (p *process) fails(t *testing.T, within time.Duration, because string) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Fatalf("%s does not fail within %v", p.name, within)
	}
	if p.cmd.ProcessState.ExitCode() <= 0 || !strings.Contains(p.lastWords(), because) {
		t.Errorf("%s ended as %v without saying %q:\n%s", p.name, p.outcome, because, p.lastWords())
	}
}

// mustRun runs a command to its end, which must be a good one, and gives what it wrote.
func mustRun(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("fakturgate %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
