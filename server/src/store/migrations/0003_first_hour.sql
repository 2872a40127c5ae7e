-- When a session was used last, to within a minute: for the list of one's own sessions.
ALTER TABLE sessions ADD COLUMN last_used_at {INT} NOT NULL DEFAULT 0;
UPDATE sessions SET last_used_at = refreshed_at;
