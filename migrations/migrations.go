// Package migrations holds the database's schema as goose migrations, once for
// each kind of database, under the same names.
package migrations

import "embed"

// Files holds the folders sqlite and postgres.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
