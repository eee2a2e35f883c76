"""What Supabase's own interface to the database shows: to whom it shows what the API would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database.migrate import migrate
from infra.local.stack import Stack
from tests.e2e.quire_client import wait_for

#: Owners read these; every new table is to be put into one of the two, and has its test by that.
READABLE: Final = {
    "documents",
    "jobs",
    "chunks",
    "job_events",
    "job_logs",
    "pages",
    "bounding_boxes",
    "older_words",
    "credit_accounts",
    "credit_ledger",
    "webhook_deliveries",
    "webhook_attempts",
    "batches",
    "batch_jobs",
    "batch_events",
    "job_stages",
    "page_texts",
    "sentences",
    "passages",
    "entities",
    "tree_nodes",
}
#: Nobody but the service itself.
SERVICE_ONLY: Final = {
    "api_keys",
    "cache_readers",
    "credit_grants",
    "idempotency_keys",
    "job_passwords",
    "metric_totals",
    "metrics_counted",
    "outdated_results",
    "passage_embeddings",
    "passage_vectors",
    "result_cache",
    "schema_migrations",
    "turns",
    "worker_scaling",
}
#: These have no policies of their own: who reads them needs rights to what they show.
VIEWS: Final = {"bounding_boxes"}
#: Of others there is one row for each of `ROWS`: this shows a word of a page and an older one.
SHOWN: Final = {"bounding_boxes": 2}
#: What belongs to an owner and to no matter of theirs.
OF_NO_MATTER: Final = {"credit_accounts"}

ROWS: Final = """
    INSERT INTO documents (id, owner, matter, filename, bucket, object, generation,
                           result_job, result_attempt)
    VALUES (%(document)s, %(owner)s, %(matter)s, 'a.pdf', 'b', %(document)s::text, 1, %(job)s, 2);
    INSERT INTO jobs (id, document_id, owner, matter)
    VALUES (%(job)s, %(document)s, %(owner)s, %(matter)s);
    INSERT INTO batches (id, owner, matter, total, unfinished, last_event)
    VALUES (%(batch)s, %(owner)s, %(matter)s, 1, 1, 1);
    INSERT INTO batch_jobs (batch_id, position, job_id) VALUES (%(batch)s, 1, %(job)s);
    INSERT INTO batch_events (batch_id, id, kind) VALUES (%(batch)s, 1, 'batch_created');
    INSERT INTO job_passwords (job_id, password) VALUES (%(job)s, 'open sesame');
    INSERT INTO chunks (id, job_id, index, page_start, page_end)
    VALUES (gen_random_uuid(), %(job)s, 0, 1, 2);
    INSERT INTO job_events (job_id, id, kind) VALUES (%(job)s, 1, 'job_created');
    INSERT INTO job_logs (job_id, at, level, logger, message, written_by)
    VALUES (%(job)s, now(), 'INFO', 'quire', 'said', pg_current_xact_id());
    INSERT INTO pages (document_id, job_id, attempt, number, width, height, unit, text_start,
                       text_end, confidence, languages, text, folded, words, word_starts,
                       word_ends, word_x0, word_y0, word_x1, word_y1, word_confidences)
    SELECT %(document)s, %(job)s, attempt, 1, 1, 1, 'pt', 0, 0, 1, '{}', 'word', 'word', '{word}',
           '{0}', '{4}', '{0}', '{0}', '{1}', '{1}', '{1}'
      FROM generate_series(1, 2) AS attempt;
    INSERT INTO older_words (document_id, job_id, attempt, page, word, text, text_start, text_end,
                             x0, y0, x1, y1, confidence)
    SELECT %(document)s, %(job)s, attempt, 2, 0, 'word', 0, 4, 0, 0, 1, 1, 1
      FROM generate_series(1, 2) AS attempt;
    INSERT INTO idempotency_keys (owner, key, fingerprint, job_id)
    VALUES (%(owner)s, %(job)s::text, '', %(job)s);
    INSERT INTO credit_accounts (owner, available) VALUES (%(owner)s, 10) ON CONFLICT DO NOTHING;
    INSERT INTO credit_ledger (owner, kind, available_change, reserved_change, job_id, round)
    VALUES (%(owner)s, 'reserved', -2, 2, %(job)s, 0);
    INSERT INTO webhook_deliveries (id, job_id, owner, event, url, payload)
    VALUES (%(delivery)s, %(job)s, %(owner)s, 'job.completed', 'https://example.com', '{}');
    INSERT INTO webhook_attempts (delivery_id, attempt, seconds) VALUES (%(delivery)s, 1, 0.1);
    INSERT INTO api_keys (id, owner, name, prefix, secret_hash, scopes)
    VALUES (gen_random_uuid(), %(owner)s, 'a', %(job)s::text, decode(repeat('00', 32), 'hex'),
            '{jobs:read}');
    INSERT INTO job_stages (job_id, stage, place, version) VALUES (%(job)s, 'text', 1, '1');
    INSERT INTO page_texts VALUES (%(job)s, %(document)s, 1, 'A.', '', 'en', '', '', '');
    INSERT INTO sentences VALUES (%(job)s, %(document)s, 0, 'A.', 'en', 1, 0, 1, 2, 0, '[]');
    INSERT INTO passages
    VALUES (%(job)s, %(document)s, 0, 'A.', 'en', 'english', 1, 1, 1, 0, 0, '[]');
    INSERT INTO entities
    VALUES (%(job)s, %(document)s, 0, 0, 'person', 'A', 0, 1, 1, NULL, 1);
    INSERT INTO tree_nodes
    VALUES (%(job)s, %(document)s, 0, NULL, 0, 'A', 1, 1, 0, 0, 'A.', NULL);
