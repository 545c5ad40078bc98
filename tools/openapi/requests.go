package main

import "reflect"

// decimal marks a string that holds an amount or a rate. CONTRACT: they leave as
// strings and are accepted as strings or JSON numbers.
const decimal = "x-decimal"

// splitRequests gives what is posted a schema of its own where it may be looser
// than what is answered: read-only fields are always there in an answer and may
// be missing in a request, and amounts may come as numbers.
// "Line" stays the answer's, "LineInput" is the request's.
func splitRequests(doc object) {
	schemas := componentSchemas(doc)
	bodies, answers := requestsAndRest(doc)
	posted, answered := reachable(schemas, bodies), reachable(schemas, answers)

	loose := map[string]object{}
	for name := range posted {
		loose[name] = loosened(schemas[name].(object))
	}
	names := map[string]string{}
	for name := range looserOnes(schemas, loose) {
		published := name
		if answered[name] {
			published = name + "Input"
		}
		names[name] = published
		schemas[published] = loose[name]
	}
	for _, published := range names {
		renameRefs(schemas[published], names)
	}
	renameRefs(bodies, names)
	walk(doc, func(o object) { delete(o, decimal) })
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
		properties, _ := o["properties"].(object)
		required, _ := o["required"].([]any)
		var kept []any
		for _, name := range required {
			if property, ok := properties[name.(string)].(object); !ok || property["readOnly"] != true {
				kept = append(kept, name)
			}
		}
		if properties != nil {
			setRequired(o, kept)
		}
	})
	return loose
}

// looserOnes gives the names whose loose schema differs, or refers to one that does.
func looserOnes(schemas object, loose map[string]object) map[string]bool {
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
