-- Files, signers, returns, wishes, and what operators do.
-- Conventions as in 00001.

-- +goose Up
-- Whose document it is: the seller of an invoice, the buyer who files a return.
ALTER TABLE documents RENAME COLUMN seller_npwp TO taxpayer_npwp;
-- The other side: the buyer's identity number, or the seller's NPWP of a return.
ALTER TABLE documents RENAME COLUMN buyer_number TO counterpart;
ALTER TABLE documents ADD COLUMN receipt TEXT NOT NULL DEFAULT ''; -- the channel's own name of the last attempt
ALTER TABLE documents ADD COLUMN wish TEXT NOT NULL DEFAULT ''; -- cancel, amend, mend

CREATE INDEX documents_replacing ON documents (replaces_id) WHERE replaces_id <> '';
CREATE INDEX documents_wishing ON documents (wish, channel, livemode, due_at, shard) WHERE wish <> '';
-- What waits for its signer, to release it when the signer is known to be well.
CREATE INDEX documents_put_off ON documents (tenant, taxpayer_npwp) WHERE status = 'queued' AND due_at > 0;

ALTER TABLE taxpayers ADD COLUMN provider TEXT NOT NULL DEFAULT ''; -- JSON, sealed with the master key

CREATE TABLE signers (
    tenant        TEXT    COLLATE "C" NOT NULL,
    taxpayer_npwp TEXT    COLLATE "C" NOT NULL,
    id            TEXT    COLLATE "C" NOT NULL, -- NIK or NPWP
    name          TEXT    NOT NULL,
    position      TEXT    NOT NULL,
    city          TEXT    NOT NULL,
    passphrase    TEXT    NOT NULL, -- sealed with the master key; '' for none
    priority      INTEGER NOT NULL, -- the lowest signs first
    failures      INTEGER NOT NULL DEFAULT 0, -- in a row
    proven        BOOLEAN NOT NULL DEFAULT FALSE, -- with the present passphrase
    paused_at     BIGINT  NOT NULL DEFAULT 0,
    paused_why    TEXT    NOT NULL DEFAULT '',
    tried_at      BIGINT  NOT NULL DEFAULT 0, -- a document on trial went then
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL,
    PRIMARY KEY (tenant, taxpayer_npwp, id)
);

-- Numbers from e-Nofa, for the desktop application: 13-digit serials.
CREATE TABLE nsfp_ranges (
    tenant        TEXT COLLATE "C" NOT NULL,
    taxpayer_npwp TEXT COLLATE "C" NOT NULL,
    first         BIGINT NOT NULL,
    last          BIGINT NOT NULL,
    next          BIGINT NOT NULL, -- last + 1 when used up
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant, taxpayer_npwp, first)
);

-- What the file channels write for a person to upload.
CREATE TABLE files (
    id            TEXT    COLLATE "C" PRIMARY KEY,
    tenant        TEXT    COLLATE "C" NOT NULL,
    taxpayer_npwp TEXT    COLLATE "C" NOT NULL,
    channel       TEXT    NOT NULL,
    livemode      BOOLEAN NOT NULL,
    kind          TEXT    NOT NULL,
    status        TEXT    NOT NULL, -- ready, uploaded, rejected, withdrawn
    name          TEXT    NOT NULL,
    media_type    TEXT    NOT NULL,
    content       BYTEA   NOT NULL,
    size          BIGINT  NOT NULL,
    sha256        TEXT    NOT NULL, -- hex
    documents     INTEGER NOT NULL, -- how many are in it
    message       TEXT    NOT NULL DEFAULT '', -- what the portal said of it
    downloaded_at BIGINT  NOT NULL DEFAULT 0,
    uploaded_at   BIGINT  NOT NULL DEFAULT 0,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL
);
CREATE INDEX files_newest ON files (tenant, taxpayer_npwp, id);

-- Which document stands where in a file; live while the file holds it.
CREATE TABLE file_documents (
    file_id     TEXT    COLLATE "C" NOT NULL REFERENCES files (id),
    place       INTEGER NOT NULL, -- 0 for the first
    document_id TEXT    COLLATE "C" NOT NULL REFERENCES documents (id),
    live        BOOLEAN NOT NULL,
    PRIMARY KEY (file_id, place)
);
CREATE UNIQUE INDEX file_documents_live ON file_documents (document_id) WHERE live;

