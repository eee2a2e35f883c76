"""The statements of search, in the order in which a search asks them."""

from __future__ import annotations

from typing import Final, LiteralString

from infra.database.ownership import OWNED

# What a search may see: one condition for all that follows. Only rows of search_job count; those
# of other jobs are on their way in or out, and those that it makes again are not all there before
# the stage is completed. Vectors that another engine made, or that are still being made, can't be
# compared with the query's.
_HAS_PASSAGES: Final[LiteralString] = """
    EXISTS (SELECT FROM job_stages WHERE job_stages.job_id = search_job
               AND stage = 'passages' AND status = 'completed')
"""
_SEARCHED: Final[LiteralString] = f"""
    searched AS MATERIALIZED (
        SELECT id AS document_id, search_job AS job_id, filename,
               coalesce(result_job, search_job) AS read_by
          FROM documents
         WHERE {OWNED} AND {_HAS_PASSAGES}
           AND (%(documents)s::uuid[] IS NULL OR id = ANY(%(documents)s))
           AND (%(matter)s::text IS NULL OR matter = %(matter)s)
    )
"""  # noqa: S608 - put together of constants
_COMPARABLE: Final[LiteralString] = """
    (SELECT count(*) = 2 FROM job_stages
      WHERE job_stages.job_id = searched.job_id AND status = 'completed'
        AND (stage = 'vectors'
             OR (stage = 'embedding'
                 AND right(version, length(%(engine)s) + 1) = ':' || %(engine)s)))
"""

SCOPE: Final[LiteralString] = f"""
    WITH {_SEARCHED}
    SELECT count(*)::int AS documents,
           (count(*) FILTER (WHERE {_COMPARABLE}))::int AS with_vectors
      FROM searched
"""  # noqa: S608 - put together of constants

EXISTS: Final[LiteralString] = f"""
    SELECT FROM documents WHERE id = %(document_id)s AND {OWNED}
"""

# For this transaction alone, so that a pooler's next client has its own. Only pgvector 0.8 knows
# iterative scans, and refuses a name that it does not know. A scan ends at so many rows or, however
# many it might look at, when it fills its memory: work_mem as it is (4 MB) lasts for 22,000.
LIMITS: Final[LiteralString] = """
    SELECT set_config('hnsw.ef_search', %(ef_search)s, true),
           set_config('client_min_messages', 'warning', true),
           (SELECT ARRAY[set_config('hnsw.iterative_scan', 'relaxed_order', true),
                         set_config('hnsw.max_scan_tuples', '200000', true),
                         set_config('hnsw.scan_mem_multiplier', '8', true)]
              FROM pg_extension
             WHERE extname = 'vector'
               AND split_part(extversion, '.', 1)::int * 100
                   + split_part(extversion, '.', 2)::int >= 8)
"""

# Each piece of the query in each language. A stop word is an empty query there.
PARSE: Final[LiteralString] = """
    SELECT place::int, configuration::text,
           nullif(websearch_to_tsquery(configuration, piece)::text, '') AS query
      FROM unnest(%(pieces)s::text[]) WITH ORDINALITY AS pieces (piece, place)
     CROSS JOIN unnest(%(configurations)s::regconfig[]) AS configuration
"""

# A passage's score adds up the pieces of the query as its own language has them: each is worth the
# more the rarer it is in what is searched (Robertson's inverse document frequency), and the more,
# but less and less, the more often it stands there (which is what ts_rank does with one word).
# Nothing outside of what the caller may see is counted. Those with all pieces are all ranked; of
# those with any, so many that the answer comes in time.
TEXT: Final[LiteralString] = f"""
    WITH {_SEARCHED},
    asked AS MATERIALIZED (
        SELECT * FROM unnest(%(places)s::int[], %(configurations)s::regconfig[],
                             %(queries)s::tsquery[]) AS asked (place, configuration, query)
    ), matching AS MATERIALIZED (
        (SELECT job_id, position, configuration, words
           FROM passages JOIN searched USING (job_id, document_id)
          WHERE words @@ %(every)s::tsquery
            AND (%(unwanted)s::text = '' OR NOT words @@ %(unwanted)s::tsquery)
            AND (%(language)s::text IS NULL OR lower(language) = %(language)s
                 OR starts_with(lower(language), %(language)s || '-'))
          LIMIT %(most)s)
        UNION ALL
        (SELECT job_id, position, configuration, words
           FROM passages JOIN searched USING (job_id, document_id)
          WHERE words @@ %(any)s::tsquery AND NOT words @@ %(every)s::tsquery
            AND (%(unwanted)s::text = '' OR NOT words @@ %(unwanted)s::tsquery)
            AND (%(language)s::text IS NULL OR lower(language) = %(language)s
                 OR starts_with(lower(language), %(language)s || '-'))
          LIMIT %(most)s)
    ), found AS MATERIALIZED (
        SELECT job_id, position, place, ts_rank(words, query) AS often
          FROM matching JOIN asked USING (configuration)
         WHERE words @@ query
    ), total AS MATERIALIZED (
        SELECT sum(position + 1)::float AS passages
          FROM searched CROSS JOIN LATERAL (
               SELECT position FROM passages WHERE passages.job_id = searched.job_id
                ORDER BY position DESC LIMIT 1) AS last
    ), weighed AS MATERIALIZED (
        SELECT place, ln(1 + (passages - count(*) + 0.5) / (count(*) + 0.5)) AS weight
          FROM found CROSS JOIN total GROUP BY place, passages
    )
    SELECT job_id, position FROM found JOIN weighed USING (place)
     GROUP BY job_id, position
     ORDER BY sum(weight * often) DESC, job_id, position
     LIMIT %(depth)s
"""  # noqa: S608

