package main

import (
	"net/http"
	"strconv"
	"strings"
)

const problemType = "application/problem+json"

// shapeOperations brings every operation into the API's one shape: errors are
// problem documents, the answers that any route can give are listed on each, and
// headers are described once.
func shapeOperations(doc object, overlay *overlay) {
	paths := child(doc, "paths")
	for _, path := range sorted(paths) {
		item := paths[path].(object)
		for _, method := range sorted(item) {
			shapeOperation(method, item[method].(object), overlay)
		}
	}
}

func shapeOperation(method string, operation object, overlay *overlay) {
	secured := shapeSecurity(operation)
	responses := child(operation, "responses")
	for _, code := range sorted(responses) {
		shapeResponse(code, responses[code].(object))
	}
	if secured {
		for code, ref := range overlay.EveryAnswer {
			if _, own := responses[code]; !own {
				responses[code] = ref
			}
		}
	}
	for _, code := range sorted(responses) {
		addHeaders(method, code, responses[code].(object), secured)
	}
	if body, ok := operation["requestBody"].(object); ok {
		id, _ := operation["operationId"].(string)
		shapeBody(child(body, "content"), overlay.examples[id])
	}
	shapeParameters(operation, method, secured, overlay)
}

// shapeSecurity asks for the overlay's one scheme, with the scopes of @Security,
// whatever name stands there; a route without @Security is open to everyone.
func shapeSecurity(operation object) (secured bool) {
	requirements, secured := operation["security"].([]any)
	asked := []any{}
	for _, requirement := range requirements {
		for _, scopes := range requirement.(object) {
			asked = append(asked, object{"bearer": scopes})
		}
	}
	operation["security"] = asked
	return secured
}

// shapeResponse makes whatever is not a success a problem document, and leaves a
// success only the media types that are none.
func shapeResponse(code string, response object) {
	status, _ := strconv.Atoi(code)
	if response["description"] == "" || response["description"] == nil {
		response["description"] = http.StatusText(status)
	}
	if status == 0 || status >= 400 {
		response["content"] = object{problemType: object{"schema": object{"$ref": schemaRefs + "Problem"}}}
		return
	}
	if content, ok := response["content"].(object); ok {
		delete(content, problemType)
	}
}

// addHeaders refers to the overlay's headers: what every answer carries by its
// code, and under its own name what an annotation (@Header) says of one.
func addHeaders(method, code string, response object, secured bool) {
	if response["$ref"] != nil {
		return
	}
	headers := child(response, "headers")
	names := append(sorted(headers), "X-Request-Id")
	if code == "429" || code == "503" {
		names = append(names, "Retry-After")
	}
	if secured && method == "post" && strings.HasPrefix(code, "2") {
		names = append(names, "Idempotent-Replayed")
	}
	for _, name := range names {
		headers[name] = object{"$ref": "#/components/headers/" + name}
	}
}

// shapeBody says that a body is JSON where no @Accept does, and adds its examples.
func shapeBody(content, examples object) {
	if media, ok := content["*/*"]; ok {
		delete(content, "*/*")
		content["application/json"] = media
	}
	if media, ok := content["application/json"].(object); ok && examples != nil {
		media["examples"] = examples
	}
}

// shapeParameters gives every parameter what the overlay says of its name, and
// every POST the Idempotency-Key.
func shapeParameters(operation object, method string, secured bool, overlay *overlay) {
	parameters, _ := operation["parameters"].([]any)
	var kept []any
	for _, p := range parameters {
		parameter := p.(object)
		if parameter["name"] == "Idempotency-Key" {
			continue
		}
		if example, ok := parameter["x-example"]; ok { // swag drops example() on parameters
			delete(parameter, "x-example")
			parameter["example"] = example
		}
		if patch, ok := overlay.Parameters[parameter["name"].(string)]; ok {
			merge(parameter, patch)
		}
		if parameter["required"] != true { // Swagger UI would send the example of its own accord
			delete(parameter, "example")
		}
		kept = append(kept, parameter)
	}
	if method == "post" && secured {
		kept = append(kept, object{"$ref": "#/components/parameters/IdempotencyKey"})
	}
	if kept != nil {
		operation["parameters"] = kept
	}
}
