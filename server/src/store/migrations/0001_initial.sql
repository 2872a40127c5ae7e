CREATE TABLE settings (
    name {TEXT} PRIMARY KEY,
    value {BYTES} NOT NULL
) {STRICT};