_IN_LANGUAGE: Final[LiteralString] = """
    (%(language)s::text IS NULL OR EXISTS (
        SELECT FROM passages
         WHERE passages.job_id = vectors.job_id AND passages.position = vectors.position
           AND (lower(language) = %(language)s
                OR starts_with(lower(language), %(language)s || '-'))))
"""

# Whether there are so few vectors to compare with that all of them can be. Those of one language
# are picked from so many at most, as each one's passage has to be looked at.
FEW_VECTORS: Final[LiteralString] = f"""
    WITH {_SEARCHED},
    picked_from AS (
        SELECT vectors.job_id, vectors.position
          FROM searched JOIN passage_vectors AS vectors USING (job_id)
         WHERE {_COMPARABLE}
         LIMIT CASE WHEN %(language)s::text IS NULL THEN %(exact)s + 1
                    ELSE %(picked_from)s + 1 END
    ), counted AS (
        SELECT count(*) AS among, count(*) FILTER (WHERE {_IN_LANGUAGE}) AS compared
          FROM picked_from AS vectors
    )
    SELECT compared <= %(exact)s AND among <= %(picked_from)s AS are_few FROM counted
"""  # noqa: S608

# All of them, compared one by one: exact, and for so few faster than to look for them in the
# index among everybody's.
VECTORS_EXACT: Final[LiteralString] = f"""
    WITH {_SEARCHED},
    compared AS MATERIALIZED (
        SELECT vectors.job_id, vectors.position,
               embedding <=> %(vector)s::halfvec(256) AS distance
          FROM searched JOIN passage_vectors AS vectors USING (job_id)
         WHERE {_COMPARABLE} AND {_IN_LANGUAGE}
    )
    SELECT job_id, position FROM compared ORDER BY distance, job_id, position LIMIT %(depth)s
"""  # noqa: S608

# The index gives what is near, whoever it belongs to; it goes on until enough is the caller's. A
# subquery with a limit can't be turned into a join, for which the planner would leave the index.
VECTORS_INDEXED: Final[LiteralString] = f"""
    WITH near AS MATERIALIZED (
        SELECT vectors.job_id, vectors.position,
               embedding <=> %(vector)s::halfvec(256) AS distance
          FROM passage_vectors AS vectors CROSS JOIN LATERAL (
               SELECT id, search_job AS job_id FROM documents
                WHERE id = vectors.document_id AND search_job = vectors.job_id AND {OWNED}
                  AND {_HAS_PASSAGES}
                  AND (%(documents)s::uuid[] IS NULL OR id = ANY(%(documents)s))
                  AND (%(matter)s::text IS NULL OR matter = %(matter)s)
                LIMIT 1) AS searched
         WHERE {_COMPARABLE} AND {_IN_LANGUAGE}
         ORDER BY embedding <=> %(vector)s::halfvec(256)
         LIMIT %(depth)s
    )
    SELECT job_id, position FROM near ORDER BY distance, job_id, position
"""  # noqa: S608

# What is shown. Marks are two characters that no text has; they only tell which of its words the
# query's are in its language.
SHOW: Final[LiteralString] = f"""
    WITH {_SEARCHED}
    SELECT searched.document_id, searched.job_id, read_by, filename, passages.position,
           passages.page_start, passages.page_end, passages.language, passages.text, passages.boxes,
           first.start, last."end",
           ts_headline(configuration, passages.text, %(any)s::tsquery,
                       U&'HighlightAll=true,StartSel=\\E000,StopSel=\\E001') AS marked
      FROM unnest(%(jobs)s::uuid[], %(positions)s::int[]) AS found (job_id, position)
      JOIN passages USING (job_id, position)
      JOIN searched ON searched.job_id = passages.job_id
                   AND searched.document_id = passages.document_id
      LEFT JOIN sentences AS first ON first.job_id = passages.job_id
                                  AND first.position = first_sentence
      LEFT JOIN sentences AS last ON last.job_id = passages.job_id
                                 AND last.position = last_sentence
"""  # noqa: S608

LAYOUTS: Final[LiteralString] = """
    SELECT job_id, page, text, layout
      FROM (SELECT DISTINCT * FROM unnest(%(jobs)s::uuid[], %(pages)s::int[])
                                      AS wanted (job_id, page)) AS wanted
      JOIN page_texts USING (job_id, page)
"""
