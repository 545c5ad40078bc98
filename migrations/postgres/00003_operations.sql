-- What operating a gateway for years needs. Conventions as in 00001.

-- +goose Up
-- What the gateway notes about this database.
--   oldest_schema  the number of the migration that a release must know to work here
--   identity       what this database was when it was last served; see repository/installation.go
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO installation (name, value) VALUES ('oldest_schema', '2');

-- Up to where a tenant's events are kept no longer.
CREATE TABLE feed_starts (
    tenant   TEXT   COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL -- of the last event that went
);

-- +goose Down
DROP TABLE feed_starts;
DROP TABLE installation;
