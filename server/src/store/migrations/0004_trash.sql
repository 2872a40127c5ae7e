-- What went into the trash under a name is found there when it comes back.
CREATE INDEX secrets_trash ON secrets (folder_id, name) WHERE deleted_at IS NOT NULL;
