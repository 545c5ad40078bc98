-- What is not approved, or not any more: a tenant's list by status, newest first, and
-- all that metrics ask about open documents, from the index alone.

-- +goose Up
CREATE INDEX documents_by_status ON documents (status, tenant, kind, id, channel, held, status_since)
    WHERE status <> 'approved';

-- +goose Down
DROP INDEX documents_by_status;
