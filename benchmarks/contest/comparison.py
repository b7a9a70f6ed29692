"""Runs contestants in turn, checks that their results agree, and compares Estrela's cost with theirs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from contest.process import Cost, Work, contest

FILES_PER_PARTITION = 2
WARM_UPS = 8
"""Rounds before the timed run. In the first ones most time goes into the JVM's compilation of Spark; after three it is
still a sixth."""
ESTRELA = "estrela"
Verdict = Mapping[str, list[tuple[Any, ...]]]
"""Counts that describe a contestant's result; equal results have equal counts."""


@dataclass(frozen=True)
class Race:
    """The contestants of a ``package``, in the order of their turns, and the functions that judge their results.

    ``verdict`` counts the contents of an output, ``faults`` lists the differences of a verdict from the input files,
    and ``partitioned`` lists the data files of partitioned results.
    """

    package: str
    names: Sequence[str]
    verdict: Callable[[Any], Verdict]
    faults: Callable[[Verdict, Any], list[str]]
    partitioned: Callable[[Any], Iterable[list[str]]]
    heap: str = "4g"
    repeat: int = 1
    warm_ups: int = WARM_UPS

    def compare(self, warm_up: Work, work: Any) -> dict[str, Cost]:
        """Return the median cost of each contestant. Exits if their results differ."""
        costs: dict[str, list[Cost]] = {name: [] for name in self.names}
        verdicts: dict[str, Verdict] = {}
        for _ in range(self.repeat):
            for name in self.names:
                with tempfile.TemporaryDirectory(dir=work.out) as folder:
                    verdicts[name], cost = self._turn(name, warm_up, work, Path(folder))
                costs[name].append(cost)
        first = verdicts[self.names[0]]
        for name in self.names[1:]:
            differing = [part for part in first if verdicts[name][part] != first[part]]
            _refuse(name, [f"{part} differ from those of {self.names[0]}" for part in differing])
        return {name: _middle(several) for name, several in costs.items()}

    def _turn(self, name: str, warm_up: Work, work: Any, place: Path) -> tuple[Verdict, Cost]:
        warm_ups = [warm_up.into(place / f"warm-up-{number}") for number in range(self.warm_ups)]
        output, cost = contest(self.package, name, self.heap, warm_ups, work.into(place / "timed"))
        verdict = self.verdict(output)
        parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in output.seconds.items())
        most = max(_most_files(paths) for paths in self.partitioned(output))
        print(
            f"  {name:8} {cost.wall:7.1f} s, {cost.cpu:7.1f} CPU s: {parts}; at most {most} files per partition",
            flush=True,
        )
        _refuse(name, self.faults(verdict, work))
        if name != "naive" and most > FILES_PER_PARTITION:
            sys.exit(f"{name}: a partition has {most} files; at most {FILES_PER_PARTITION} are allowed")
        return verdict, cost


def race_arguments(doc: str | None, contestants: Sequence[str], rows: Sequence[int]) -> argparse.Namespace:
    """Parse the arguments of a benchmark: rows, repeat, only, heap and warm-ups."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=rows, help="sizes of the fact, one after the other")
    parser.add_argument("--repeat", type=int, default=1, help="how often each works; the median counts")
    parser.add_argument("--only", nargs="+", choices=contestants, default=contestants)
    parser.add_argument("--heap", default="4g", help="heap of the JVM (default 4g)")
    parser.add_argument("--warm-ups", type=int, default=WARM_UPS, help=f"rounds before the timed one ({WARM_UPS})")
    return parser.parse_args()


def report(costs: Mapping[str, Cost]) -> None:
    """Print one line per contestant, with Estrela's cost as a multiple of the contestant's."""
    print(
        f"\n{'':10}{'wall s':>9}{'CPU s':>9}{'MB':>8}{'Python MB':>11}{'after GC':>10}{'live':>7}{'Estrela costs':>22}"
    )
    ours = costs.get(ESTRELA)
    for name, cost in costs.items():
        ratio = f"{ours.wall / cost.wall:9.2f} x wall, {ours.cpu / cost.cpu:.2f} x CPU" if ours else ""
        print(
            f"{name:10}{cost.wall:9.1f}{cost.cpu:9.1f}{cost.resident:8.0f}{cost.python:11.0f}"
            f"{cost.heap_after_gc:10.0f}{cost.live:7.0f}  {ratio}"
        )


def limits(rows: int) -> dict[str, float]:
    """Return the maximum of Estrela's time as a multiple of other contestants' times.

    DuckDB has a limit only from a million rows on: below, Spark's fixed cost of any job is several times DuckDB's
    time, also in the hand-written script.
    """
    return {"best": 1.5} if rows < 1_000_000 else {"best": 1.25, "duckdb": 4.0}


def misses(costs: Mapping[str, Cost], rows: int) -> list[str]:
    """Return a message for each limit that Estrela exceeds."""
    ours, most = costs.get(ESTRELA), limits(rows)
    ratios = {name: ours.wall / costs[name].wall for name in most if ours and name in costs}
    return [
        f"{rows:,} rows take {ratio:.2f} times as long as {name}; at most {most[name]} is allowed"
        for name, ratio in ratios.items()
        if ratio > most[name]
    ]


def _refuse(name: str, wrong: Sequence[str]) -> None:
    if wrong:
        sys.exit(f"{name}: {'; '.join(wrong)}")


def _middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(**{name: median(getattr(cost, name) for cost in costs) for name in vars(costs[0])})


def _most_files(paths: list[str]) -> int:
    """Return the largest number of files in one partition; each partition is a folder."""
    return max(Counter(str(Path(path).parent) for path in paths).values())
