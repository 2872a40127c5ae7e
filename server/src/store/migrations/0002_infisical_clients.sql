-- What Infisical's clients store beyond plain secrets: folders with descriptions, imports, tags, metadata, personal
-- overrides (secrets.owner_id, there from the start), service tokens, token auth, lock-out of machine logins.

ALTER TABLE projects ADD COLUMN delete_protection {BOOL} NOT NULL DEFAULT FALSE;
ALTER TABLE projects ADD COLUMN auto_capitalization {BOOL} NOT NULL DEFAULT FALSE;
ALTER TABLE projects ADD COLUMN audit_retention_days {INT};

ALTER TABLE folders ADD COLUMN description {TEXT};
ALTER TABLE folders ADD COLUMN version {INT} NOT NULL DEFAULT 1;
CREATE INDEX folders_parent ON folders (parent_id) WHERE deleted_at IS NULL;

-- Metadata and reminder of a version, sealed together.
ALTER TABLE secret_versions ADD COLUMN details_sealed {BYTES};

CREATE TABLE tags (
    id {TEXT} PRIMARY KEY,
    project_id {TEXT} NOT NULL REFERENCES projects (id),
    slug {TEXT} NOT NULL,
    color {TEXT} NOT NULL,
    created_by_kind {TEXT} NOT NULL DEFAULT 'user',
    created_by {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX tags_slug ON tags (project_id, slug) WHERE deleted_at IS NULL;

-- A version keeps the tags it had, so that going back to it brings them back.
CREATE TABLE secret_version_tags (
    secret_id {TEXT} NOT NULL,
    version {INT} NOT NULL,
    tag_id {TEXT} NOT NULL REFERENCES tags (id),
    PRIMARY KEY (secret_id, version, tag_id),
    FOREIGN KEY (secret_id, version) REFERENCES secret_versions (secret_id, version)
) {STRICT};
CREATE INDEX secret_version_tags_tag ON secret_version_tags (tag_id);

CREATE TABLE secret_imports (
    id {TEXT} PRIMARY KEY,
    folder_id {TEXT} NOT NULL REFERENCES folders (id),
    source_environment_id {TEXT} NOT NULL REFERENCES environments (id),
    source_path {TEXT} NOT NULL,
    position {INT} NOT NULL,
    version {INT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE INDEX secret_imports_folder ON secret_imports (folder_id, position);
CREATE INDEX secret_imports_source ON secret_imports (source_environment_id);

CREATE TABLE service_tokens (
    id {TEXT} PRIMARY KEY,
    project_id {TEXT} NOT NULL REFERENCES projects (id),
    name {TEXT} NOT NULL,
    secret_hash {BYTES} NOT NULL,
    scopes {TEXT} NOT NULL,
    permissions {TEXT} NOT NULL,
    encrypted_key {TEXT} NOT NULL,
    iv {TEXT} NOT NULL,
    tag {TEXT} NOT NULL,
    created_by {TEXT} NOT NULL REFERENCES users (id),
    expires_at {INT},
    last_used_at {INT},
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};
CREATE INDEX service_tokens_project ON service_tokens (project_id);

CREATE TABLE identity_metadata (
    identity_id {TEXT} NOT NULL REFERENCES identities (id),
    position {INT} NOT NULL,
    id {TEXT} NOT NULL,
    name {TEXT} NOT NULL,
    value {TEXT} NOT NULL,
    PRIMARY KEY (identity_id, position)
) {STRICT};

ALTER TABLE universal_auths ADD COLUMN access_token_period {INT} NOT NULL DEFAULT 0;
ALTER TABLE universal_auths ADD COLUMN lockout_enabled {BOOL} NOT NULL DEFAULT TRUE;
ALTER TABLE universal_auths ADD COLUMN lockout_threshold {INT} NOT NULL DEFAULT 3;
ALTER TABLE universal_auths ADD COLUMN lockout_seconds {INT} NOT NULL DEFAULT 300;
ALTER TABLE universal_auths ADD COLUMN lockout_reset_seconds {INT} NOT NULL DEFAULT 30;

CREATE TABLE token_auths (
    identity_id {TEXT} PRIMARY KEY REFERENCES identities (id),
    id {TEXT} NOT NULL UNIQUE,
    access_token_ttl {INT} NOT NULL,
    access_token_max_ttl {INT} NOT NULL,
    access_token_uses_limit {INT} NOT NULL,
    access_token_trusted_ips {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL
) {STRICT};

ALTER TABLE access_tokens ADD COLUMN period {INT} NOT NULL DEFAULT 0;
ALTER TABLE access_tokens ADD COLUMN last_used_at {INT};
ALTER TABLE access_tokens ADD COLUMN method {TEXT} NOT NULL DEFAULT 'universal-auth';
-- So far only set-up has made tokens without a client secret.
UPDATE access_tokens SET method = 'token-auth' WHERE client_secret_id IS NULL;

-- A login finds its client secret by hash.
CREATE UNIQUE INDEX client_secrets_hash ON client_secrets (client_id, secret_hash);
DROP INDEX client_secrets_client;
