-- What is configured and must not lie in plain: under the root key, as the data keys are.
CREATE TABLE sealed_settings (
    name {TEXT} PRIMARY KEY,
    value_sealed {BYTES} NOT NULL,
    updated_at {INT} NOT NULL
) {STRICT};

-- Every backup that was completed in the data directory. One that is not kept any more (removed_at) stays until no target has
-- a copy; one whose file somebody else removed (here) stays as long as a target has one.
CREATE TABLE backups (
    id {TEXT} PRIMARY KEY,
    file_name {TEXT} NOT NULL,
    reason {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    size {INT} NOT NULL,
    sha256 {TEXT} NOT NULL,
    root {TEXT} NOT NULL,
    opens_with {TEXT} NOT NULL,
    secrets {INT} NOT NULL,
    unreadable {INT} NOT NULL,
    here {BOOL} NOT NULL,
    removed_at {INT}
) {STRICT};
CREATE INDEX backups_created ON backups (created_at, id);

-- Copies of backups at targets, and what came of the last attempt to make one.
CREATE TABLE backup_copies (
    backup_id {TEXT} NOT NULL REFERENCES backups (id),
    target_id {TEXT} NOT NULL,
    copied_at {INT},
    tried_at {INT} NOT NULL,
    error {TEXT},
    PRIMARY KEY (backup_id, target_id)
) {STRICT};

-- Rehearsed restores: what was found, with a keyed hash over it.
CREATE TABLE drills (
    id {TEXT} PRIMARY KEY,
    at {INT} NOT NULL,
    passed {BOOL} NOT NULL,
    result {TEXT} NOT NULL,
    mac {BYTES} NOT NULL
) {STRICT};
CREATE INDEX drills_at ON drills (at, id);
