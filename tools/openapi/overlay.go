package main

import (
	"fmt"
	"maps"
	"os"

	"go.yaml.in/yaml/v3"
)

// overlay is docs/openapi.overlay.yaml: what no annotation can say. All of it is
// merged into the document (RFC 7396) but for these members.
type overlay struct {
	types          []string // x-types: Go types that no handler names and webhooks carry
	everyAnswer    object   // x-every-answer: by code, what any secured operation may answer
	parameters     object   // x-parameters: by name, what is merged into a parameter
	documentEvents object   // x-document-events: by name without its kind ("approved")
	eventKinds     object   // x-event-kinds: by kind ("invoice"), the event data that examples start from
	otherEvents    object   // x-other-events: by type, those that are not about a document
	rest           object
}

func readOverlay(file string) (*overlay, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rest object
	if err := yaml.Unmarshal(text, &rest); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	take := func(name string) object {
		member := child(rest, name)
		delete(rest, name)
		return member
	}
	var types []string
	listed, _ := rest["x-types"].([]any)
	for _, name := range listed {
		types = append(types, fmt.Sprint(name))
	}
	delete(rest, "x-types")
	return &overlay{
		types:       types,
		everyAnswer: take("x-every-answer"), parameters: take("x-parameters"),
		documentEvents: take("x-document-events"), eventKinds: take("x-event-kinds"), otherEvents: take("x-other-events"),
		rest: rest,
	}, nil
}

// applyTo merges the overlay into the document and adds a webhook per event type.
func (o *overlay) applyTo(doc object) object {
	merge(doc, o.rest)
	webhooks := child(doc, "webhooks")
	for _, kind := range sorted(o.eventKinds) {
		for _, name := range sorted(o.documentEvents) {
			event := o.documentEvents[name].(object)
			data := maps.Clone(o.eventKinds[kind].(object))
			maps.Copy(data, event["data"].(object))
			webhooks[kind+"."+name] = webhook(kind+"."+name, event, object{"$ref": schemaRefs + "EventData"}, data)
		}
	}
	for _, name := range sorted(o.otherEvents) {
		event := o.otherEvents[name].(object)
		webhooks[name] = webhook(name, event, event["schema"], event["data"])
	}
	return doc
}

// webhook describes the POST that tells subscribers of one type of event.
func webhook(eventType string, event object, schema, example any) object {
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
		"summary":     event["summary"],
		"description": event["description"],
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
