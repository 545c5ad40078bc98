package fakturgate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// No folder is named for what it might hold instead of what it is about.
var nameless = []string{"util", "utils", "common", "models", "types", "pkg", "mocks"}

const (
	maxFileLines = 400
	maxFuncLines = 60
)

// longFiles are the files that may be longer, each with its reason.
var longFiles = map[string]string{}

func TestSizesAndNames(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isForeign(name, entry):
			return filepath.SkipDir
		case entry.IsDir() && slices.Contains(nameless, entry.Name()):
			t.Errorf("The folder %s says nothing of what is in it. Name it after what its code is about.", name)
		case !entry.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			checkSizes(t, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isForeign(name string, entry fs.DirEntry) bool {
	hidden := strings.HasPrefix(entry.Name(), ".") && name != "."
	return hidden || entry.Name() == "node_modules" || entry.Name() == "testdata"
}

func checkSizes(t *testing.T, name string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if ast.IsGenerated(file) {
		return
	}
	lines := files.File(file.FileStart).LineCount()
	_, excepted := longFiles[name]
	if lines > maxFileLines && !excepted {
		t.Errorf("%s has %d lines, more than %d. Cut it where its subject changes, or list it in longFiles with the reason.", name, lines, maxFileLines)
	}
	if lines <= maxFileLines && excepted {
		t.Errorf("%s has only %d lines and needs no place in longFiles.", name, lines)
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		length := files.Position(function.End()).Line - files.Position(function.Pos()).Line + 1
		if length > maxFuncLines {
			t.Errorf("%s: %s has %d lines, more than %d. Name its parts.", files.Position(function.Pos()), function.Name.Name, length, maxFuncLines)
		}
	}
}
