-- Times are microseconds since 1970 in UTC; 0 means never. Texts are never NULL; '' means none.


-- +goose Up
CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,
    tenant     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    prefix     TEXT   NOT NULL, -- the first characters, to recognise it by
    hash       TEXT   NOT NULL UNIQUE, -- SHA-256 of the whole key, hex
    scopes     TEXT   NOT NULL, -- separated by spaces
    created_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE taxpayers (
    tenant     TEXT    NOT NULL,
    npwp       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    livemode   INTEGER NOT NULL, -- never changes
    settings   TEXT    NOT NULL, -- JSON
    version    INTEGER  NOT NULL,
    paused_at  INTEGER  NOT NULL DEFAULT 0,
    created_at INTEGER  NOT NULL,
    updated_at INTEGER  NOT NULL,
    PRIMARY KEY (tenant, npwp)
);

-- One row a document, narrow because every step of its life rewrites it.
CREATE TABLE documents (
    id              TEXT     PRIMARY KEY,
    tenant          TEXT     NOT NULL,
    seller_npwp     TEXT     NOT NULL,
    kind            TEXT     NOT NULL,
    reference       TEXT     NOT NULL,
    channel         TEXT     NOT NULL,
    shard           INTEGER NOT NULL,
    livemode        INTEGER  NOT NULL,
    status          TEXT     NOT NULL,
    coretax_status  TEXT     NOT NULL DEFAULT '',
    nsfp            TEXT     NOT NULL DEFAULT '',
    reason          TEXT     NOT NULL DEFAULT '', -- JSON
    attempt         INTEGER  NOT NULL,
    signer          TEXT     NOT NULL DEFAULT '',
    replaces_id     TEXT     NOT NULL DEFAULT '',
    replaced_by_id  TEXT     NOT NULL DEFAULT '',
    sequence        INTEGER   NOT NULL,
    invoice_date    TEXT     NOT NULL, -- YYYY-MM-DD
    buyer_number    TEXT     NOT NULL,
    upload_deadline TEXT     NOT NULL, -- YYYY-MM-DD, '' for none
    deadline_at     INTEGER   NOT NULL, -- end of that day in Asia/Jakarta, 0 for none
    deadline_told   INTEGER NOT NULL DEFAULT 0, -- 1 near, 2 missed
    stuck_told      INTEGER  NOT NULL DEFAULT 0,
    held            INTEGER  NOT NULL DEFAULT 0, -- its seller is paused
    leave_by        INTEGER   NOT NULL,
    turn_at         INTEGER   NOT NULL,
    due_at          INTEGER   NOT NULL DEFAULT 0,
    status_since    INTEGER   NOT NULL,
    absent_since    INTEGER   NOT NULL DEFAULT 0,
    created_at      INTEGER   NOT NULL,
    updated_at      INTEGER   NOT NULL
);

-- A reference names one live original of a seller; a replacement keeps its original's.
CREATE UNIQUE INDEX documents_reference ON documents (tenant, reference, seller_npwp, kind)
    WHERE status <> 'cancelled' AND replaces_id = '';
CREATE INDEX documents_newest ON documents (tenant, id);
CREATE INDEX documents_nsfp ON documents (tenant, nsfp) WHERE nsfp <> '';

-- One partial index a kind of work; package repository's queries name these statuses as literals.
CREATE INDEX documents_to_submit ON documents (channel, livemode, leave_by, turn_at, shard)
    WHERE status = 'queued' AND attempt = 1 AND NOT held;
CREATE INDEX documents_to_resubmit ON documents (channel, livemode, tenant, seller_npwp, turn_at)
    WHERE status = 'queued' AND attempt > 1 AND NOT held;
CREATE INDEX documents_reuploading ON documents (tenant, seller_npwp)
    WHERE status IN ('submitting', 'signing_in_progress') AND attempt > 1;
CREATE INDEX documents_to_look_up ON documents (channel, livemode, due_at, shard)
    WHERE status = 'submitting';
CREATE INDEX documents_to_poll ON documents (channel, livemode, due_at, shard)
    WHERE status IN ('awaiting_upload', 'signing_in_progress', 'amendment_pending', 'cancellation_pending');
CREATE INDEX documents_deadline ON documents (deadline_told, deadline_at)
    WHERE status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid');

