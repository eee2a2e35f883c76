"""The manuals' passages many times over, for how long a search takes among tens of thousands."""

from __future__ import annotations

from typing import Final

from infra.database.pool import Pool

COPIES: Final = 40

# Vectors are moved a little each, so that no two are equal: those would be one place in the index.
_COPY: Final = """
    WITH source AS (SELECT id, search_job, gen_random_uuid() AS document, gen_random_uuid() AS job
                      FROM documents WHERE owner = %(source)s),
    document AS (
        INSERT INTO documents (id, owner, filename, bucket, object, generation, search_job)
        SELECT document, %(owner)s, 'copy.pdf', 'b', document, 1, job FROM source),
    job AS (
        INSERT INTO jobs (id, document_id, owner, last_event)
        SELECT job, document, %(owner)s, 0 FROM source),
    stage AS (
        INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)
        SELECT job, stage, place, version, status, finished_at
          FROM source JOIN job_stages ON job_id = search_job),
    vectors AS (
        INSERT INTO passage_vectors (job_id, document_id, position, embedding)
        SELECT job, document, position,
               l2_normalize(embedding + (
                   SELECT array_agg(random() * 0.06 - 0.03)::real[]::vector(256)
                     FROM generate_series(1, 256)
                    WHERE position IS NOT NULL)::halfvec(256))
          FROM source JOIN passage_vectors ON job_id = search_job)
    INSERT INTO passages (job_id, document_id, position, text, language, configuration, tokens,
                          page_start, page_end, first_sentence, last_sentence, boxes)
    SELECT job, document, position, text, language, configuration, tokens, page_start, page_end,
           first_sentence, last_sentence, boxes
      FROM source JOIN passages ON job_id = search_job
"""
_INDEX: Final = """
    CREATE INDEX passage_vectors_by_closeness ON passage_vectors
        USING hnsw (embedding halfvec_cosine_ops)
"""


def copy_documents(pool: Pool, source: str, owner: str) -> int:
    """Give the owner all that the source has, so many times; return how many passages that are."""
    with pool.connection() as connection:
        # Filled first and indexed afterwards: the index would take the longest by far.
        connection.execute("DROP INDEX passage_vectors_by_closeness")
        for _ in range(COPIES):
            connection.execute(_COPY, {"source": source, "owner": owner})
        connection.execute(_INDEX)
        connection.execute("ANALYZE")
        row = connection.execute(
            "SELECT count(*) FROM passages JOIN documents ON documents.id = document_id"
            " WHERE owner = %s",
            (owner,),
        ).fetchone()
    assert row is not None
    return int(row["count"])
