-- One index tells all that metrics ask about documents that are not approved yet.

-- +goose Up
CREATE INDEX documents_open ON documents (deadline_told, deadline_at, channel, status, held, status_since)
    WHERE status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid');
DROP INDEX documents_deadline;

-- +goose Down
CREATE INDEX documents_deadline ON documents (deadline_told, deadline_at)
    WHERE status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid');
DROP INDEX documents_open;
