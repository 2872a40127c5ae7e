-- The latest rotation of each project's data key: everything is sealed anew under the newest key, a few versions at a time.
-- The last row that was looked at is the cursor.
CREATE TABLE data_key_rotations (
    project_id {TEXT} PRIMARY KEY REFERENCES projects (id),
    version {INT} NOT NULL,
    state {TEXT} NOT NULL,
    total {INT} NOT NULL,
    done {INT} NOT NULL,
    unreadable {INT} NOT NULL,
    cursor_secret {TEXT} NOT NULL,
    cursor_version {INT} NOT NULL,
    started_at {INT} NOT NULL,
    updated_at {INT} NOT NULL
) {STRICT};
CREATE INDEX data_key_rotations_state ON data_key_rotations (state, started_at);
