"""The work: from sales of eight quarters, customers and products to trusted rows, rejects and the fact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

QUARTERS = tuple(f"{year}-{month:02}-01" for year in (2023, 2024) for month in (1, 4, 7, 10))
CUSTOMERS, PRODUCTS = 20_000, 2_000
BAD_KINDS = ("missing fields", "no date", "not a number", "not whole", "too precise")
SALES = f"""
WITH drawn AS (
  SELECT id, (hash(id) >> 1)::bigint AS h, id % 100 = 7 AS bad, (id // 100) % 5 AS kind,
    $quarter::date + (hash(id, 1) % 88)::int AS day
  FROM range($first, $last) t(id)
), written AS (
  SELECT *, h % 9 + 1 AS quantity, 10 + h % 99000 AS cents
  FROM drawn
)
SELECT concat_ws(';', id, h % 20 + 1,
  if(bad AND kind = 1, '2023-02-30', strftime(day, '%Y-%m-%d')),
  if(h % 10 = 0, '', strftime(day + (h % 5)::int, '%Y-%m-%d')), strftime(day + 30, '%d/%m/%Y'),
  'C' || lpad((h % {CUSTOMERS + 100})::text, 6, '0'), 'P' || lpad((h // 7 % {PRODUCTS})::text, 4, '0'),
  'Loja ' || h % 300, ['web', 'store', 'phone'][h % 3 + 1],
  ['', 'fr' || chr(225) || 'gil', ' urgent '][h // 11 % 3 + 1],
  if(bad AND kind = 3, '1.5', quantity::text)
) || if(bad AND kind = 0, '', ';' || concat_ws(';', 100 + h % 30000,
  printf('%d.%02d', cents // 100, cents % 100) || if(bad AND kind = 4, '1', ''),
  printf('0.%04d', h % 2500),
  printf('%d,%02d', cents * quantity // 1000, cents * quantity // 10 % 100),
  if(bad AND kind = 2, '12,,5', printf('%d,%02d', cents * quantity // 100, cents * quantity % 100))))
FROM written
"""
HEADER = "Sale;Line;Ordered;Shipped;Due;Customer;Product;Store;Channel;Note;Quantity;Weight;Price;Discount;Tax;Total"


@dataclass(frozen=True)
class Work:
    """``files`` are the sales by the first day of their quarter; each file is named after its content."""

    files: Mapping[str, Path]
    customers: Path
    products: Path
    rows: int
    out: Path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())

    def into(self, out: Path) -> Work:
        """Return the same task with another folder for the results."""
        return Work(self.files, self.customers, self.products, self.rows, out)


@dataclass(frozen=True)
class Output:
    """Parquet files of the trusted rows, the fact, the rejects, and the accounts with the numbers of rows read and
    rejected.

    Rows and fact contain the columns of :mod:`wide.star`, the rejects source_line and column_name.
    """

    trusted: list[str]
    fact: list[str]
    rejects: list[str]
    accounts: list[str]
    seconds: dict[str, float] = field(default_factory=dict)


def make(folder: Path, rows: int) -> Work:
    """Write the files of ``rows`` rows, of which one in a hundred is invalid, into ``folder``."""
    folder.mkdir(parents=True)
    each = rows // len(QUARTERS)
    with duckdb.connect() as db:
        files = {
            quarter: _write(db, folder, HEADER, _filled(quarter, at * each, (at + 1) * each))
            for at, quarter in enumerate(QUARTERS)
        }
        customers = _write(
            db, folder, "Code;Name;City",
            f"SELECT format('C{{:06}};Customer {{}};City {{}}', id, id, id % 300) FROM range({CUSTOMERS}) t(id)",
        )  # fmt: skip
        products = _write(
            db, folder, "Code;Name;Group",
            f"SELECT format('P{{:04}};Product {{}};Group {{}}', id, id, id % 30) FROM range({PRODUCTS}) t(id)",
        )  # fmt: skip
    return Work(files, customers, products, each * len(QUARTERS), folder)


def _filled(quarter: str, first: int, last: int) -> str:
    return SALES.replace("$quarter", f"'{quarter}'").replace("$first", str(first)).replace("$last", str(last))


def _write(db: duckdb.DuckDBPyConnection, folder: Path, header: str, query: str) -> Path:
    """Write the lines of ``query`` below ``header``; return the file, named after its content."""
    path = folder / "lines"
    db.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')")
    written = folder / "file"
    with written.open("wb") as file, path.open("rb") as lines:
        file.write(header.encode() + b"\n")
        while block := lines.read(1 << 24):
            file.write(block)
    path.unlink()
    with written.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return written.replace(folder / digest)