"""


class Database:
    """A database as on Supabase, and whoever looks at it through Supabase."""

    def __init__(self, url: str) -> None:
        self.url = url

    def connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True, cursor_factory=psycopg.ClientCursor)

    @contextmanager
    def as_role(
        self, role: str, claims: dict[str, Any] | str | None = None
    ) -> Iterator[psycopg.Connection[Any]]:
        """Do as Supabase's interface does: one transaction, in the role, with the claims."""
        text = claims if isinstance(claims, str) else json.dumps(claims)
        with self.connected() as connection, connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            if claims is not None:
                connection.execute("SELECT set_config('request.jwt.claims', %s, true)", (text,))
            yield connection

    def seen(self, table: str, claims: dict[str, Any] | str | None) -> int:
        """Count the rows that a person sees."""
        with self.as_role("authenticated", claims) as connection:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            return connection.execute(query).rowcount

    def add(self, owner: str, matter: str | None = None) -> UUID:
        """Add one row of everything; return the job's id."""
        job = uuid4()
        values = {"document": uuid4(), "delivery": uuid4(), "batch": uuid4(), "job": job}
        with self.connected() as connection:
            connection.execute(ROWS, {**values, "owner": owner, "matter": matter})
        return job


@pytest.fixture(scope="module")
def database(servers: Stack) -> Iterator[Database]:
    """A migrated database in which, as on Supabase, new tables are granted to everybody."""
    template = servers.endpoints["postgres"]
    name = f"supabase_{uuid4().hex}"
    admin = urlunsplit(urlsplit(template)._replace(path="/template1"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(template)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            connection.execute(
                sql.SQL(
                    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {}"
                    " TO anon, authenticated, service_role"
                ).format(sql.SQL(kind))
            )
    migrate(url)
    database = Database(url)
    for owner in ("alice", "bob"):
        for matter in (None, "m1", "m1", "m2"):
            database.add(owner, matter)
    yield database
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def person(owner: str = "alice", **app_metadata: object) -> dict[str, Any]:
    return {"sub": owner, "role": "authenticated", "app_metadata": app_metadata}


def every_table(database: Database) -> set[str]:
    with database.connected() as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " UNION SELECT viewname FROM pg_views WHERE schemaname = 'public'"
        )
        return {name for (name,) in rows}


# ── decisions ────────────────────────────────────────────────────────────────────────────────


def test_every_table_is_decided_upon_and_closed_but_for_its_policies(database: Database) -> None:
    assert every_table(database) == READABLE | SERVICE_ONLY
    with database.connected() as connection:
        open_tables = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'"
            " AND relkind IN ('r', 'p', 'v', 'm') AND NOT relrowsecurity"
            " AND reloptions IS DISTINCT FROM '{security_invoker=true}'"
        ).fetchall()
        policies = connection.execute(
            "SELECT tablename, cmd, roles::text FROM pg_policies ORDER BY 1"
        ).fetchall()
        granted = connection.execute(
            "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
            " WHERE table_schema = 'public' AND grantee IN ('PUBLIC', 'anon', 'authenticated')"
        ).fetchall()
        sequences = connection.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
            " AND (has_sequence_privilege('anon', oid, 'USAGE, SELECT, UPDATE')"
            " OR has_sequence_privilege('authenticated', oid, 'USAGE, SELECT, UPDATE'))"
        ).fetchall()
    assert open_tables == []
    assert policies == [(table, "SELECT", "{authenticated}") for table in sorted(READABLE - VIEWS)]
    assert set(granted) == {(table, "authenticated", "SELECT") for table in READABLE}
    assert sequences == []


# ── who sees what ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", sorted(READABLE))
def test_an_owner_sees_all_of_theirs_and_nothing_of_anybody_elses(
    database: Database, table: str
) -> None:
    rows = 1 if table in OF_NO_MATTER else 4 * SHOWN.get(table, 1)
    assert database.seen(table, person("alice")) == rows
    assert database.seen(table, person("bob")) == rows
    assert database.seen(table, person("mallory")) == 0
    with database.as_role("authenticated", person("alice")) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND column_name = 'owner'",
                (table,),
            )
        ]
        if columns:
            query = sql.SQL("SELECT DISTINCT owner FROM {}").format(sql.Identifier(table))
            assert connection.execute(query).fetchall() == [("alice",)]


