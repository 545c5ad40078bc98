// Package docs holds the published OpenAPI document, and beside it the guides
// for people.
package docs

import _ "embed"

// OpenAPI is openapi.json, the OpenAPI 3.1 document that `make generate` writes.
//
//go:embed openapi.json
var OpenAPI []byte
