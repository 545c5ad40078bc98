package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func TestShapeSchema(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"an object is closed": {
			`{"type": "object", "properties": {"a": {"type": "string"}}}`,
			`{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}`,
		},
		"a free map stays free": {`{"type": "object"}`, `{"type": "object"}`},
		"a map of texts stays one": {
			`{"type": "object", "additionalProperties": {"type": "string"}}`,
			`{"type": "object", "additionalProperties": {"type": "string"}}`,
		},
		"null is a type": {`{"type": "string", "nullable": true}`, `{"type": ["string", "null"]}`},
		"null is one of the values": {
			`{"type": "string", "enum": ["a"], "nullable": true}`,
			`{"type": ["string", "null"], "enum": ["a", null]}`,
		},
		"null beside a reference": {
			`{"allOf": [{"$ref": "#/components/schemas/R"}], "nullable": true, "readOnly": true}`,
			`{"anyOf": [{"$ref": "#/components/schemas/R"}, {"type": "null"}], "readOnly": true}`,
		},
		"words stand beside a reference": {
			`{"allOf": [{"$ref": "#/components/schemas/R"}], "description": "why"}`,
			`{"$ref": "#/components/schemas/R", "description": "why"}`,
		},
		"an example is one of the examples": {
			`{"type": "string", "example": ""}`,
			`{"type": "string", "examples": [""]}`,
		},
		"a parameter's example is left alone": {
			`{"name": "q", "in": "query", "schema": {"type": "string"}, "example": "a"}`,
			`{"name": "q", "in": "query", "schema": {"type": "string"}, "example": "a"}`,
		},
		"Go's names of constants are not for readers": {
			`{"type": "string", "enum": ["a"], "x-enum-varnames": ["A"], "x-enum-comments": {"A": "x"}}`,
			`{"type": "string", "enum": ["a"]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, c.in)
			if err := shapeSchemas(got); err != nil {
				t.Fatal(err)
			}
			if want := parse(t, c.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// A closed schema refuses the fields of the other half of an allOf.
func TestShapeSchemaRefusesCompositions(t *testing.T) {
	t.Parallel()
	err := shapeSchemas(parse(t, `{"a": {"allOf": [{"$ref": "#/components/schemas/Page"}, {"type": "object"}]}}`))
	if err == nil || !strings.Contains(err.Error(), "Page") {
		t.Errorf("got %v, want an error that names Page", err)
	}
}

func TestPublishedName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"faktur.Line":               "Line",
		"handlers.List-faktur_Line": "LineList",
		"service.testData":          "TestData",
	} {
		if got := publishedName(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestRenameSchemasRefusesClashes(t *testing.T) {
	t.Parallel()
	doc := parse(t, `{"components": {"schemas": {"faktur.Line": {}, "service.Line": {}}}}`)
	if err := renameSchemas(doc); err == nil || !strings.Contains(err.Error(), "Line") {
		t.Errorf("got %v, want an error that names Line", err)
	}
}

func TestSplitRequests(t *testing.T) {
	t.Parallel()
	const ref = "#/components/schemas/"
	doc := parse(t, `{
		"components": {"schemas": {
			"Both":     {"type": "object", "properties": {"id": {"type": "string", "readOnly": true}, "name": {}}, "required": ["id", "name"], "x-asked": ["name"]},
			"Same":     {"type": "object", "properties": {"a": {}}, "required": ["a"], "x-asked": ["a"]},
			"Holder":   {"type": "object", "properties": {"both": {"$ref": "`+ref+`Both"}, "same": {"$ref": "`+ref+`Same"}}},
			"OnlyAsks": {"type": "object", "properties": {"price": {"type": "string", "x-decimal": true}, "unit": {"type": "string", "pattern": "^a$", "x-own-codes": true}}}
		}},
		"paths": {"/a": {"post": {
			"requestBody": {"content": {"application/json": {"schema": {"anyOf": [{"$ref": "`+ref+`Holder"}, {"$ref": "`+ref+`OnlyAsks"}]}}}},
			"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "`+ref+`Holder"}}}}}
		}}}
	}`)
	if err := splitRequests(doc); err != nil {
		t.Fatal(err)
	}

	schemas := componentSchemas(doc)
	for name, want := range map[string]string{
		"Both":        `{"type": "object", "properties": {"id": {"type": "string", "readOnly": true}, "name": {}}, "required": ["id", "name"]}`,
		"BothInput":   `{"type": "object", "properties": {"id": {"readOnly": true}, "name": {}}, "required": ["name"]}`,
		"Holder":      `{"type": "object", "properties": {"both": {"$ref": "` + ref + `Both"}, "same": {"$ref": "` + ref + `Same"}}}`,
		"HolderInput": `{"type": "object", "properties": {"both": {"$ref": "` + ref + `BothInput"}, "same": {"$ref": "` + ref + `Same"}}}`,
		"OnlyAsks":    `{"type": "object", "properties": {"price": {"type": ["string", "number"], "pattern": "^[0-9]+(\\.[0-9]{1,2})?$"}, "unit": {"type": "string"}}}`,
	} {
		if !reflect.DeepEqual(schemas[name], any(parse(t, want))) {
			t.Errorf("%s: got %v\nwant %s", name, schemas[name], want)
		}
	}
	if _, split := schemas["SameInput"]; split {
		t.Error("Same has a request's schema of its own, and needs none")
	}
	if got := refsIn(doc["paths"]); !reflect.DeepEqual(got, []string{"Holder", "HolderInput", "OnlyAsks"}) {
		t.Errorf("the operation refers to %v", got)
	}
}

func TestShapeResponse(t *testing.T) {
	t.Parallel()
	const problem = `{"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}`
	for name, c := range map[string]struct{ code, in, want string }{
		"a success keeps its body": {
			"200", `{"description": "OK", "content": {"application/json": {}, "application/problem+json": {}}}`,
			`{"description": "OK", "content": {"application/json": {}}}`,
		},
		"a success may have none": {"204", `{"description": "Done"}`, `{"description": "Done"}`},
		"an error is a problem, whatever was annotated": {
			"404", `{"description": "None", "content": {"text/plain": {}}}`,
			`{"description": "None", "content": ` + problem + `}`,
		},
		"the default answer is a problem": {"default", `{"description": "Else"}`, `{"description": "Else", "content": ` + problem + `}`},
		"an error says its name":          {"409", `{"description": ""}`, `{"description": "Conflict", "content": ` + problem + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, c.in)
			shapeResponse(c.code, got)
			if want := parse(t, c.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ target, patch, want string }{
		"adds":         {`{"a": 1}`, `{"b": 2}`, `{"a": 1, "b": 2}`},
		"replaces":     {`{"a": [1]}`, `{"a": [2]}`, `{"a": [2]}`},
		"goes deep":    {`{"a": {"b": 1, "c": 2}}`, `{"a": {"b": 3}}`, `{"a": {"b": 3, "c": 2}}`},
		"null deletes": {`{"a": 1, "b": 2}`, `{"a": null}`, `{"b": 2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := merge(parse(t, c.target), parse(t, c.patch))
			if want := any(parse(t, c.want)); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestRestoreTagsNamesTheMissingStruct(t *testing.T) {
	t.Parallel()
	doc := parse(t, `{"components": {"schemas": {"faktur.Gone": {"type": "object", "properties": {"a": {}}}}}}`)
	if err := restoreTags(doc, nil); err == nil || !strings.Contains(err.Error(), "faktur.Gone") {
		t.Errorf("got %v, want an error that names faktur.Gone", err)
	}
}

func TestPatternOf(t *testing.T) {
	t.Parallel()
	for tag, want := range map[reflect.StructTag]string{
		`pattern:"^a$" validate:"npwp"`:            "^a$",
		`validate:"required,npwp"`:                 "^[0-9]{16}$",
		`validate:"omitempty,nitku"`:               "^([0-9]{22})?$",
		`validate:"required,shape=UM.##"`:          `^UM\.[0-9][0-9]$`,
		`validate:"required,max=100" example:"UM"`: "",
	} {
		if got := patternOf(tag); got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
}
