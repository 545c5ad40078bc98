// Package fakturgate_test holds the shape of the repository: who may import
// whom, and how large files and functions may grow.
package fakturgate_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const module = "github.com/fakturgate/fakturgate"

// mayImport says which packages of ours each one may import outside of its
// tests; adapter/* is every package below adapter. CONTRIBUTING.md says what
// lives where and why.
var mayImport = map[string][]string{
	"faktur":              {},
	"fault":               {},
	"migrations":          {},
	"docs":                {},
	"docs/docstest":       {"docs"},
	"adapter":             {"faktur"},
	"adapter/*":           {"adapter", "faktur"},
	"adapter/coretax/*":   {"faktur"},                                // the other sides that tests run against know nothing of ours
	"adapter/efaktur/*":   {"faktur", "adapter/coretax/coretaxtest"}, // what the desktop application signs, the portal lists
	"adapter/pajakio/*":   {"faktur"},
	"adapter/klikpajak/*": {"faktur"},
	"sheet":               {},
	"portal":              {"sheet", "faktur"},
	"webhook":             {"faktur"},
	"repository":          {"faktur", "fault", "migrations"},
	"repository/repotest": {"faktur", "migrations", "repository"},
	"service":             {"repository", "adapter", "portal", "webhook", "faktur", "fault"},
	"handlers":            {"service", "faktur"},
	"api":                 {"handlers", "docs"},
	"simulator":           {"faktur"},
	"cmd/*":               {everything},
	"bench":               {everything},
	"bench/*":             {everything},
	"e2e":                 {everything},
}

const everything = "*"

// onlyIn says which of our top folders may import a library.
var onlyIn = map[string][]string{
	"github.com/jmoiron/sqlx":            {"repository", "bench"}, // bench compares with a handler that uses it plainly
	"github.com/lib/pq":                  {"repository", "bench"},
	"modernc.org/sqlite":                 {"repository", "bench"},
	"github.com/go-chi/chi":              {"api", "handlers", "bench"},
	"github.com/go-playground/validator": {"faktur"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, known := mayImport[name]
		if !known {
			allowed, known = mayImport[path.Dir(name)+"/*"]
		}
		if !known {
			t.Errorf("Package %s is in no row of the import table. Put its code where its kind lives, or give it a row in imports_test.go and CONTRIBUTING.md.", name)
			continue
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
				if !slices.Contains(allowed, ours) && !slices.Contains(allowed, everything) {
					t.Errorf("Package %s imports %s, and may only import %s of ours.", name, ours, list(allowed))
				}
				continue
			}
			checkLibrary(t, name, imported)
		}
	}
}

func checkLibrary(t *testing.T, name, imported string) {
	t.Helper()
	for library, folders := range onlyIn {
		if imported != library && !strings.HasPrefix(imported, library+"/") {
			continue
		}
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains(folders, top) {
			t.Errorf("Package %s imports %s, and only %s may.", name, imported, list(folders))
		}
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

type goPackage struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
}

// listPackages gives every package of ours that has more than tests.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,GoFiles,Imports", "./...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []goPackage
	for decoder := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := json.UnmarshalDecode(decoder, &p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if len(p.GoFiles) > 0 {
			packages = append(packages, p)
		}
	}
	if len(packages) == 0 {
		t.Fatal("go list names no package")
	}
	return packages
}