@pytest.mark.parametrize("table", sorted(READABLE - OF_NO_MATTER))
def test_one_who_is_limited_to_matters_sees_those_alone(database: Database, table: str) -> None:
    shown = SHOWN.get(table, 1)
    assert database.seen(table, person(matters=["m1"])) == 2 * shown
    assert database.seen(table, person(matters=["m1", "m2"])) == 3 * shown
    assert database.seen(table, person(matters=["m3"])) == 0
    assert database.seen(table, person(matters=[])) == 0
    assert database.seen(table, person(matters=None)) == 4 * shown


@pytest.mark.parametrize("matters", ["m1", {"m1": 1}, 7, True, [None], [["m1"]]])
def test_matters_that_can_not_be_read_show_nothing(database: Database, matters: object) -> None:
    assert database.seen("jobs", person(matters=matters)) == 0


@pytest.mark.parametrize("claims", [None, "", {}, {"sub": None}, {"role": "authenticated"}])
@pytest.mark.parametrize("table", sorted(READABLE))
def test_one_without_a_subject_sees_nothing(
    database: Database, table: str, claims: dict[str, Any] | str | None
) -> None:
    assert database.seen(table, claims) == 0


@pytest.mark.parametrize("table", sorted(READABLE | SERVICE_ONLY))
def test_anonymous_callers_are_refused_everything(database: Database, table: str) -> None:
    with (
        database.as_role("anon", {"role": "anon", "sub": "alice"}) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("table", sorted(SERVICE_ONLY))
def test_secrets_and_books_are_the_services_own(database: Database, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.seen(table, person(role="admin"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} DEFAULT VALUES",
        "UPDATE {} SET {column} = {column}",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
    ],
)
@pytest.mark.parametrize("table", sorted((READABLE | SERVICE_ONLY) - VIEWS))
def test_nobody_writes(database: Database, table: str, statement: str) -> None:
    with database.connected() as connection:
        row = connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_identity = 'NO' ORDER BY ordinal_position LIMIT 1",
            (table,),
        ).fetchone()
    assert row is not None
    name = sql.Identifier(table)
    column = sql.Identifier(row[0])
    written = sql.SQL(statement).format(name, column=column)
    for role in ("anon", "authenticated"):
        with (
            database.as_role(role, person()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(written)


# ── how it is asked ──────────────────────────────────────────────────────────────────────────


def plan(connection: psycopg.Connection[Any], query: str) -> str:
    rows = connection.execute(f"EXPLAIN {query}")
    return "\n".join(line for (line,) in rows)


def test_a_query_reads_the_token_once_and_finds_its_rows_by_an_index(database: Database) -> None:
    with database.connected() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO documents (id, owner, filename, bucket, object)"
            " SELECT gen_random_uuid(), 'owner ' || n / 50, '', 'b', 'many/' || n"
            " FROM generate_series(1, 20000) AS n"
        )
        connection.execute(
            "INSERT INTO jobs (id, document_id, owner) SELECT gen_random_uuid(), id, owner"
            " FROM documents WHERE object LIKE 'many/%'"
        )
        connection.execute("ANALYZE documents, jobs")
        connection.execute("SET LOCAL ROLE authenticated")
        connection.execute(
            "SELECT set_config('request.jwt.claims', %s, true)", (json.dumps(person("owner 7")),)
        )
        for table, index in (("jobs", "jobs_newest"), ("documents", "documents_by_owner")):
            said = plan(connection, f"SELECT * FROM {table}")
            assert index in said
            assert "Seq Scan" not in said
            # The functions stand in what is evaluated beforehand, and in no row's filter.
            assert "InitPlan" in said
            assert not re.search(r"(Filter|Cond):.*caller_", said), said
        job = connection.execute("SELECT id FROM jobs LIMIT 1").fetchone()
        assert job is not None
        said = plan(connection, f"SELECT * FROM chunks WHERE job_id = '{job[0]}'")
        assert "jobs_pkey" in said
        assert "Seq Scan on jobs" not in said


def test_a_role_that_another_database_is_just_making_is_no_error(servers: Stack) -> None:
    script = files("infra.database").joinpath("migrations/0004_access.sql").read_text()
    [block] = re.findall(r"DO \$\$.*?END \$\$;", script, re.DOTALL)
    names = [f"role_{uuid4().hex}" for _ in range(3)]
    block = block.replace("{anon,authenticated,service_role}", f"{{{','.join(names)}}}")
    assert names[0] in block
    url = servers.endpoints["postgres"]
    with (
        psycopg.connect(url) as first,
        psycopg.connect(url) as second,
        ThreadPoolExecutor() as pool,
    ):
        first.execute(block)
        beside = pool.submit(second.execute, block)
        with psycopg.connect(url, autocommit=True) as watch:
            wait_for(
                lambda: (
                    watch.execute(
                        "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                        (second.info.backend_pid,),
                    ).rowcount
                ),
                "the second to wait for the first",
            )
        first.commit()
        beside.result(60)
        second.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        made = connection.execute("SELECT FROM pg_roles WHERE rolname = ANY(%s)", (names,))
        assert made.rowcount == 3
        for name in names:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
