-- API keys, and who may read what through Supabase's own interface to the database.

-- A key is shown once. What is kept of it is the hash of 256 random bits: nobody can go back.
CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    owner        text NOT NULL CHECK (owner <> ''),
    name         text NOT NULL,
    prefix       text NOT NULL UNIQUE,             -- its public part, by which it is found
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       text[] NOT NULL CHECK (
                     cardinality(scopes) > 0
                     AND scopes <@ '{documents:write,jobs:read,jobs:write,admin}'::text[]),
    matters      text[],                           -- null: all of the owner's
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at timestamptz,                      -- to the minute
    expires_at   timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_newest ON api_keys (owner, created_at DESC, id DESC);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
