package repository

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// column is one column's values over many rows: a []string, []int64 or []bool.
type column struct {
	name   string
	values any
	// target is the table's column where it is not name: an old value to match
	// beside a new one to set.
	target string
}

func (c column) targetName() string {
	if c.target != "" {
		return c.target
	}
	return c.name
}

func (c column) at(i int) any {
	switch v := c.values.(type) {
	case []string:
		return v[i]
	case []int64:
		return v[i]
	case []bool:
		return v[i]
	}
	panic(fmt.Sprintf("column %s: no such kind of values: %T", c.name, c.values))
}

func (c column) len() int {
	switch v := c.values.(type) {
	case []string:
		return len(v)
	case []int64:
		return len(v)
	case []bool:
		return len(v)
	}
	panic(fmt.Sprintf("column %s: no such kind of values: %T", c.name, c.values))
}

func (c column) postgresType() string {
	switch c.values.(type) {
	case []string:
		return "text[]"
	case []int64:
		return "bigint[]"
	}
	return "boolean[]"
}

// unnest is a table of the columns' values: "unnest(?::text[], ...) AS v(a, ...)".
func unnest(columns []column) (table string, args []any) {
	var types, names []string
	for _, c := range columns {
		types = append(types, "?::"+c.postgresType())
		names = append(names, c.name)
		args = append(args, array(c.values))
	}
	return "unnest(" + strings.Join(types, ", ") + ") AS v(" + strings.Join(names, ", ") + ")", args
}

// insertMany inserts all rows, leaving out those that a unique index already
// has, and gives the values of returning for those that went in.
func (db *DB) insertMany(ctx context.Context, tx *sqlx.Tx, table string, columns []column, returning string) ([]string, error) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	head := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") "
	tail := " ON CONFLICT DO NOTHING RETURNING " + returning
	if db.dialect.isPostgres() {
		values, args := unnest(columns)
		return db.selectStrings(ctx, tx, head+"SELECT * FROM "+values+tail, args...)
	}
	return db.eachRow(ctx, tx, head+"VALUES ("+marks(len(columns))+")"+tail, columns)
}

// updateMany sets set on every row that agrees with match, and gives the values
// of returning for those that did.
func (db *DB) updateMany(ctx context.Context, tx *sqlx.Tx, table string, set, match []column, returning string) ([]string, error) {
	all := append(append([]column{}, set...), match...)
	if db.dialect.isPostgres() {
		values, args := unnest(all)
		return db.selectStrings(ctx, tx, "UPDATE "+table+" AS t SET "+assignments(set, "v.%s", ", ")+
			" FROM "+values+" WHERE "+assignments(match, "v.%s", " AND t.")+" RETURNING t."+returning, args...)
	}
	return db.eachRow(ctx, tx, "UPDATE "+table+" AS t SET "+assignments(set, "?", ", ")+
		" WHERE "+assignments(match, "?", " AND t.")+" RETURNING "+returning, all)
}

// assignments gives "a = v.a, b = v.b" for a value of "v.%s" and a separator of ", ".
// With a separator that ends in "t." the first name is qualified likewise.
func assignments(columns []column, value, separator string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.targetName() + " = " + strings.ReplaceAll(value, "%s", c.name)
	}
	text := strings.Join(parts, separator)
	if strings.HasSuffix(separator, "t.") {
		return "t." + text
	}
	return text
}

// eachRow runs a statement that returns at most one text for each row in turn.
func (db *DB) eachRow(ctx context.Context, tx *sqlx.Tx, query string, columns []column) ([]string, error) {
	statement, err := db.prepared(ctx, tx, query)
	if err != nil {
		return nil, err
	}
	var found []string
	args := make([]any, len(columns))
	for i := range columns[0].len() {
		for c := range columns {
			args[c] = columns[c].at(i)
		}
		var text string
		err := statement.GetContext(ctx, &text, args...)
		if err == sql.ErrNoRows { //nolint:errorlint // database/sql gives it bare
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, nil
}

func (db *DB) selectStrings(ctx context.Context, tx *sqlx.Tx, query string, args ...any) ([]string, error) {
	var found []string
	return found, db.selectIn(ctx, tx, &found, query, args...)
}

// prepared gives the statement of a query whose text is always the same. It is
// prepared once a connection, which saves planning and, on PostgreSQL, a round
// trip.
func (db *DB) prepared(ctx context.Context, tx *sqlx.Tx, query string) (*sqlx.Stmt, error) {
	statement, ok := db.statements.Load(query)
	if !ok && !db.dialect.isPostgres() {
		// SQLite's only connection is tx's: it is prepared for good when that ends.
		db.unprepared.Store(query, true)
		return tx.PreparexContext(ctx, query)
	}
	if !ok {
		fresh, err := db.write.PreparexContext(ctx, db.rebind(query))
		if err != nil {
			return nil, err
		}
		var loaded bool
		if statement, loaded = db.statements.LoadOrStore(query, fresh); loaded {
			fresh.Close() // a twin won the race; this one is unused
		}
	}
	return tx.StmtxContext(ctx, statement.(*sqlx.Stmt)), nil
}

// prepareMet prepares the statements that a transaction on SQLite has met for
// the first time. One that cannot be prepared now is tried again another time.
func (db *DB) prepareMet(ctx context.Context) {
	db.unprepared.Range(func(query, _ any) bool {
		fresh, err := db.write.PreparexContext(ctx, query.(string))
		if err != nil {
			return false
		}
		if _, loaded := db.statements.LoadOrStore(query, fresh); loaded {
			fresh.Close()
		}
		db.unprepared.Delete(query)
		return true
	})
}

// execIn runs a prepared statement inside a transaction and gives the number of rows it touched.
func (db *DB) execIn(ctx context.Context, tx *sqlx.Tx, query string, args ...any) (int64, error) {
	statement, err := db.prepared(ctx, tx, query)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// selectIn reads rows inside a transaction into dest, a pointer to a slice.
func (db *DB) selectIn(ctx context.Context, tx *sqlx.Tx, dest any, query string, args ...any) error {
	statement, err := db.prepared(ctx, tx, query)
	if err != nil {
		return err
	}
	return statement.SelectContext(ctx, dest, args...)
}

// finder reads rows into dest, a pointer to a slice: selectPrepared, or selectIn of a transaction.
type finder func(ctx context.Context, dest any, query string, args ...any) error

func (db *DB) finderIn(tx *sqlx.Tx) finder {
	return func(ctx context.Context, dest any, query string, args ...any) error {
		return db.selectIn(ctx, tx, dest, query, args...)
	}
}
