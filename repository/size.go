package repository

import (
	"context"
	"os"
)

// Size is how large the database is.
type Size struct {
	Bytes int64 // of tables and indexes; of the file and its log on SQLite
	// DeadShare is the share of table rows that are dead and not cleared away yet,
	// as PostgreSQL estimates it; 0 on SQLite, which has none.
	DeadShare float64
	WAL       int64 // bytes of log written since the database was made; 0 on SQLite, which does not count them
}

// Size asks how large the database is, for measurements.
func (db *DB) Size(ctx context.Context) (Size, error) {
	var s Size
	if db.dialect.isPostgres() {
		err := db.read.QueryRowxContext(ctx, `SELECT pg_database_size(current_database()),
			pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint,
			(SELECT COALESCE(SUM(n_dead_tup) / NULLIF(SUM(n_live_tup + n_dead_tup), 0), 0)::float8 FROM pg_stat_user_tables)`).
			Scan(&s.Bytes, &s.WAL, &s.DeadShare)
		return s, wrap("size", err)
	}
	var path string
	if err := db.read.GetContext(ctx, &path, `SELECT file FROM pragma_database_list WHERE name = 'main'`); err != nil {
		return s, wrap("size", err)
	}
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			s.Bytes += info.Size()
		}
	}
	return s, nil
}

// Backend is the process id of the PostgreSQL backend that answers, on whichever
// machine that is, for measurements; 0 on SQLite, which has none.
func (db *DB) Backend(ctx context.Context) (int, error) {
	if !db.dialect.isPostgres() {
		return 0, nil
	}
	var pid int
	err := db.read.GetContext(ctx, &pid, `SELECT pg_backend_pid()`)
	return pid, wrap("backend", err)
}

// SequentialScans gives how often PostgreSQL has read each of the large tables
// from end to end, for measurements; none on SQLite, which does not count it.
func (db *DB) SequentialScans(ctx context.Context) (map[string]int64, error) {
	if !db.dialect.isPostgres() {
		return nil, nil
	}
	var rows []struct {
		Table string `db:"relname"`
		Scans int64  `db:"seq_scan"`
	}
	err := db.read.SelectContext(ctx, &rows, `SELECT relname, COALESCE(seq_scan, 0) AS seq_scan FROM pg_stat_user_tables
		WHERE relname IN ('documents', 'document_bodies', 'events', 'deliveries')`)
	scans := make(map[string]int64, len(rows))
	for _, r := range rows {
		scans[r.Table] = r.Scans
	}
	return scans, wrap("sequential scans", err)
}

// Tidy does at once what the database does by itself some time after much was
// stored, so that a measurement meets it as it is later: it looks at what is in
// the tables; PostgreSQL, where it needs the right to CHECKPOINT, also vacuums
// them and writes out what is changed.
func (db *DB) Tidy(ctx context.Context) error {
	commands := []string{"ANALYZE"}
	if db.dialect.isPostgres() {
		commands = []string{"VACUUM (ANALYZE)", "CHECKPOINT"}
	}
	for _, command := range commands {
		if _, err := db.write.ExecContext(ctx, command); err != nil {
			return wrap("tidy", err)
		}
	}
	return nil
}
