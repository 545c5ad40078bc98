package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/fakturgate/fakturgate/docs"
	"github.com/fakturgate/fakturgate/handlers"
)

// swaggerFiles are swagger-ui-dist 5.35.0 as published on npm (its css, bundle,
// favicon and licences), and our page around it.
//
//go:embed swaggerui
var swaggerFiles embed.FS

// swaggerPolicy lets the page run its own scripts and talk to this server, and
// nothing else. Swagger UI has its icons in data: addresses.
const swaggerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocs answers /, /swagger/ and /openapi.json.
func serveDocs(r chi.Router, h *handlers.Handlers) {
	r.Method(http.MethodGet, "/", http.RedirectHandler("/swagger/", http.StatusFound))
	r.Method(http.MethodGet, "/swagger", http.RedirectHandler("/swagger/", http.StatusMovedPermanently))
	r.Method(http.MethodGet, "/openapi.json", file("openapi.json", docs.OpenAPI))
	entries, err := swaggerFiles.ReadDir("swaggerui")
	if err != nil {
		panic(err) // it is embedded
	}
	files := map[string]http.Handler{}
	for _, entry := range entries {
		content, err := swaggerFiles.ReadFile(path.Join("swaggerui", entry.Name()))
		if err != nil {
			panic(err)
		}
		files[entry.Name()] = file(entry.Name(), content)
	}
	files[""] = files["index.html"]
	r.Method(http.MethodGet, "/swagger/*", h.Handle(func(w http.ResponseWriter, r *http.Request) error {
		found, ok := files[chi.URLParam(r, "*")]
		if !ok {
			return h.NoSuchRoute(w, r)
		}
		w.Header().Set("Content-Security-Policy", swaggerPolicy)
		found.ServeHTTP(w, r)
		return nil
	}))
}

// file serves bytes that do not change while the process lives. A browser asks
// again each time and is told that it has them.
func file(name string, content []byte) http.Handler {
	hash := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(hash[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
