package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// object is a JSON object. The document is worked on as plain JSON, because
// what makes it 3.1 (type lists, webhooks, keywords beside $ref) has no place
// in the structs of 3.0.
type object = map[string]any

const schemaRefs = "#/components/schemas/"

// child gives the object under name, made when absent.
func child(parent object, name string) object {
	if o, ok := parent[name].(object); ok {
		return o
	}
	o := object{}
	parent[name] = o
	return o
}

// componentSchemas gives the document's named schemas.
func componentSchemas(doc object) object { return child(child(doc, "components"), "schemas") }

// sorted gives an object's keys in order, so that messages and results do not change from run to run.
func sorted(o object) []string { return slices.Sorted(maps.Keys(o)) }

// walk calls visit for every object in the tree, parents after their children.
func walk(tree any, visit func(object)) {
	switch t := tree.(type) {
	case object:
		for _, key := range sorted(t) {
			walk(t[key], visit)
		}
		visit(t)
	case []any:
		for _, item := range t {
			walk(item, visit)
		}
	}
}

// copyOf gives a deep copy.
func copyOf(tree any) any {
	switch t := tree.(type) {
	case object:
		c := make(object, len(t))
		for key, value := range t {
			c[key] = copyOf(value)
		}
		return c
	case []any:
		c := make([]any, len(t))
		for i, item := range t {
			c[i] = copyOf(item)
		}
		return c
	}
	return tree
}

// refsIn gives the names of the component schemas that a tree refers to directly.
func refsIn(tree any) []string {
	names := map[string]bool{}
	walk(tree, func(o object) {
		if ref, ok := o["$ref"].(string); ok && strings.HasPrefix(ref, schemaRefs) {
			names[strings.TrimPrefix(ref, schemaRefs)] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// renameRefs points every reference to a schema in names at its new name.
func renameRefs(tree any, names map[string]string) {
	walk(tree, func(o object) {
		ref, ok := o["$ref"].(string)
		if !ok {
			return
		}
		if to, ok := names[strings.TrimPrefix(ref, schemaRefs)]; ok {
			o["$ref"] = schemaRefs + to
		}
	})
}

// merge applies a JSON Merge Patch (RFC 7396): null deletes.
func merge(target, patch any) any {
	p, ok := patch.(object)
	if !ok {
		return patch
	}
	merged, ok := target.(object)
	if !ok {
		merged = object{}
	}
	for key, value := range p {
		if value == nil {
			delete(merged, key)
			continue
		}
		merged[key] = merge(merged[key], value)
	}
	return merged
}

// render checks the document and writes it with sorted keys.
func render(doc object) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return nil, err
	}
	loaded, err := openapi3.NewLoader().LoadFromData(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the document does not load: %w", err)
	}
	if err := loaded.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the document is not valid OpenAPI: %w", err)
	}
	return text.Bytes(), nil
}
