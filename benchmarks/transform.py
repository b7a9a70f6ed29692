"""Estrela's engine beside hand-written PySpark, naive PySpark and DuckDB, all doing the same work on the same files.

    python benchmarks/transform.py [--rows 200000] [--sizes 2] [--repeat 1] [--only estrela best] [--heap 4g]

The files are the ranking's, Latin-1 with decimal commas, 1 % of the rows broken in five ways. The work: typed rows,
rejected rows with reason and raw line, and the typed rows with the key of a listed institution (0 if unknown); each
sorted, zstd, partitioned by year and quarter. Estrela, ``best`` and ``naive`` write Iceberg in Spark with two cores and
one heap for all; DuckDB writes Parquet. Estrela's time holds all that its run does besides: the account of every file,
the checks, the branches and their publication. Each runs in a process of its own, warmed up on half a million rows, in
turns.

With ``--sizes 2`` everything is done for a tenth of the rows first. Fails if a result differs from the others' or
from the truth by one, and if a partition has more than two files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from ranking.contest import CONTESTANTS, Cost, contest
from ranking.judge import Verdict, differences, most_files, verdict
from ranking.work import Work, make

WARM_UP_ROWS = 520_000
"""Enough for the plans that Estrela makes for large inputs."""
FILES_A_PARTITION = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the files (default 200000)")
    parser.add_argument("--sizes", type=int, default=1, help="2: do a tenth of the rows first")
    parser.add_argument("--repeat", type=int, default=1, help="how often each works; the median counts")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    parser.add_argument("--heap", default="4g", help="heap of the JVM (default 4g)")
    options = parser.parse_args()
    sizes = [options.rows // 10**power for power in reversed(range(options.sizes))]
    costs: dict[tuple[str, int], Cost] = {}
    with tempfile.TemporaryDirectory(prefix="ranking-") as folder:
        warm_up = make(Path(folder) / "warm-up", WARM_UP_ROWS)
        for rows in sizes:
            work = make(Path(folder) / str(rows), rows)
            print(f"\n{rows:,} rows in {len(work.files)} files, {work.size / 1e6:.0f} MB", flush=True)
            found = compare(options.only, options.heap, options.repeat, warm_up, work)
            costs |= {(name, rows): cost for name, cost in found.items()}
            report(found)
    for name in options.only if len(sizes) > 1 else ():
        few, many = costs[name, sizes[-2]], costs[name, sizes[-1]]
        print(
            f"{name}: ten times the rows take {many.wall / few.wall:.1f} times as long, {many.cpu / few.cpu:.1f} times"
            f" the CPU, {many.python / few.python:.2f} times the driver's Python"
        )


def compare(names: Sequence[str], heap: str, repeat: int, warm_up: Work, work: Work) -> dict[str, Cost]:
    """The median cost of each contestant. Exits if they do not agree."""
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    verdicts: dict[str, Verdict] = {}
    for _ in range(repeat):
        for name in names:
            with tempfile.TemporaryDirectory(dir=work.out) as folder:
                place = Path(folder)
                output, cost = contest(name, heap, warm_up.into(place / "warm-up"), work.into(place / "timed"))
                verdicts[name] = verdict(output)
                costs[name].append(cost)
                parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in output.seconds.items())
                most = max(most_files(output.typed), most_files(output.looked_up))
                print(
                    f"  {name:8} {cost.wall:7.1f} s, {cost.cpu:7.1f} CPU s: {parts}; {most} files a partition",
                    flush=True,
                )
                refuse(name, differences(verdicts[name], work.truth))
                if name != "naive" and most > FILES_A_PARTITION:
                    sys.exit(f"{name}: {most} files in a partition; {FILES_A_PARTITION} are allowed")
    first = verdicts[names[0]]
    for name in names[1:]:
        refuse(
            name, [f"{part} differ from those of {names[0]}" for part in first if verdicts[name][part] != first[part]]
        )
    return {name: middle(several) for name, several in costs.items()}


def refuse(name: str, wrong: Sequence[str]) -> None:
    if wrong:
        sys.exit(f"{name}: {'; '.join(wrong)}")


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(**{name: median(getattr(cost, name) for cost in costs) for name in vars(costs[0])})


def report(costs: Mapping[str, Cost]) -> None:
    """A line for each contestant, and Estrela's cost as a multiple of the others'."""
    print(
        f"\n{'':10}{'wall s':>9}{'CPU s':>9}{'MB':>8}{'Python MB':>11}{'after GC':>10}{'live':>7}{'Estrela costs':>22}"
    )
    ours = costs.get("estrela")
    for name, cost in costs.items():
        ratio = f"{ours.wall / cost.wall:9.2f} x wall, {ours.cpu / cost.cpu:.2f} x CPU" if ours else ""
        print(
            f"{name:10}{cost.wall:9.1f}{cost.cpu:9.1f}{cost.resident:8.0f}{cost.python:11.0f}"
            f"{cost.heap_after_gc:10.0f}{cost.live:7.0f}  {ratio}"
        )


if __name__ == "__main__":
    main()
