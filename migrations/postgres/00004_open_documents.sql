-- One index tells all that metrics ask about documents that are not approved yet.
-- It is built while a gateway of the release before writes.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS documents_open; -- half built by an interrupted try
CREATE INDEX CONCURRENTLY documents_open ON documents (deadline_told, deadline_at, channel, status, held, status_since)
    WHERE status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid');
DROP INDEX CONCURRENTLY IF EXISTS documents_deadline;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS documents_deadline;
CREATE INDEX CONCURRENTLY documents_deadline ON documents (deadline_told, deadline_at)
    WHERE status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid');
DROP INDEX CONCURRENTLY IF EXISTS documents_open;
