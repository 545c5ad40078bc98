package main

import (
	"fmt"
	"strings"
)

// renameSchemas turns swag's names into the published ones: "faktur.Line" into
// "Line", and the generic "handlers.List-faktur_Line" into "LineList".
func renameSchemas(doc object) error {
	schemas := componentSchemas(doc)
	names, renamed := map[string]string{}, object{}
	for _, name := range sorted(schemas) {
		published := publishedName(name)
		if _, taken := renamed[published]; taken {
			return fmt.Errorf("two Go types would both be the schema %s; rename one of them", published)
		}
		names[name] = published
		renamed[published] = schemas[name]
	}
	child(doc, "components")["schemas"] = renamed
	renameRefs(doc, names)
	return nil
}

func publishedName(name string) string {
	name, argument, _ := strings.Cut(name, "-")
	_, name, _ = strings.Cut(name, ".")
	_, argument, _ = strings.Cut(argument, "_")
	return argument + strings.ToUpper(name[:1]) + name[1:]
}

// shapeSchemas gives every schema of the document its 3.1 shape.
func shapeSchemas(doc object) error {
	var failed error
	walk(doc, func(o object) {
		if err := shapeSchema(o); err != nil && failed == nil {
			failed = err
		}
	})
	return failed
}

// shapeSchema works on one schema, and leaves alone what is none: an object that
// has neither type nor $ref nor allOf holds none of the keywords touched here.
func shapeSchema(schema object) error {
	for _, dropped := range []string{"x-enum-varnames", "x-enum-comments", "x-enum-descriptions", "x-originalParamName"} {
		delete(schema, dropped)
	}
	if err := unwrap(schema); err != nil {
		return err
	}
	if example, ok := schema["example"]; ok && isSchema(schema) {
		delete(schema, "example")
		schema["examples"] = []any{example}
	}
	if schema["nullable"] == true {
		delete(schema, "nullable")
		allowNull(schema)
	}
	if schema["type"] == "object" && schema["properties"] != nil {
		schema["additionalProperties"] = false
	}
	return nil
}

func isSchema(o object) bool {
	if ref, ok := o["$ref"].(string); ok {
		return strings.HasPrefix(ref, schemaRefs)
	}
	_, isType := o["type"].(string)
	return isType
}

// unwrap undoes swag's allOf around a $ref that has words of its own: in 3.1
// they stand beside the $ref.
func unwrap(schema object) error {
	all, ok := schema["allOf"].([]any)
	if !ok {
		return nil
	}
	first, ok := all[0].(object)
	if len(all) != 1 || !ok || first["$ref"] == nil {
		return fmt.Errorf("a schema composed by allOf cannot be closed; give it a Go type of its own: %v", refsIn(all))
	}
	delete(schema, "allOf")
	schema["$ref"] = first["$ref"]
	return nil
}

// allowNull makes null a value of the schema.
func allowNull(schema object) {
	if ref, ok := schema["$ref"]; ok {
		delete(schema, "$ref")
		schema["anyOf"] = []any{object{"$ref": ref}, object{"type": "null"}}
		return
	}
	schema["type"] = []any{schema["type"], "null"}
	if enum, ok := schema["enum"].([]any); ok {
		schema["enum"] = append(enum, nil)
	}
}
