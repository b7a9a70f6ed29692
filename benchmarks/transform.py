"""Estrela's engine compared with hand-written PySpark, naive PySpark and DuckDB doing the same work on the same files.

    python benchmarks/transform.py [--rows 1000000] [--repeat 1] [--only estrela best] [--heap 4g] [--warm-ups 8]

The files are the ranking's, Latin-1 with decimal commas, with 1 % of the rows invalid in five ways. The work: typed
rows, rejected rows with reason and raw line, and the typed rows with the key of a listed institution (0 if unknown);
each sorted, compressed with zstd, partitioned by year and quarter. Estrela, ``best`` and ``naive`` write Iceberg in
Spark with two cores and one heap for driver and tasks; DuckDB writes Parquet. Estrela's time includes everything else
that its run does: the account of every file, the checks, the branches and their publication. Each contestant runs in a
separate process, warmed up by eight rounds of half a million rows, in turn.

Fails if a result differs in a single row from the others' or from the truth, if a partition has more than two files, or
if Estrela takes longer than 1.25 times as long as ``best`` (1.5 times below a million rows) or, from a million rows
on, 4 times as long as DuckDB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from contest.comparison import Race, misses, race_arguments, report
from ranking.judge import differences, verdict
from ranking.work import make

CONTESTANTS = ("estrela", "best", "naive", "duckdb")
WARM_UP_ROWS = 520_000
"""Enough rows for the plans that Estrela uses for large inputs."""


def main() -> None:
    options = race_arguments(__doc__, CONTESTANTS, [1_000_000])
    race = Race(
        "ranking",
        options.only,
        verdict,
        lambda counts, work: differences(counts, work.truth),
        lambda output: (output.typed, output.looked_up),
        options.heap,
        options.repeat,
        options.warm_ups,
    )
    wrong = []
    with tempfile.TemporaryDirectory(prefix="ranking-") as folder:
        warm_up = make(Path(folder) / "warm-up", WARM_UP_ROWS)
        for rows in options.rows:
            work = make(Path(folder) / str(rows), rows)
            print(f"\n{rows:,} rows in {len(work.files)} files, {work.size / 1e6:.0f} MB", flush=True)
            costs = race.compare(warm_up, work)
            report(costs)
            wrong += misses(costs, rows)
    sys.exit("; ".join(wrong) or 0)


if __name__ == "__main__":
    main()
