package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// field is what a struct field says of itself and swag does not pass on.
type field struct {
	name     string // in JSON
	goName   string
	goType   string // without * and []: "faktur.Amount"
	pattern  string // of the pattern tag, or of what the validate tag asks for; "" when there is none
	optional bool   // omitempty or omitzero
	embeds   string // the key of the embedded struct; then the rest is empty
}

// goFormats says what the types of package faktur (and time.Time) look like in
// JSON, where a schema says only "string".
var goFormats = map[string]object{
	"time.Time":   {"format": "date-time"},
	"faktur.Date": {"format": "date"},
	// decimal marks what requests may also write as a JSON number; see requests.go.
	"faktur.Amount": {"pattern": `^-?[0-9]+\.[0-9]{2}$`, decimal: true},
	"faktur.Rate":   {"pattern": `^[0-9]+(\.[0-9]+)?$`, decimal: true},
}

// validated says what package faktur's own validations ask of a text.
var validated = map[string]string{
	"npwp":   "[0-9]{16}",
	"nitku":  "[0-9]{22}",
	"mmyyyy": "(0[1-9]|1[0-2])[0-9]{4}",
}

// shape turns the parameter of the validation "shape" into a pattern: # is a digit.
var shape = strings.NewReplacer(".", `\.`, "#", "[0-9]")

func patternOf(tag reflect.StructTag) string {
	if pattern := tag.Get("pattern"); pattern != "" {
		return pattern
	}
	rules := strings.Split(tag.Get("validate"), ",")
	for _, rule := range rules {
		name, parameter, _ := strings.Cut(rule, "=")
		pattern := validated[name]
		if name == "shape" {
			pattern = shape.Replace(parameter)
		}
		if pattern == "" {
			continue
		}
		if slices.Contains(rules, "omitempty") {
			pattern = "(" + pattern + ")?"
		}
		return "^" + pattern + "$"
	}
	return ""
}

// readStructs finds every struct in folders, by swag's name for it ("faktur.Line").
func readStructs(folders []string) (map[string][]field, error) {
	structs := map[string][]field{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			addStructs(structs, file)
		}
	}
	return structs, nil
}

func addStructs(structs map[string][]field, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if t, ok := n.(*ast.TypeSpec); ok {
			if s, ok := t.Type.(*ast.StructType); ok {
				structs[file.Name.Name+"."+t.Name.Name] = fieldsOf(file.Name.Name, s)
			}
		}
		return true
	})
}

func fieldsOf(pkg string, s *ast.StructType) []field {
	var fields []field
	for _, f := range s.Fields.List {
		var tag reflect.StructTag
		if f.Tag != nil {
			tag = reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		}
		options := strings.Split(tag.Get("json"), ",")
		switch goType := typeName(pkg, f.Type); {
		case options[0] == "" && len(f.Names) == 0:
			fields = append(fields, field{embeds: goType})
		case options[0] != "" && options[0] != "-" && len(f.Names) == 1:
			fields = append(fields, field{
				name: options[0], goName: f.Names[0].Name, goType: goType, pattern: patternOf(tag),
				optional: slices.Contains(options, "omitempty") || slices.Contains(options, "omitzero"),
			})
		}
	}
	return fields
}

// typeName gives the type at the bottom of pointers, slices and maps, with its
// package; "" for what has no name.
func typeName(pkg string, expr ast.Expr) string {
	switch t := expr.(type) {
	case *ast.Ident:
		return pkg + "." + t.Name
	case *ast.SelectorExpr:
		return typeName(t.X.(*ast.Ident).Name, t.Sel)
	case *ast.StarExpr:
		return typeName(pkg, t.X)
	case *ast.ArrayType:
		return typeName(pkg, t.Elt)
	case *ast.MapType:
		return typeName(pkg, t.Value)
	}
	return ""
}

// asked marks what a request has to hold: the fields that are validate:"required",
// as swag has it. An answer holds every field but those that are omitempty or
// omitzero; see requests.go.
const asked = "x-asked"

// restoreTags gives the schemas back what swag drops: that an answer always
// holds a field, its pattern, and its type's format.
func restoreTags(doc object, structs map[string][]field) error {
	schemas := componentSchemas(doc)
	for _, name := range sorted(schemas) {
		schema := schemas[name].(object)
		properties, ok := schema["properties"].(object)
		if !ok {
			continue
		}
		key, _, _ := strings.Cut(name, "-") // "handlers.List-faktur_Line" is of the generic handlers.List
		if _, known := structs[key]; !known {
			return fmt.Errorf("no struct %s found for the schema %s", key, name)
		}
		var required []string
		for _, f := range flatten(structs, key) {
			property, ok := properties[f.name].(object)
			if !ok {
				continue // swaggerignore
			}
			if !f.optional {
				required = append(required, f.name)
			}
			restoreFormat(property, f)
			reword(property, f)
		}
		schema[asked] = schema["required"]
		if delete(schema, "required"); required != nil {
			slices.Sort(required) // as swag's are
			schema["required"] = anySlice(required)
		}
	}
	return nil
}

// flatten gives the fields of a struct with those of the structs it embeds.
func flatten(structs map[string][]field, key string) []field {
	var fields []field
	for _, f := range structs[key] {
		if f.embeds != "" {
			fields = append(fields, flatten(structs, f.embeds)...)
			continue
		}
		fields = append(fields, f)
	}
	return fields
}

func restoreFormat(schema object, f field) {
	for _, inner := range []string{"items", "additionalProperties"} {
		if o, ok := schema[inner].(object); ok {
			restoreFormat(o, f)
			return
		}
	}
	if schema["type"] != "string" {
		return
	}
	merge(schema, goFormats[f.goType])
	if f.pattern != "" {
		schema["pattern"] = f.pattern
	}
}

func anySlice(names []string) []any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}
