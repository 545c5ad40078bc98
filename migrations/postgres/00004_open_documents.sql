-- What is not approved, or not any more: a tenant's list by status, newest first, and
-- all that metrics ask about open documents, from the index alone. It is built while
-- a gateway of the release before writes.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS documents_by_status; -- half built by an interrupted try
CREATE INDEX CONCURRENTLY documents_by_status ON documents (status, tenant, kind, id) INCLUDE (channel, held, status_since)
    WHERE status <> 'approved';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS documents_by_status;
