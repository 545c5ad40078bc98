package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// overlay is docs/openapi.overlay.yaml: what no annotation can say.
type overlay struct {
	// Types are Go types whose schemas are wanted although no annotation may name them.
	Types []string `yaml:"x-types"`
	// EveryAnswer is, by status code, what any operation behind a key may answer.
	EveryAnswer object `yaml:"x-every-answer"`
	// Parameters is, by name, what is merged into every parameter.
	Parameters object `yaml:"x-parameters"`
	// RequestExamples are, by @ID, files of the folder examples beside the overlay.
	RequestExamples map[string][]string `yaml:"x-request-examples"`
	// EventKinds is, by kind of document, the data that examples of events start from.
	EventKinds map[string]object `yaml:"x-event-kinds"`
	// DocumentEvents are told as KIND.NAME, OtherEvents under their own name.
	DocumentEvents map[string]event `yaml:"x-document-events"`
	OtherEvents    map[string]event `yaml:"x-other-events"`
	// Rest is merged into the document (RFC 7396).
	Rest object `yaml:",inline"`

	examples map[string]object // by @ID, what RequestExamples names
}

// event is one type of event. The schema is set for OtherEvents alone; the data
// is the example's, or what differs from its kind's.
type event struct {
	Summary     string `yaml:"summary"`
	Description string `yaml:"description"`
	Schema      object `yaml:"schema"`
	Data        object `yaml:"data"`
}

func readOverlay(file string) (*overlay, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var o overlay
	if err := yaml.Unmarshal(text, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	o.examples = map[string]object{}
	for id, names := range o.RequestExamples {
		o.examples[id] = object{}
		for _, name := range names {
			body, err := os.ReadFile(filepath.Join(filepath.Dir(file), "examples", name+".json"))
			if err != nil {
				return nil, err
			}
			o.examples[id][name] = object{"value": json.RawMessage(body)}
		}
	}
	return &o, nil
}

// applyTo merges the overlay into the document and adds a webhook per event type.
func (o *overlay) applyTo(doc object) {
	merge(doc, o.Rest)
	webhooks := child(doc, "webhooks")
	for kind, data := range o.EventKinds {
		for name, e := range o.DocumentEvents {
			example := maps.Clone(data)
			maps.Copy(example, e.Data)
			webhooks[kind+"."+name] = webhook(kind+"."+name, e, object{"$ref": schemaRefs + "EventData"}, example)
		}
	}
	for name, e := range o.OtherEvents {
		webhooks[name] = webhook(name, e, e.Schema, e.Data)
	}
}

// webhook describes the POST that tells subscribers of one type of event.
func webhook(eventType string, e event, schema, example object) object {
	body := object{
		"type":                 "object",
		"additionalProperties": false,
		"required":             []any{"type", "timestamp", "data"},
		"properties": object{
			"type":      object{"type": "string", "const": eventType},
			"timestamp": object{"type": "string", "format": "date-time", "description": "When it happened, UTC."},
			"data":      schema,
		},
	}
	return object{"post": object{
		"operationId": eventType,
		"summary":     e.Summary,
		"description": e.Description,
		"tags":        []any{"events"},
		"security":    []any{},
		"parameters": []any{
			object{"$ref": "#/components/parameters/WebhookID"},
			object{"$ref": "#/components/parameters/WebhookTimestamp"},
			object{"$ref": "#/components/parameters/WebhookSignature"},
		},
		"requestBody": object{"required": true, "content": object{"application/json": object{
			"schema":  body,
			"example": object{"type": eventType, "timestamp": "2026-11-22T08:00:00Z", "data": example},
		}}},
		"responses": object{
			"2XX": object{"description": "Received. Any 2xx will do; the body is not read."},
			"410": object{"description": "Gone: the endpoint is disabled and gets no more events."},
		},
	}}
}
