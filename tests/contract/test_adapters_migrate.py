"""The table of migrations is nobody's to read or change through Supabase's own API."""

from __future__ import annotations

import psycopg

from infra.database.migrate import migrate


def test_the_list_of_migrations_is_closed_to_whoever_does_not_own_it(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        names = connection.execute("SELECT name FROM schema_migrations").fetchall()
        assert names
        role = connection.execute("SELECT format('anon_%s', pg_backend_pid())").fetchone()
        assert role is not None
        anon = psycopg.sql.Identifier(role[0])
        with connection.transaction(force_rollback=True):
            # What Supabase gives its `anon` on every table of the schema.
            connection.execute(psycopg.sql.SQL("CREATE ROLE {}").format(anon))
            connection.execute(
                psycopg.sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(anon)
            )
            connection.execute(psycopg.sql.SQL("SET LOCAL ROLE {}").format(anon))
            assert connection.execute("SELECT FROM schema_migrations").rowcount == 0
            assert connection.execute("DELETE FROM schema_migrations").rowcount == 0


def test_a_database_from_before_its_list_was_closed_is_closed_by_the_next_run(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE schema_migrations DISABLE ROW LEVEL SECURITY")
        assert migrate(database_url) == []
        closed = connection.execute(
            "SELECT relrowsecurity FROM pg_class WHERE oid = 'schema_migrations'::regclass"
        ).fetchone()
    assert closed == (True,)
