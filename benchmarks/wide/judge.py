"""Counts of a contestant's result, computed by DuckDB. They must equal those of the files and of all others."""

from __future__ import annotations

from typing import Any

import duckdb
from contest.comparison import Verdict

from wide.star import sales
from wide.work import BAD_KINDS, Output, Work

COLUMNS = ", ".join(f"bit_xor(hash({column.name})) AS {column.name}" for column in sales.columns)
ROWS = f"""
count(*) AS rows, bit_xor(hash({", ".join(column.name for column in sales.columns)}, source_file, source_line)) AS row,
sum(total) AS total, sum(quantity) AS quantity, {COLUMNS}
"""
KEYS = """
count_if(customer_key = 0) AS unknown, count_if(product_key = 0) AS no_product,
count(DISTINCT customer_key) AS customers, count(DISTINCT customer_durable_key) AS durable
"""
COLUMN_OF_KIND = ("", "Ordered", "Total", "Quantity", "Price")


def verdict(output: Output) -> Verdict:
    """Return counts, sums and hashes per quarter, the rejects by column, and the accounts of files with rejects."""
    return {
        "trusted": _asked(f"SELECT quarter, {ROWS} FROM $files GROUP BY ALL ORDER BY ALL", output.trusted),
        "fact": _asked(f"SELECT quarter, {ROWS}, {KEYS} FROM $files GROUP BY ALL ORDER BY ALL", output.fact),
        "rejects": _asked(
            """SELECT column_name, count(*), bit_xor(hash(source_file, source_line)),
            bit_xor(hash(if(column_name = '', 0, hash(value, raw_line)))) FROM $files GROUP BY ALL ORDER BY ALL""",
            output.rejects,
        ),
        "accounts": _asked(
            """SELECT source_file, rows_in, rows_loaded, rows_rejected FROM $files
            WHERE rows_rejected > 0 ORDER BY ALL""",
            output.accounts,
        ),
    }


def faults(counts: Verdict, work: Work) -> list[str]:
    """Return the differences of a verdict from the files."""
    bad = work.rows // 100
    rejects: dict[Any, int] = {row[0]: row[1] for row in counts["rejects"]}
    expected = {
        "trusted rows": (sum(row[1] for row in counts["trusted"]), work.rows - bad),
        "fact rows": (sum(row[1] for row in counts["fact"]), work.rows - bad),
        "rejects": (rejects, dict.fromkeys(COLUMN_OF_KIND, bad // len(BAD_KINDS))),
        "rows of files": (sum(row[1] for row in counts["accounts"]), work.rows),
        "products unknown": (sum(row[-3] for row in counts["fact"]), 0),
    }
    return [f"{name}: {value} instead of {wanted}" for name, (value, wanted) in expected.items() if value != wanted]


def _asked(query: str, files: list[str]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        placed = query.replace("$files", "read_parquet($files, hive_partitioning = false)")
        return db.execute(placed, {"files": files}).fetchall()
