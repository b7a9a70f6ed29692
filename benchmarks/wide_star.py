"""A fact of 16 columns: Estrela's engine compared with hand-written PySpark and DuckDB on the same work and files.

    python benchmarks/wide_star.py [--rows 600000 1000000 10000000] [--repeat 1] [--only estrela best] [--heap 4g]
        [--warm-ups 8]

Eight quarters of sales in CSV: integers, dates in two formats, decimals with a point or a comma, texts; 1 % of the rows
are invalid in five ways. The work: every value parsed strictly, rejected rows with line, column, value, reason and raw
line, the account of every file, trusted rows with file and line, two dimensions, and the fact with the keys of both;
sorted, compressed with zstd, partitioned by quarter. Estrela and ``best`` write Iceberg in Spark with two cores and one
heap for driver and tasks; DuckDB writes Parquet. Estrela's time includes its checks, branches and publication. Each
contestant runs in a separate process, warmed up by eight rounds of half a million rows, in turn.

Fails if a result differs in a single row from the others' or from the truth, if a partition has more than two files, or
if Estrela takes longer than 1.25 times as long as ``best`` (1.5 times below a million rows) or, from a million rows on,
4 times as long as DuckDB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from contest.comparison import Race, misses, race_arguments, report
from wide.judge import faults, verdict
from wide.work import make

CONTESTANTS = ("estrela", "best", "duckdb")
WARM_UP_ROWS = 640_000


def main() -> None:
    options = race_arguments(__doc__, CONTESTANTS, [600_000, 1_000_000])
    race = Race(
        "wide",
        options.only,
        verdict,
        faults,
        lambda output: (output.trusted, output.fact),
        options.heap,
        options.repeat,
        options.warm_ups,
    )
    wrong = []
    with tempfile.TemporaryDirectory(prefix="wide-") as folder:
        warm_up = make(Path(folder) / "warm-up", WARM_UP_ROWS)
        for rows in options.rows:
            work = make(Path(folder) / str(rows), rows)
            print(f"\n{work.rows:,} rows in {len(work.files)} files, {work.size / 1e6:.0f} MB", flush=True)
            costs = race.compare(warm_up, work)
            report(costs)
            wrong += misses(costs, rows)
    sys.exit("; ".join(wrong) or 0)


if __name__ == "__main__":
    main()
