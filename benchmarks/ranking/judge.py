"""Counts of a contestant's result, computed by DuckDB. They must equal those of the files and of all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb
from contest.comparison import Verdict

from ranking.best import COUNTS
from ranking.work import Output

TEXTS = ("size_group", "kind", "cnpj_root", "institution_name")
SUMS = f"""
count(*) AS rows, {", ".join(f"sum({name}) AS {name}" for name in COUNTS)}, sum(published_index) AS published_index,
count(*) - count(published_index) AS blank_index,
{", ".join(f"bit_xor(hash({name})) AS {name}_hash" for name in TEXTS)},
bit_xor(hash({", ".join(COUNTS)}, institution_name)) AS row_hash
"""


def verdict(output: Output) -> Verdict:
    """Return sums and hashes per quarter, the number of unknown keys in the looked-up rows, and the rejects by kind."""
    unknown = "count_if(institution_key = 0) AS unknown, count(DISTINCT institution_key) AS members"
    return {
        "typed": _asked(f"SELECT year, quarter, {SUMS} FROM $files GROUP BY ALL ORDER BY ALL", output.typed),
        "looked up": _asked(
            f"SELECT year, quarter, {SUMS}, {unknown} FROM $files GROUP BY ALL ORDER BY ALL", output.looked_up
        ),
        "rejects": _asked(
            f"SELECT {output.kind} AS kind, count(*), bit_xor(hash(raw_line)) FROM $files GROUP BY ALL ORDER BY ALL",
            output.rejects,
        ),
    }


def differences(counts: Verdict, truth: Mapping[str, Any]) -> list[str]:
    """Return the differences of a verdict from the files."""
    columns = ["year", "quarter", "rows", *COUNTS, "published_index", "blank_index"]
    totals: Counter[str] = Counter()
    for row in counts["typed"]:
        totals.update(dict(zip(columns[2:], row[2 : len(columns)], strict=True)))
    good = truth["rows"] - truth["bad_rows"]
    expected = {"rows": good, "blank_index": truth["blank_index"], "published_index": truth["index_hundredths"]}
    expected |= {name: truth[name] for name in ("upheld", "other", "unregulated", "total", "clients")}
    totals["published_index"] *= 100
    wrong = [f"{name}: {totals[name]} instead of {value}" for name, value in expected.items() if totals[name] != value]
    unknown = sum(row[-2] for row in counts["looked up"])
    if unknown != truth["conglomerates"]:
        wrong.append(f"unknown keys: {unknown} instead of {truth['conglomerates']}")
    rejects = {row[0]: row[1] for row in counts["rejects"]}
    if rejects != {kind: count for kind, count in truth["bad_by_kind"].items() if count}:
        wrong.append(f"rejects: {rejects} instead of {truth['bad_by_kind']}")
    return wrong


def _asked(query: str, files: list[str]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        return db.execute(
            query.replace("$files", "read_parquet($files, hive_partitioning = false)"), {"files": files}
        ).fetchall()
