package fakturgate_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "write the generated documents instead of comparing with them")

// docs/state-machine.md says what faktur.Transitions allows, no more and no less.
func TestStateMachineDoc(t *testing.T) {
	t.Parallel()
	const file = "docs/state-machine.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// What stands below is held by the test in package service that tries it.
	_, below, _ := strings.Cut(string(page), "\n## Who leads it on\n")
	got := stateMachine() + "\n## Who leads it on\n" + below
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what faktur.Transitions says; make generate writes it (-file +now):\n%s", file, diff)
	}
}

func stateMachine() string {
	var diagram, table strings.Builder
	for _, step := range faktur.Transitions() {
		fmt.Fprintf(&diagram, "    %s --> %s\n", step.From, step.To)
		fmt.Fprintf(&table, "| %s | %s | %s |\n", step.From, step.To, step.Why)
	}
	return `# The life of a document

<!-- Diagram and table of steps are generated from faktur.Transitions by make generate; do not edit them. -->

Every step below tells one event, ` + "`invoice.STATUS` or `return.STATUS`" + `. A step that is not
in the table does not happen: asking for it answers 409.

` + "```mermaid\nstateDiagram-v2\n    [*] --> queued\n" + diagram.String() + "```" + `

| from | to | when |
|---|---|---|
` + table.String()
}

// Whoever may subscribe to an event type finds it described, and nothing is
// described that never comes.
func TestWebhooksAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Webhooks map[faktur.EventType]any `json:"webhooks"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var described []faktur.EventType
	for eventType := range document.Webhooks {
		described = append(described, eventType)
	}
	slices.Sort(described)
	types := faktur.EventTypes()
	slices.Sort(types)
	if diff := cmp.Diff(types, described); diff != "" {
		t.Errorf("faktur.EventTypes and the webhooks of docs/openapi.json differ; describe them in docs/openapi.overlay.yaml (-code +document):\n%s", diff)
	}
}

// The pages that say what holds a promise name tests that there are.
func TestPagesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, name := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(name[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"docs/security.md", "docs/reliability.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(page), -1) {
			if !there[name] {
				t.Errorf("%s names %s, and there is none", file, name)
			}
		}
	}
}

// Every fuzz target keeps seeds: in its code, so that each test run tries them.
func TestFuzzTargetsKeepSeeds(t *testing.T) {
	t.Parallel()
	target := regexp.MustCompile(`(?s)\nfunc (Fuzz\w+)\(f \*testing\.F\) \{(.*?)\n\tf\.Fuzz\(`)
	found := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, fuzz := range target.FindAllSubmatch(source, -1) {
			found++
			if seeds := string(fuzz[2]); !strings.Contains(seeds, "f.Add(") && !strings.Contains(seeds, "(f, ") && !strings.Contains(seeds, "(f)") {
				t.Errorf("%s begins from nothing: give it seeds with f.Add", fuzz[1])
			}
		}
		return err
	})
	if err != nil || found < 20 {
		t.Errorf("%d fuzz targets, %v", found, err)
	}
}
