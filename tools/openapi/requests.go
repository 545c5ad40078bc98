package main

import (
	"fmt"
	"reflect"
)

// decimal marks a string that holds an amount or a rate: they leave as strings
// and are accepted as strings or JSON numbers.
const decimal = "x-decimal"

// ownCodes marks a string in whose place a request may send a code of the
// ERP's own, of any shape (extensions:"x-own-codes" on the field).
const ownCodes = "x-own-codes"

// splitRequests gives what is posted a schema of its own where it may be looser
// than what is answered: a request may leave fields out that an answer always
// has, write amounts as numbers, send the ERP's own codes, and say anything in read-only fields.
// "Line" stays the answer's, "LineInput" is the request's.
func splitRequests(doc object) error {
	schemas := componentSchemas(doc)
	loose := object{}
	for name := range schemas {
		loose[name] = loosened(schemas[name].(object))
	}
	bodies, answers := requestsAndRest(doc)
	posted, answered := reachable(loose, bodies), reachable(schemas, answers)
	looser := looserOnes(schemas, loose)

	names := map[string]string{}
	for name := range posted {
		switch {
		case looser[name] && answered[name]:
			names[name] = name + "Input"
			if _, taken := schemas[name+"Input"]; taken {
				return fmt.Errorf("%s is both asked for and answered, and its request's schema would be %sInput, which a Go type is already", name, name)
			}
		case looser[name]:
			names[name] = name
		}
	}
	for name, published := range names {
		renameRefs(loose[name], names)
		schemas[published] = loose[name]
	}
	renameRefs(bodies, names)
	walk(doc, func(o object) {
		delete(o, decimal)
		delete(o, ownCodes)
		delete(o, asked)
	})
	return nil
}

// requestsAndRest gives the request bodies of all operations, and all that is
// answered by them.
func requestsAndRest(doc object) (bodies, answers []any) {
	walk(doc["paths"], func(o object) {
		if body, ok := o["requestBody"]; ok {
			bodies = append(bodies, body)
		}
		if responses, ok := o["responses"]; ok {
			answers = append(answers, responses)
		}
	})
	return bodies, answers
}

// reachable gives the names of all schemas that a tree refers to, directly or not.
func reachable(schemas object, tree any) map[string]bool {
	found := map[string]bool{}
	var follow func(any)
	follow = func(tree any) {
		for _, name := range refsIn(tree) {
			if !found[name] {
				found[name] = true
				follow(schemas[name])
			}
		}
	}
	follow(tree)
	return found
}

// loosened gives a copy of a schema as a request may write it.
func loosened(schema object) object {
	loose := copyOf(schema).(object)
	walk(loose, func(o object) {
		if o[decimal] == true {
			types, several := o["type"].([]any)
			if !several {
				types = []any{o["type"]}
			}
			o["type"] = append(types, "number")
			o["pattern"] = `^[0-9]+(\.[0-9]{1,2})?$`
		}
		if o[ownCodes] == true {
			delete(o, "pattern")
		}
		if names, ok := o[asked]; ok {
			if delete(o, "required"); names != nil {
				o["required"] = names
			}
		}
		if o["readOnly"] == true { // ignored, whatever it says
			clear(o)
			o["readOnly"] = true
		}
	})
	return loose
}

// looserOnes gives the names whose loose schema differs, or refers to one that does.
func looserOnes(schemas, loose object) map[string]bool {
	looser := map[string]bool{}
	for name, schema := range loose {
		if !reflect.DeepEqual(schema, schemas[name]) {
			looser[name] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for name, schema := range loose {
			for _, ref := range refsIn(schema) {
				if looser[ref] && !looser[name] {
					looser[name], grown = true, true
				}
			}
		}
	}
	return looser
}
