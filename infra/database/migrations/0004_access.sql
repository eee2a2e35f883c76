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

-- Supabase's own roles: whoever comes through its interface to the database is one of them. They
-- are there already on Supabase; elsewhere they are made. Roles belong to the whole server, so
-- another database's migration may be making them at this moment.
DO $$
DECLARE
    supabase_role text;
BEGIN
    FOREACH supabase_role IN ARRAY '{anon,authenticated,service_role}'::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = supabase_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', supabase_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END $$;

-- What a policy asks of the token that Supabase has checked. In a schema of their own, which
-- Supabase's interface does not offer. Nobody's claims are NULL, which no owner is equal to.
CREATE SCHEMA quire;
GRANT USAGE ON SCHEMA quire TO authenticated;

CREATE FUNCTION quire.caller_claims() RETURNS jsonb LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

CREATE FUNCTION quire.caller_owner() RETURNS text LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT quire.caller_claims() ->> 'sub'
$$;

-- NULL where the caller is not limited. What can't be read limits to nothing at all.
CREATE FUNCTION quire.caller_matters() RETURNS text[] LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT CASE coalesce(jsonb_typeof(granted), 'null')
           WHEN 'null' THEN NULL
           WHEN 'array' THEN ARRAY(SELECT matter #>> '{}'
                                     FROM jsonb_array_elements(granted) AS matter
                                    WHERE jsonb_typeof(matter) = 'string')
           ELSE '{}'
           END
      FROM (SELECT quire.caller_claims() #> '{app_metadata,matters}' AS granted) AS claims
$$;

-- Owners read through that interface what the API shows them, and change nothing there. Each
-- (SELECT …) is evaluated once a query, not once a row.
-- Supabase grants everything on new tables to its roles, and leaves the rest to the policies; what
-- is not needed is taken back. Tables of later migrations say the same of themselves.
GRANT USAGE ON SCHEMA public TO authenticated;
REVOKE ALL ON documents, jobs, job_passwords, chunks, job_events, bounding_boxes, idempotency_keys,
              credit_accounts, credit_ledger, webhook_deliveries, webhook_attempts, api_keys,
              schema_migrations
         FROM PUBLIC, anon, authenticated;
REVOKE ALL ON SEQUENCE credit_ledger_id_seq FROM PUBLIC, anon, authenticated;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA quire FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA quire TO authenticated;
GRANT SELECT ON documents, jobs, chunks, job_events, credit_accounts, credit_ledger,
                webhook_deliveries, webhook_attempts
             TO authenticated;

CREATE POLICY owners_read ON documents FOR SELECT TO authenticated USING (
    owner = (SELECT quire.caller_owner())
    AND ((SELECT quire.caller_matters()) IS NULL
         OR matter = ANY ((SELECT quire.caller_matters())::text[])));

CREATE POLICY owners_read ON jobs FOR SELECT TO authenticated USING (
    owner = (SELECT quire.caller_owner())
    AND ((SELECT quire.caller_matters()) IS NULL
         OR matter = ANY ((SELECT quire.caller_matters())::text[])));

-- What belongs to a job or document is read by whoever may read that: its own policy holds inside
-- these subqueries, too.
CREATE POLICY owners_read ON chunks FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON job_events FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON webhook_deliveries FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM jobs WHERE jobs.id = job_id));
CREATE POLICY owners_read ON webhook_attempts FOR SELECT TO authenticated USING (
    EXISTS (SELECT FROM webhook_deliveries WHERE webhook_deliveries.id = delivery_id));

CREATE POLICY owners_read ON credit_accounts FOR SELECT TO authenticated USING (
    owner = (SELECT quire.caller_owner()));
CREATE POLICY owners_read ON credit_ledger FOR SELECT TO authenticated USING (
    owner = (SELECT quire.caller_owner())
    AND ((SELECT quire.caller_matters()) IS NULL
         OR job_id IS NULL
         OR EXISTS (SELECT FROM jobs WHERE jobs.id = job_id)));
