-- Times are milliseconds since 1970 UTC. Ids are UUID text. Columns named *_sealed hold AEAD ciphertext.
-- Deleting is soft: deleted_at is set, and partial unique indexes let the name be used again.

CREATE TABLE settings (
    name {TEXT} PRIMARY KEY,
    value {TEXT} NOT NULL
) {STRICT};

CREATE TABLE organizations (
    id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    slug {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX organizations_slug ON organizations (slug) WHERE deleted_at IS NULL;

CREATE TABLE users (
    id {TEXT} PRIMARY KEY,
    email {TEXT} NOT NULL,
    first_name {TEXT} NOT NULL,
    last_name {TEXT} NOT NULL,
    password_hash {TEXT} NOT NULL,
    instance_admin {BOOL} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX users_email ON users (email) WHERE deleted_at IS NULL;

CREATE TABLE identities (
    id {TEXT} PRIMARY KEY,
    organization_id {TEXT} NOT NULL REFERENCES organizations (id),
    name {TEXT} NOT NULL,
    delete_protection {BOOL} NOT NULL,
    instance_admin {BOOL} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE INDEX identities_organization ON identities (organization_id);

CREATE TABLE organization_members (
    id {TEXT} PRIMARY KEY,
    organization_id {TEXT} NOT NULL REFERENCES organizations (id),
    member_kind {TEXT} NOT NULL,
    member_id {TEXT} NOT NULL,
    role {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    UNIQUE (organization_id, member_kind, member_id)
) {STRICT};
CREATE INDEX organization_members_member ON organization_members (member_kind, member_id);

CREATE TABLE sessions (
    id {TEXT} PRIMARY KEY,
    user_id {TEXT} NOT NULL REFERENCES users (id),
    organization_id {TEXT},
    refresh_hash {BYTES} NOT NULL,
    previous_refresh_hash {BYTES},
    refreshed_at {INT} NOT NULL,
    ip {TEXT} NOT NULL,
    user_agent {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE universal_auths (
    client_id {TEXT} PRIMARY KEY,
    identity_id {TEXT} NOT NULL UNIQUE REFERENCES identities (id),
    access_token_ttl {INT} NOT NULL,
    access_token_max_ttl {INT} NOT NULL,
    access_token_uses_limit {INT} NOT NULL,
    client_secret_trusted_ips {TEXT} NOT NULL,
    access_token_trusted_ips {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL
) {STRICT};

CREATE TABLE client_secrets (
    id {TEXT} PRIMARY KEY,
    client_id {TEXT} NOT NULL REFERENCES universal_auths (client_id),
    description {TEXT} NOT NULL,
    prefix {TEXT} NOT NULL,
    secret_hash {BYTES} NOT NULL,
    uses {INT} NOT NULL,
    uses_limit {INT} NOT NULL,
    ttl {INT} NOT NULL,
    last_used_at {INT},
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};
CREATE INDEX client_secrets_client ON client_secrets (client_id);

CREATE TABLE access_tokens (
    id {TEXT} PRIMARY KEY,
    identity_id {TEXT} NOT NULL REFERENCES identities (id),
    client_secret_id {TEXT},
    name {TEXT} NOT NULL,
    ttl {INT} NOT NULL,
    max_ttl {INT} NOT NULL,
    uses {INT} NOT NULL,
    uses_limit {INT} NOT NULL,
    trusted_ips {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    renewed_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};
CREATE INDEX access_tokens_identity ON access_tokens (identity_id);

CREATE TABLE projects (
    id {TEXT} PRIMARY KEY,
    organization_id {TEXT} NOT NULL REFERENCES organizations (id),
    name {TEXT} NOT NULL,
    slug {TEXT} NOT NULL,
    description {TEXT},
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX projects_slug ON projects (organization_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE project_members (
    id {TEXT} PRIMARY KEY,
    project_id {TEXT} NOT NULL REFERENCES projects (id),
    member_kind {TEXT} NOT NULL,
    member_id {TEXT} NOT NULL,
    role {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    UNIQUE (project_id, member_kind, member_id)
) {STRICT};
CREATE INDEX project_members_member ON project_members (member_kind, member_id);

CREATE TABLE project_keys (
    project_id {TEXT} NOT NULL REFERENCES projects (id),
    version {INT} NOT NULL,
    key_sealed {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    PRIMARY KEY (project_id, version)
) {STRICT};

CREATE TABLE environments (
    id {TEXT} PRIMARY KEY,
    project_id {TEXT} NOT NULL REFERENCES projects (id),
    name {TEXT} NOT NULL,
    slug {TEXT} NOT NULL,
    position {INT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX environments_slug ON environments (project_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE folders (
    id {TEXT} PRIMARY KEY,
    environment_id {TEXT} NOT NULL REFERENCES environments (id),
    parent_id {TEXT} NOT NULL,
    name {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX folders_name ON folders (environment_id, parent_id, name) WHERE deleted_at IS NULL;

CREATE TABLE secrets (
    id {TEXT} PRIMARY KEY,
    folder_id {TEXT} NOT NULL REFERENCES folders (id),
    name {TEXT} NOT NULL,
    owner_id {TEXT} NOT NULL,
    version {INT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    deleted_at {INT}
) {STRICT};
CREATE UNIQUE INDEX secrets_name ON secrets (folder_id, name, owner_id) WHERE deleted_at IS NULL;

CREATE TABLE secret_versions (
    secret_id {TEXT} NOT NULL REFERENCES secrets (id),
    version {INT} NOT NULL,
    name {TEXT} NOT NULL,
    value_sealed {BYTES} NOT NULL,
    comment_sealed {BYTES},
    key_version {INT} NOT NULL,
    skip_multiline_encoding {BOOL},
    actor_kind {TEXT} NOT NULL,
    actor_id {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    PRIMARY KEY (secret_id, version)
) {STRICT};

CREATE TABLE attempts (
    subject {TEXT} PRIMARY KEY,
    failures {INT} NOT NULL,
    last_failure_at {INT} NOT NULL
) {STRICT};

CREATE TABLE audit_records (
    id {TEXT} PRIMARY KEY,
    at {INT} NOT NULL,
    event {TEXT} NOT NULL,
    actor_kind {TEXT} NOT NULL,
    actor_id {TEXT} NOT NULL,
    credential_id {TEXT} NOT NULL,
    organization_id {TEXT} NOT NULL,
    project_id {TEXT} NOT NULL,
    detail {TEXT} NOT NULL,
    count {INT} NOT NULL,
    ip {TEXT} NOT NULL,
    user_agent {TEXT} NOT NULL,
    request_id {TEXT} NOT NULL,
    number {INT},
    previous_hash {BYTES},
    hash {BYTES}
) {STRICT};
CREATE INDEX audit_records_unlinked ON audit_records (at) WHERE number IS NULL;
CREATE UNIQUE INDEX audit_records_number ON audit_records (number) WHERE number IS NOT NULL;
