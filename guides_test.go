package fakturgate_test

import (
	"cmp"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/faktur"
)

// guides gives the text of every guide, configuration file and API description
// that a reader of this repository meets, by path.
func guides(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "dist", "node_modules"}, entry.Name()) {
			return fs.SkipDir
		}
		if extension := filepath.Ext(path); extension != ".md" && extension != ".yaml" && path != "Dockerfile" {
			return nil
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	codeBlock    = regexp.MustCompile("(?ms)^```.*?^```$")
)

// Every link from one page of ours to another leads somewhere, with its #part.
func TestLinks(t *testing.T) {
	t.Parallel()
	texts := guides(t)
	for from, text := range texts {
		if filepath.Ext(from) != ".md" {
			continue
		}
		for _, link := range markdownLink.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			address, part, _ := strings.Cut(link[1], "#")
			if strings.Contains(address, "://") || strings.HasPrefix(address, "mailto:") {
				continue
			}
			to := from
			if address != "" {
				to = filepath.Join(filepath.Dir(from), address)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, and there is no such file", from, link[1])
			} else if part != "" && !slices.Contains(anchors(texts[to]), part) {
				t.Errorf("%s links to %s, and %s has no such heading", from, link[1], to)
			}
		}
	}
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)

// anchors are the #parts that GitHub gives to the headings of a page.
func anchors(text string) []string {
	var names []string
	for _, h := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		names = append(names, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return names
}

// setting is a flag of a command, its variable and its default; "" where it has none.
type setting struct{ Flag, Variable, Default string }

var (
	helpCommand  = regexp.MustCompile(`(?m)^  ([a-z]+(?: [a-z]+)?)  `)
	helpFlag     = regexp.MustCompile(`(?m)^ +--([a-z-]+)(?:=\S+)? +(.*)$`)
	helpVariable = regexp.MustCompile(`\(\$(\w+)\)`)
	helpDefault  = regexp.MustCompile(`\(default: ([^)]+)\)`)
)

// commands gives the settings of every command, as --help tells them.
func commands(t *testing.T) map[string][]setting {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "fakturgate")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/fakturgate").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	help := func(arguments ...string) string {
		command := exec.Command(binary, append(arguments, "--help")...)
		command.Env = []string{"COLUMNS=1000"} // every flag on one line
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, out)
		}
		return string(out)
	}
	all := map[string][]setting{}
	for _, command := range helpCommand.FindAllStringSubmatch(help(), -1) {
		for _, flag := range helpFlag.FindAllStringSubmatch(help(strings.Fields(command[1])...), -1) {
			s := setting{Flag: flag[1]}
			if found := helpVariable.FindStringSubmatch(flag[2]); found != nil {
				s.Variable = found[1]
			}
			if found := helpDefault.FindStringSubmatch(flag[2]); found != nil {
				s.Default = found[1]
			}
			all[command[1]] = append(all[command[1]], s)
		}
	}
	if len(all) < 8 {
		t.Fatalf("--help shows %d commands with flags, so it is not written as it was", len(all))
	}
	return all
}

var settingRow = regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| (?:`(\\w+)`)? ?\\| ?([^|]*?) ?\\|")

// documentedSettings gives the rows under "### COMMAND" in docs/operations.md.
func documentedSettings(t *testing.T, command string) []setting {
	t.Helper()
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### "+command+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	var rows []setting
	for _, row := range settingRow.FindAllStringSubmatch(section, -1) {
		rows = append(rows, setting{row[1], row[2], strings.Trim(row[3], "`")})
	}
	return rows
}

// docs/operations.md names every setting that there is, with its variable and
// default, and none that there is not; and so does whatever else we write.
func TestSettings(t *testing.T) {
	t.Parallel()
	all := commands(t)
	t.Run("tables", func(t *testing.T) {
		t.Parallel()
		checkTables(t, all)
	})
	t.Run("variables", func(t *testing.T) {
		t.Parallel()
		checkVariables(t, all)
	})
}

func checkTables(t *testing.T, all map[string][]setting) {
	t.Helper()
	byFlag := func(a, b setting) int { return cmp.Compare(a.Flag, b.Flag) }
	for _, command := range []string{"serve", "simulator", "keys create"} {
		told, documented := slices.SortedFunc(slices.Values(all[command]), byFlag), slices.SortedFunc(slices.Values(documentedSettings(t, command)), byFlag)
		if diff := gocmp.Diff(documented, told); diff != "" {
			t.Errorf("docs/operations.md and `fakturgate %s --help` differ (-document +help):\n%s", command, diff)
		}
	}
	// The others have a table for what those do not tell.
	for command, told := range all {
		own := documentedSettings(t, command)
		for _, s := range own {
			if !slices.Contains(told, s) {
				t.Errorf("docs/operations.md has %+v for `fakturgate %s`, which --help does not", s, command)
			}
		}
		for _, s := range told {
			same := func(d setting) bool { return d.Flag == s.Flag && d.Variable == s.Variable }
			if !slices.ContainsFunc(slices.Concat(own, all["serve"], all["keys create"]), same) {
				t.Errorf("docs/operations.md does not tell of --%s of `fakturgate %s`", s.Flag, command)
			}
		}
	}
}

