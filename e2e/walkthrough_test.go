package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whoever follows the README's walk-through in a fresh checkout, word for word,
// sees what it says.
func TestWalkthrough(t *testing.T) { //nolint:paralleltest // the README's ports are everyone's
	for _, port := range []string{"8080", "9000", "9090"} {
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatalf("The README's walk-through needs port %s, and something else listens there. Stop it, and run this test again: %v", port, err)
		}
		listener.Close()
	}
	dir := freshCopy(t, "..")
	shell := startShell(t, dir)
	for _, step := range walkthroughSteps(t, filepath.Join(dir, "README.md")) {
		printed := shell.run(step.commands)
		if !step.promised.MatchString(printed) {
			t.Fatalf("README.md line %d: what this prints is not what the README says below it.\n%s\nIt prints:\n%s\nThe README says:\n%s",
				step.line, step.commands, printed, step.promise)
		}
	}
}

// walkthroughStep is a block of commands, and the block below it of what they print.
type walkthroughStep struct {
	line     int
	commands string
	promise  string
	promised *regexp.Regexp
}

var fencedBlock = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// walkthroughSteps reads the section "Walk-through" of a README. Commands with no
// block of text below them promise nothing but to succeed.
func walkthroughSteps(t *testing.T, path string) []walkthroughStep {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, section, found := bytes.Cut(text, []byte("\n## Walk-through\n"))
	section, _, ended := bytes.Cut(section, []byte("\n## "))
	if !found || !ended {
		t.Fatalf("%s has no section Walk-through", path)
	}
	line := func(offset int) int {
		return 3 + bytes.Count(before, []byte("\n")) + bytes.Count(section[:offset], []byte("\n"))
	}
	var steps []walkthroughStep
	for _, at := range fencedBlock.FindAllSubmatchIndex(section, -1) {
		kind, body := string(section[at[2]:at[3]]), string(section[at[4]:at[5]])
		if kind == "sh" {
			steps = append(steps, walkthroughStep{line: line(at[0]), commands: body, promised: regexp.MustCompile("")})
			continue
		}
		step := &steps[len(steps)-1]
		step.promise = body
		step.promised = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(body), "…", ".*") + "$")
	}
	if len(steps) < 8 {
		t.Fatalf("%s has %d blocks of commands, so they are not written as they were", path, len(steps))
	}
	return steps
}

// notInCheckout is what a fresh checkout does not have.
var notInCheckout = []string{".git", "bin", "dist", "node_modules"}

// freshCopy copies what a checkout has into an empty folder.
func freshCopy(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		if slices.Contains(notInCheckout, entry.Name()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyEntry(filepath.Join(to, relative), path, entry)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func copyEntry(to, from string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if entry.IsDir() {
		return os.Mkdir(to, info.Mode().Perm()|0o700)
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}

// shell is one bash that runs block after block, as a reader's terminal does.
type shell struct {
	t      *testing.T
	dir    string
	blocks int
	input  *os.File
	output chan []byte
}

// stepWithin is how long a block may take; the first one builds the binary.
const stepWithin = 5 * time.Minute

// startShell starts a bash in dir, with no setting of ours in its environment.
// It ends with the test, and everything that it started with it.
func startShell(t *testing.T, dir string) *shell {
	t.Helper()
	commandsOut, commandsIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	printedOut, printedIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	bash := exec.Command("bash", "--norc", "--noprofile")
	bash.Dir = dir
	bash.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FAKTURGATE_") })
	bash.Env = append(bash.Env, "TMPDIR="+t.TempDir())
	bash.Stdin, bash.Stdout, bash.Stderr = commandsOut, printedIn, printedIn
	bash.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := bash.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-bash.Process.Pid, syscall.SIGKILL) // it may have ended already
		_ = bash.Wait()
		for _, f := range []*os.File{commandsOut, commandsIn, printedOut, printedIn} {
			f.Close()
		}
	})
	s := &shell{t: t, dir: dir, input: commandsIn, output: make(chan []byte)}
	go s.read(printedOut)
	return s
}

func (s *shell) read(from *os.File) {
	defer close(s.output)
	for {
		buffer := make([]byte, 64<<10)
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		s.output <- buffer[:n]
	}
}

// run gives what a block prints. A block whose last command fails, or that does
// not end, fails the test.
func (s *shell) run(commands string) string {
	s.t.Helper()
	s.blocks++
	file := filepath.Join(s.t.TempDir(), "block.sh")
	if err := os.WriteFile(file, []byte(commands), 0o600); err != nil {
		s.t.Fatal(err)
	}
	mark := fmt.Sprintf("end of block %d:", s.blocks)
	if _, err := fmt.Fprintf(s.input, ". '%s' < /dev/null; echo \"%s$?\"\n", file, mark); err != nil {
		s.t.Fatal(err)
	}
	var printed []byte
	for limit := time.After(stepWithin); ; {
		select {
		case more, ok := <-s.output:
			printed = append(printed, more...)
			text, status, ended := strings.Cut(string(printed), mark)
			if ended && strings.HasSuffix(status, "\n") {
				if status != "0\n" {
					s.t.Fatalf("%s\nends with exit status %sand prints:\n%s", commands, status, text)
				}
				return text
			}
			if !ok {
				s.t.Fatalf("%s\nends the shell and prints:\n%s", commands, printed)
			}
		case <-limit:
			s.t.Fatalf("%s\ndoes not end within %v and prints:\n%s", commands, stepWithin, printed)
		}
	}
}
