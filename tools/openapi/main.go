// Command openapi writes the published OpenAPI 3.1 document.
//
// It goes in a straight line: swag reads the annotations on the handlers
// (annotations.go), the struct tags give back what swag drops (tags.go), schemas
// and operations take the API's one shape (schemas.go, requests.go,
// operations.go), and the hand-written overlay adds what no
// annotation can say (overlay.go, docs/openapi.overlay.yaml).
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the repository's root")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	// The first folder holds the annotations, the others the types they name.
	folders := []string{
		filepath.Join(root, "handlers"), filepath.Join(root, "service"), filepath.Join(root, "faktur"),
	}
	text, err := generate(folders, filepath.Join(root, "docs", "openapi.overlay.yaml"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "openapi.json"), text, 0o644)
}

// generate gives the document for the annotated Go code in folders. The same
// input gives the same bytes.
func generate(folders []string, overlayFile string) ([]byte, error) {
	overlay, err := readOverlay(overlayFile)
	if err != nil {
		return nil, err
	}
	structs, err := readStructs(folders)
	if err != nil {
		return nil, err
	}
	doc, err := readAnnotations(folders, overlay.Types)
	if err != nil {
		return nil, err
	}
	if err := restoreTags(doc, structs); err != nil {
		return nil, err
	}
	if err := renameSchemas(doc); err != nil {
		return nil, err
	}
	if err := shapeSchemas(doc); err != nil {
		return nil, err
	}
	if err := splitRequests(doc); err != nil {
		return nil, err
	}
	shapeOperations(doc, overlay)
	overlay.applyTo(doc)
	return render(doc)
}