-- Many documents uploaded again at one word, to look at their progress.
CREATE TABLE reuploads (
    id         TEXT COLLATE "C" PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL,
    request    TEXT   NOT NULL, -- JSON: the filter and the signer
    created_at BIGINT NOT NULL
);
CREATE TABLE reupload_documents (
    reupload_id TEXT COLLATE "C" NOT NULL REFERENCES reuploads (id),
    document_id TEXT COLLATE "C" NOT NULL REFERENCES documents (id),
    PRIMARY KEY (reupload_id, document_id)
);

-- What operators did; rows are only ever added.
CREATE TABLE audit (
    id      TEXT COLLATE "C" PRIMARY KEY, -- UUIDv7
    tenant  TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);
CREATE INDEX audit_newest ON audit (tenant, id);

-- What the file channels have to write; the queries name the channels as literals.
CREATE INDEX documents_to_gather ON documents (channel, livemode, tenant, taxpayer_npwp, kind, leave_by, turn_at)
    WHERE status = 'queued' AND NOT held AND channel IN ('coretax_xml', 'efaktur_desktop');
-- Together with document_references it finds every document of a reference.
CREATE INDEX documents_other_reference ON documents (tenant, reference, taxpayer_npwp)
    WHERE status = 'cancelled' OR replaces_id <> '';

-- What lists are searched by stands in the table that is written once, so that no
-- step of a document's life has to write these indexes anew. Each begins with another
-- column, so that a comparison of rows (newest in repository/lists.go) fits one of them only.
ALTER TABLE document_bodies ADD COLUMN tenant TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE document_bodies ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE document_bodies ADD COLUMN taxpayer_npwp TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE document_bodies ADD COLUMN counterpart TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE document_bodies SET (tenant, kind, taxpayer_npwp, counterpart) =
    (SELECT d.tenant, d.kind, d.taxpayer_npwp, d.counterpart FROM documents d WHERE d.id = document_id);
CREATE INDEX document_bodies_newest ON document_bodies (tenant, kind, document_id);
CREATE INDEX document_bodies_taxpayer ON document_bodies (taxpayer_npwp, tenant, kind, document_id);
CREATE INDEX document_bodies_counterpart ON document_bodies (counterpart, tenant, kind, document_id);
DROP INDEX documents_newest;

-- Which document a reference names: one live original of a taxpayer and a kind; a
-- replacement keeps its original's. A row goes when its document is cancelled. It
-- stands apart for the same reason.
CREATE TABLE document_references (
    tenant        TEXT COLLATE "C" NOT NULL,
    reference     TEXT COLLATE "C" NOT NULL,
    taxpayer_npwp TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    document_id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, reference, taxpayer_npwp, kind)
);
INSERT INTO document_references SELECT tenant, reference, taxpayer_npwp, kind, id FROM documents
    WHERE status <> 'cancelled' AND replaces_id = '';
DROP INDEX documents_reference;

-- +goose Down
CREATE UNIQUE INDEX documents_reference ON documents (tenant, reference, taxpayer_npwp, kind)
    WHERE status <> 'cancelled' AND replaces_id = '';
DROP TABLE document_references;
CREATE INDEX documents_newest ON documents (tenant, id);
DROP INDEX document_bodies_counterpart;
DROP INDEX document_bodies_taxpayer;
DROP INDEX document_bodies_newest;
ALTER TABLE document_bodies DROP COLUMN counterpart;
ALTER TABLE document_bodies DROP COLUMN taxpayer_npwp;
ALTER TABLE document_bodies DROP COLUMN kind;
ALTER TABLE document_bodies DROP COLUMN tenant;
DROP INDEX documents_other_reference;
DROP INDEX documents_to_gather;
DROP TABLE audit;
DROP TABLE reupload_documents;
DROP TABLE reuploads;
DROP TABLE file_documents;
DROP TABLE files;
DROP TABLE nsfp_ranges;
DROP TABLE signers;
ALTER TABLE taxpayers DROP COLUMN provider;
DROP INDEX documents_put_off;
DROP INDEX documents_wishing;
DROP INDEX documents_replacing;
ALTER TABLE documents DROP COLUMN wish;
ALTER TABLE documents DROP COLUMN receipt;
ALTER TABLE documents RENAME COLUMN counterpart TO buyer_number;
ALTER TABLE documents RENAME COLUMN taxpayer_npwp TO seller_npwp;
