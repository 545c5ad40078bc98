package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/swaggo/swag"
)

// readAnnotations lets swag read the annotations and turns its Swagger 2.0 into
// OpenAPI 3. The general info comes from the overlay, not from annotations.
// types are Go types that no annotation names and whose schemas are wanted too.
func readAnnotations(folders, types []string) (object, error) {
	files, err := filepath.Glob(filepath.Join(folders[0], "*.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no Go files in %s", folders[0])
	}
	// swag logs every type it meets; what is wrong comes back as an error.
	parser := swag.New(swag.SetDebugger(log.New(io.Discard, "", 0)), swag.SetStrict(true))
	if err := parser.ParseAPIMultiSearchDir(folders, filepath.Base(files[0]), 0); err != nil {
		return nil, fmt.Errorf("swag: %w", err)
	}
	for _, name := range types {
		if err := swag.NewOperation(parser).ParseComment("@Success 200 {object} "+name, nil); err != nil {
			return nil, fmt.Errorf("swag: %s: %w", name, err)
		}
	}
	text, err := json.Marshal(parser.GetSwagger())
	if err != nil {
		return nil, err
	}
	var swagger openapi2.T
	if err := json.Unmarshal(text, &swagger); err != nil {
		return nil, fmt.Errorf("swag's document: %w", err)
	}
	openapi, err := openapi2conv.ToV3(&swagger)
	if err != nil {
		return nil, fmt.Errorf("swag's document: %w", err)
	}
	if text, err = json.Marshal(openapi); err != nil {
		return nil, err
	}
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	doc["openapi"] = "3.1.0"
	delete(doc, "info")
	delete(child(doc, "components"), "securitySchemes")
	return doc, nil
}
