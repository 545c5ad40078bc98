package repository

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// NewFile is a file on its way into the database, with the steps of its documents.
type NewFile struct {
	File    faktur.File
	Content []byte
	Steps   []Step // in the file's order
	Draws   []Draw // the numbers that its documents get; nil for none
}

// errMoved rolls a transaction back that only makes sense as a whole.
var errMoved = errors.New("something moved since it was read")

// SaveFile stores a file, what stands where in it, and the steps of its
// documents, in one transaction under a worker's fence. It gives false, and has
// stored nothing, when a document or a range has moved since it was read.
func (db *DB) SaveFile(ctx context.Context, f Fence, n NewFile) (bool, error) {
	return db.whole("save file", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.fence(ctx, tx, f); err != nil {
			return err
		}
		if err := db.draw(ctx, tx, n.Draws); err != nil {
			return err
		}
		events, err := db.stepAll(ctx, tx, n.Steps)
		if err != nil {
			return err
		}
		if err := db.insertFile(ctx, tx, n); err != nil {
			return err
		}
		return db.insertEvents(ctx, tx, events)
	}))
}

// whole says whether a transaction that only makes sense as a whole was made.
func (db *DB) whole(doing string, err error) (bool, error) {
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return err == nil, wrap(doing, err)
}

// stepAll takes every step, or gives errMoved. It gives their events.
func (db *DB) stepAll(ctx context.Context, tx *sqlx.Tx, steps []Step) ([]faktur.Event, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	saved, events, err := db.takeSteps(ctx, tx, steps)
	if err == nil && len(saved) != len(steps) {
		err = errMoved
	}
	return events, err
}

func (db *DB) insertFile(ctx context.Context, tx *sqlx.Tx, n NewFile) error {
	file := n.File
	if _, err := db.execIn(ctx, tx, `INSERT INTO files (`+fileColumns+`, content) VALUES (`+marks(18)+`)`,
		file.ID, file.Tenant, file.TaxpayerNPWP, string(file.Channel), file.Livemode, string(file.Kind), string(file.Status),
		file.Name, file.MediaType, file.Size, file.SHA256, file.Documents, file.Message,
		micros(file.DownloadedAt), micros(file.UploadedAt), micros(file.CreatedAt), micros(file.UpdatedAt), n.Content); err != nil {
		return err
	}
	count := len(n.Steps)
	files, documents, places, live := make([]string, count), make([]string, count), make([]int64, count), make([]bool, count)
	for i := range n.Steps {
		files[i], documents[i], places[i], live[i] = file.ID, n.Steps[i].Document.ID, int64(i), true
	}
	// What was queued again has left the file that held it before.
	if _, err := db.updateMany(ctx, tx, "file_documents", []column{{name: "live", values: make([]bool, count)}},
		[]column{{name: "document_id", values: documents}, {name: "was_live", values: live, target: "live"}}, "document_id"); err != nil {
		return err
	}
	stored, err := db.insertMany(ctx, tx, "file_documents", []column{{name: "file_id", values: files},
		{name: "place", values: places}, {name: "document_id", values: documents}, {name: "live", values: live}}, "document_id")
	if err == nil && len(stored) != count {
		err = errMoved
	}
	return err
}

// FileChange is a file's next status, and what it means for its documents.
type FileChange struct {
	File faktur.File // as it shall be from now on
	From faktur.FileStatus
	// NotDownloaded lets it happen only while nobody has downloaded the file.
	NotDownloaded bool
	Steps         []Step
	Audit         faktur.AuditEntry // without ID: nobody in particular did it
}

// ChangeFile stores a file's change and the steps of its documents in one
// transaction; a file that is not live any more holds none of them. It gives
// false, and has stored nothing, when the file or a document has moved.
func (db *DB) ChangeFile(ctx context.Context, c FileChange) (bool, error) {
	return db.whole("change file", db.inTx(ctx, func(tx *sqlx.Tx) error {
		query := `UPDATE files SET status = ?, message = ?, uploaded_at = ?, updated_at = ? WHERE id = ? AND status = ?`
		if c.NotDownloaded {
			query += ` AND downloaded_at = 0`
		}
		n, err := db.execIn(ctx, tx, query, string(c.File.Status), c.File.Message, micros(c.File.UploadedAt),
			micros(c.File.UpdatedAt), c.File.ID, string(c.From))
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
		events, err := db.stepAll(ctx, tx, c.Steps)
		if err != nil {
			return err
		}
		if !c.File.Live() {
			if _, err := db.execIn(ctx, tx, `UPDATE file_documents SET live = FALSE WHERE file_id = ? AND live`, c.File.ID); err != nil {
				return err
			}
		}
		if err := db.insertAudit(ctx, tx, c.Audit); err != nil {
			return err
		}
		return db.insertEvents(ctx, tx, events)
	}))
}

