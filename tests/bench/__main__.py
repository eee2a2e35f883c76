"""All benchmarks in one run: `make bench`. They report; nothing here fails for being slow."""

from __future__ import annotations

from tests.bench import (
    bench_batch_start,
    bench_cache,
    bench_cold_start,
    bench_costs,
    bench_entities,
    bench_events,
    bench_linear,
    bench_pages,
    bench_quota,
    bench_recovery,
    bench_scaling,
    bench_search,
    bench_sentences,
    bench_small_documents,
    bench_split,
    bench_stack,
    bench_stages,
    bench_text,
    bench_tree,
    bench_turns,
    bench_vectors,
)


def main() -> None:
    """Run every benchmark."""
    bench_stack.main()
    print()
    bench_cold_start.main()
    print()
    bench_costs.main()
    print()
    bench_events.main()
    print()
    bench_split.main()
    print()
    bench_pages.main()
    print()
    bench_scaling.main()
    print()
    bench_quota.main()
    print()
    bench_small_documents.main()
    print()
    bench_linear.main()
    print()
    bench_batch_start.main()
    print()
    bench_tree.main()
    print()
    bench_turns.main()
    print()
    bench_cache.main()
    print()
    bench_recovery.main()
    print()
    bench_search.main()
    print()
    bench_sentences.main()
    print()
    bench_text.main()
    print()
    bench_entities.main()
    print()
    bench_stages.main()
    print()
    bench_vectors.main()


if __name__ == "__main__":
    main()