-- The wide part, rewritten only when the content is corrected.
CREATE TABLE document_bodies (
    document_id    TEXT PRIMARY KEY REFERENCES documents (id),
    content        TEXT NOT NULL, -- the invoice as accepted, JSON
    assessment     TEXT NOT NULL, -- its amounts and warnings, JSON
    content_hashes TEXT NOT NULL  -- of every accepted version, separated by spaces
);

-- The feed. One writer and AUTOINCREMENT: positions become visible in their
-- order, so a reader who follows them misses none.
CREATE TABLE events (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      TEXT   NOT NULL,
    document_id TEXT   NOT NULL, -- '' when it is not about a document
    sequence    INTEGER NOT NULL,
    type        TEXT   NOT NULL,
    at          INTEGER NOT NULL,
    data        TEXT   NOT NULL -- JSON
);
CREATE INDEX events_tenant ON events (tenant, position);
CREATE UNIQUE INDEX events_document ON events (document_id, sequence) WHERE document_id <> '';

CREATE TABLE idempotency_keys (
    tenant        TEXT    NOT NULL,
    route         TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    body_hash     TEXT    NOT NULL,
    status        INTEGER NOT NULL, -- of the answer; 0 while still running
    response      TEXT    NOT NULL,
    running_until INTEGER  NOT NULL, -- after that a running one counts as crashed
    created_at    INTEGER  NOT NULL,
    PRIMARY KEY (tenant, route, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Who works which part of a channel's documents; token fences off whoever held it before.
CREATE TABLE shards (
    channel     TEXT     NOT NULL,
    shard       INTEGER NOT NULL,
    token       INTEGER   NOT NULL DEFAULT 0,
    owner       TEXT     NOT NULL DEFAULT '',
    lease_until INTEGER   NOT NULL DEFAULT 0, -- by the database's own clock
    PRIMARY KEY (channel, shard)
);

CREATE TABLE workers (
    id         TEXT PRIMARY KEY,
    seen_until INTEGER NOT NULL -- by the database's own clock
);

CREATE TABLE webhook_endpoints (
    id              TEXT    PRIMARY KEY,
    tenant          TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    events          TEXT    NOT NULL, -- types, separated by spaces
    secret          TEXT    NOT NULL, -- sealed with the master key
    previous_secret TEXT    NOT NULL DEFAULT '', -- sealed; valid until previous_until
    previous_until  INTEGER  NOT NULL DEFAULT 0,
    position        INTEGER  NOT NULL, -- of the last event whose first try is done
    failing_since   INTEGER  NOT NULL DEFAULT 0,
    disabled_at     INTEGER  NOT NULL DEFAULT 0,
    disabled_reason TEXT    NOT NULL DEFAULT '',
    token           INTEGER  NOT NULL DEFAULT 0,
    owner           TEXT    NOT NULL DEFAULT '',
    lease_until     INTEGER  NOT NULL DEFAULT 0, -- by the database's own clock
    created_at      INTEGER  NOT NULL,
    updated_at      INTEGER  NOT NULL
);
CREATE INDEX webhook_endpoints_tenant ON webhook_endpoints (tenant, id);

-- One row a message and endpoint, written after its first try.
CREATE TABLE deliveries (
    id           TEXT    PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    endpoint_id  TEXT    NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    position     INTEGER  NOT NULL, -- of the event; 0 for a test
    message_id   TEXT    NOT NULL,
    event_type   TEXT    NOT NULL,
    document_id  TEXT    NOT NULL,
    state        TEXT    NOT NULL, -- delivered, retrying, failed
    tries        INTEGER NOT NULL,
    status_code  INTEGER NOT NULL, -- of the last answer; 0 when there was none
    error        TEXT    NOT NULL,
    first_try_at INTEGER  NOT NULL,
    last_try_at  INTEGER  NOT NULL,
    next_try_at  INTEGER  NOT NULL  -- 0 unless retrying
);
CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_failed ON deliveries (endpoint_id, id) WHERE state = 'failed';
CREATE INDEX deliveries_to_retry ON deliveries (endpoint_id, next_try_at) WHERE state = 'retrying';

-- +goose Down
DROP TABLE deliveries;
DROP TABLE webhook_endpoints;
DROP TABLE workers;
DROP TABLE shards;
DROP TABLE idempotency_keys;
DROP TABLE events;
DROP TABLE document_bodies;
DROP TABLE documents;
DROP TABLE taxpayers;
DROP TABLE api_keys;