type fileRow struct {
	ID           string `db:"id"`
	Tenant       string `db:"tenant"`
	TaxpayerNPWP string `db:"taxpayer_npwp"`
	Channel      string `db:"channel"`
	Livemode     bool   `db:"livemode"`
	Kind         string `db:"kind"`
	Status       string `db:"status"`
	Name         string `db:"name"`
	MediaType    string `db:"media_type"`
	Size         int64  `db:"size"`
	SHA256       string `db:"sha256"`
	Documents    int    `db:"documents"`
	Message      string `db:"message"`
	DownloadedAt int64  `db:"downloaded_at"`
	UploadedAt   int64  `db:"uploaded_at"`
	CreatedAt    int64  `db:"created_at"`
	UpdatedAt    int64  `db:"updated_at"`
}

const fileColumns = `id, tenant, taxpayer_npwp, channel, livemode, kind, status, name, media_type, size, sha256, documents, message,
	downloaded_at, uploaded_at, created_at, updated_at`

func (r *fileRow) file() faktur.File {
	return faktur.File{ID: r.ID, Tenant: r.Tenant, TaxpayerNPWP: r.TaxpayerNPWP, Channel: faktur.Channel(r.Channel), Livemode: r.Livemode,
		Kind: faktur.Kind(r.Kind), Status: faktur.FileStatus(r.Status), Name: r.Name, MediaType: r.MediaType, Size: r.Size, SHA256: r.SHA256,
		Documents: r.Documents, Message: r.Message, DownloadedAt: fromMicros(r.DownloadedAt), UploadedAt: fromMicros(r.UploadedAt),
		CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt)}
}

// Files lists a taxpayer's files, newest first: those before beforeID ("" for
// the newest), of one status ("" for all), at most limit.
func (db *DB) Files(ctx context.Context, tenant, npwp string, status faktur.FileStatus, beforeID string, limit int) ([]faktur.File, error) {
	var rows []fileRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+fileColumns+` FROM files WHERE tenant = ? AND taxpayer_npwp = ?
		AND (? = '' OR status = ?) AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`),
		tenant, npwp, string(status), string(status), beforeID, beforeID, limit)
	if err != nil {
		return nil, wrap("list files", err)
	}
	files := make([]faktur.File, len(rows))
	for i := range rows {
		files[i] = rows[i].file()
	}
	return files, nil
}

// File gives a tenant's file without its content, or ErrNotFound.
func (db *DB) File(ctx context.Context, tenant, id string) (faktur.File, error) {
	var row fileRow
	err := db.read.GetContext(ctx, &row, db.rebind(`SELECT `+fileColumns+` FROM files WHERE tenant = ? AND id = ?`), tenant, id)
	return row.file(), notFound(err)
}

// FileContent gives a file's bytes, or ErrNotFound.
func (db *DB) FileContent(ctx context.Context, tenant, id string) ([]byte, error) {
	var content []byte
	err := db.read.GetContext(ctx, &content, db.rebind(`SELECT content FROM files WHERE tenant = ? AND id = ?`), tenant, id)
	return content, notFound(err)
}

// NoteDownload notes that a tenant's file is about to be downloaded, which from
// then on it was. It gives false for one that was withdrawn before.
func (db *DB) NoteDownload(ctx context.Context, tenant, id string, now time.Time) (bool, error) {
	var may bool
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		n, err := db.execIn(ctx, tx, `UPDATE files SET downloaded_at = CASE downloaded_at WHEN 0 THEN ? ELSE downloaded_at END
			WHERE tenant = ? AND id = ? AND status <> 'withdrawn'`, micros(now), tenant, id)
		may = n == 1
		return err
	})
	return may, wrap("note a download", err)
}

// LiveFile gives the file that holds a document, or ErrNotFound.
func (db *DB) LiveFile(ctx context.Context, tenant, documentID string) (faktur.File, error) {
	var row fileRow
	err := db.read.GetContext(ctx, &row, db.rebind(`SELECT `+fileColumns+` FROM files WHERE tenant = ?
		AND id = (SELECT file_id FROM file_documents WHERE document_id = ? AND live)`), tenant, documentID)
	return row.file(), notFound(err)
}

// FileDocuments gives what stands in a file as it is now, in the file's order:
// all of it, those that it holds no more included.
func (db *DB) FileDocuments(ctx context.Context, fileID string) ([]faktur.Document, error) {
	return db.documentsOf(ctx, fileID, ``)
}

// HeldDocuments gives what a file holds, in its order; what it holds no more is left out.
func (db *DB) HeldDocuments(ctx context.Context, fileID string) ([]faktur.Document, error) {
	return db.documentsOf(ctx, fileID, ` AND f.live`)
}

func (db *DB) documentsOf(ctx context.Context, fileID, condition string) ([]faktur.Document, error) {
	var rows []documentRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+documentColumns+` FROM file_documents f
		JOIN documents d ON d.id = f.document_id WHERE f.file_id = ?`+condition+` ORDER BY f.place`), fileID)
	if err != nil {
		return nil, wrap("find a file's documents", err)
	}
	return allDocuments(rows)
}