var (
	variableName = regexp.MustCompile(`FAKTURGATE_[A-Z0-9_]+`)
	// ofTests are read by tests alone; CONTRIBUTING.md and their packages tell of them.
	ofTests = regexp.MustCompile(`^FAKTURGATE_(TEST|E2E)_`)
	// ofReaders are the shell variables of an example, no settings of ours.
	ofReaders = []string{"FAKTURGATE_KEY"}
)

// checkVariables holds that a variable that a guide names is one that --help names.
func checkVariables(t *testing.T, all map[string][]setting) {
	t.Helper()
	known := map[string]bool{}
	for _, settings := range all {
		for _, s := range settings {
			known[s.Variable] = true
		}
	}
	prefixed := func(prefix string) bool { // "FAKTURGATE_SIM_*" names them all
		for name := range known {
			if strings.HasSuffix(prefix, "_") && strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	for path, text := range guides(t) {
		for _, name := range variableName.FindAllString(text, -1) {
			if !known[name] && !prefixed(name) && !ofTests.MatchString(name) && !slices.Contains(ofReaders, name) {
				t.Errorf("%s names %s, and no command has such a variable", path, name)
			}
		}
	}
}

var mermaid = regexp.MustCompile("(?s)```mermaid\n.*?```\n")

// The README shows the diagram of docs/state-machine.md.
func TestReadmeDiagram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown, generated := mermaid.FindString(string(readme)), mermaid.FindString(stateMachine())
	if *update && shown != "" {
		if err := os.WriteFile("README.md", []byte(strings.Replace(string(readme), shown, generated, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(shown, generated); diff != "" {
		t.Errorf("README.md does not show the diagram of docs/state-machine.md; go test . -run TestReadmeDiagram -update puts it there (-README +now):\n%s", diff)
	}
}

// The README's table of channels says what each can do as the contract's table
// has it, which every channel is held to.
func TestReadmeChannels(t *testing.T) {
	t.Parallel()
	can := map[string]func(adapter.Capabilities) bool{
		"replace":                  func(c adapter.Capabilities) bool { return c.Replace },
		"cancel what is approved":  func(c adapter.Capabilities) bool { return c.Cancel },
		"down payment, settlement": func(c adapter.Capabilities) bool { return c.DownPayment },
		"returns (masukan)":        func(c adapter.Capabilities) bool { return c.Returns },
		"PDF":                      func(c adapter.Capabilities) bool { return c.PDF },
		"what is lost on the way":  func(c adapter.Capabilities) bool { return c.LookUp },
	}
	var channels []string
	seen := 0
	for line := range strings.Lines(guides(t)["README.md"]) {
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		cells = slices.DeleteFunc(cells, func(cell string) bool { return cell == "" })
		if strings.Contains(line, "`pjap` | `coretax_xml`") {
			channels = cells
		}
		if len(cells) == 0 {
			continue
		}
		of, known := can[cells[0]]
		if !known || len(cells) != len(channels)+1 {
			continue
		}
		seen++
		for i, name := range channels {
			says := !slices.Contains([]string{"no", "in the portal", "waits for a status import"}, cells[i+1])
			if c := adaptertest.Table[faktur.Channel(strings.Trim(name, "`"))]; of(c) != says {
				t.Errorf("%s, %s: the README says %q, and the contract's table %v", name, cells[0], cells[i+1], of(c))
			}
		}
	}
	if seen != len(can) || len(channels) != len(adaptertest.Table) {
		t.Errorf("the table has %d of %d rows, and the channels %v", seen, len(can), channels)
	}
}

// Every message in docs/operations.md's tables of the log is one that is logged.
func TestLogMessages(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## The log\n")
	told := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1)
	if len(told) < 15 {
		t.Fatalf("docs/operations.md tells of %d messages", len(told))
	}
	var code strings.Builder
	for _, folder := range []string{"api", "handlers", "service", "cmd/fakturgate"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				code.Write(text)
			}
		}
	}
	for _, message := range told {
		if !strings.Contains(code.String(), `"`+message[1]) {
			t.Errorf("docs/operations.md tells of the message %q, which nothing logs", message[1])
		}
	}
}
