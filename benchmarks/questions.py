"""Bytes that each question on complaints scans, compared with the same question on the raw CSV.

    python benchmarks/questions.py [--rows 1000000] [--least 50]

The raw side is Athena on ranking files as they are published, behind views with the names of the star. The other side
is Iceberg in Estrela's layout, filled from the same views on a Parquet copy of the files' text, which is faster. A
question with a quarter is asked for the newest quarter. On a hundredth of the rows both sides answer and must agree;
this shows how many times the question reads the whole CSV. On all rows only Estrela's side answers. Fails if a question
reads less than ``--least`` times fewer bytes than on the CSV; the ratio to a single pass over the CSV is printed too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from bcb_mirror.bulk import write
from bcb_mirror.ranking_file import ENCODING
from estrela.etl.lake_table import LakeTable
from estrela.etl.star_tables import StarTables
from estrela.model.partition import sql_of
from estrela.model.star import load as load_star
from localaws.running import Running, running
from metabase.files import load
from metabase.model import Question
from metabase.preview.athena import Answer, Athena

BUCKET, WORKGROUP = "bench-questions", "bench"
STAR_TABLES = StarTables("banking")
RAW, STAGED = "raw_star", "staged_star"
TEXTS = {RAW: "texts.raw", STAGED: "texts.staged"}
SAMPLE = 100
"""Both sides answer on the total number of rows divided by this."""
TABLES = ("dim_quarter", "dim_institution", "fact_complaints")
MARTS = ("mart_bank_quarter", "mart_lead_coverage")
FIELDS = (
    "ano", "trimestre", "categoria", "tipo", "cnpj", "name", "index_text",
    "upheld", "other", "unregulated", "total", "clients", "clients_ccs", "clients_scr",
)  # fmt: skip
READ = """
SELECT
  TRY_CAST(ano AS integer) AS year, TRY_CAST(substr(trimestre, 1, 1) AS integer) AS quarter,
  CASE WHEN trim(cnpj) = '' THEN 'C:' || name ELSE cnpj END AS institution_code,
  nullif(trim(cnpj), '') AS cnpj_root, name,
  CASE WHEN categoria LIKE 'Top%' OR categoria LIKE 'Mais%' THEN 'top' ELSE 'secondary' END AS size_group,
  {numbers},
  TRY_CAST(replace(replace(index_text, '.', ''), ',', '.') AS decimal(18,2)) AS published_index
FROM {text}
WHERE {sound}
"""
CODE = "CAST(year AS varchar) || 'T' || CAST(quarter AS varchar)"
LAST_MONTH = "from_iso8601_date(format('%04d-%02d-01', year, quarter * 3))"
QUARTER = "CAST(year * 4 + quarter AS bigint)"
KEY = "CAST(crc32(to_utf8(institution_code)) AS bigint)"
VIEWS = {
    "dim_quarter": f"""
SELECT DISTINCT {QUARTER} AS quarter_key, {QUARTER} AS quarter_durable_key, {CODE} AS quarter_code, year, quarter,
  date_trunc('quarter', {LAST_MONTH}) AS starts_on, last_day_of_month({LAST_MONTH}) AS ends_on, 'A' AS method
FROM {{database}}.ranking""",
    "dim_institution": f"""
SELECT {KEY} AS institution_key, {KEY} AS institution_durable_key, institution_code,
  max(cnpj_root) AS cnpj_root, max(name) AS name,
  CASE WHEN max(cnpj_root) IS NULL THEN 'conglomerate' ELSE 'bank' END AS kind, max_by(size_group, year * 4 + quarter)
  AS size_group, CAST(NULL AS varchar) AS segment, max(cnpj_root) AS lead_cnpj_root,
  CASE WHEN max(cnpj_root) IS NULL THEN 'unknown' ELSE 'own' END AS lead_method,
  DATE '1900-01-01' AS valid_from, DATE '9999-12-31' AS valid_to, true AS is_current
FROM {{database}}.ranking
GROUP BY institution_code""",
    "fact_complaints": f"""
SELECT {KEY} AS spelling_key, {KEY} AS spelling_durable_key, {KEY} AS institution_key,
  {KEY} AS institution_durable_key, {QUARTER} AS quarter_key,
  {QUARTER} AS quarter_durable_key, {CODE} AS quarter_code,
  last_day_of_month({LAST_MONTH}) AS quarter_end, upheld, other, unregulated, total,
  CAST(NULL AS bigint) AS extrapolated_upheld, CAST(NULL AS bigint) AS analysed, clients, clients_ccs, clients_scr,
  published_index,
  CAST((upheld * 100000000 / nullif(clients, 0)) / DECIMAL '100.00' AS decimal(18,2)) AS recomputed_index,
  'f' AS source_file, CAST(1 AS bigint) AS source_line
FROM {{database}}.ranking""",
}


@dataclass(frozen=True)
class Side:
    """Answer to a question on one side: its rows, rounded, and the bytes that it read."""

    rows: list[tuple[Any, ...]]
    scanned: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--least", type=float, default=50)
    options = parser.parse_args()
    with filled(options.rows // SAMPLE, RAW, STAGED) as (athena, size):
        star, raw = answers(athena, STAR_TABLES.refined_database), answers(athena, RAW)
        differing = [key for key in star if star[key].rows != raw[key].rows]
        if differing:
            sys.exit(f"the answers differ: {', '.join(differing)}")
        passes = {key: side.scanned / size for key, side in raw.items()}
    with filled(options.rows, STAGED) as (athena, size):
        print(f"{options.rows:,} rows, {size:,} bytes of CSV")
        least = report(
            {key: side.scanned for key, side in answers(athena, STAR_TABLES.refined_database).items()}, passes, size
        )
    if least < options.least:
        sys.exit(f"a question reads only {least:.1f} times less than over the CSV")


def report(scanned: Mapping[str, int], passes: Mapping[str, float], size: int) -> float:
    """Print one line per question and return the smallest ratio of the bytes read from the CSV to ``scanned``.

    ``size`` is the CSV's size in bytes, and ``passes`` are the numbers of times that each question reads it.
    """
    print(f"{'question':28}{'Estrela':>14}{'CSV read':>10}{'times less':>12}{'than one pass':>15}")
    for key, scanned_bytes in scanned.items():
        times = size / scanned_bytes
        print(f"{key:28}{scanned_bytes:14,}{passes[key]:9.0f}x{times * passes[key]:12.0f}{times:15.1f}")
    return min(passes[key] * size / bytes_read for key, bytes_read in scanned.items())


@contextmanager
def filled(rows: int, *texts: str) -> Iterator[tuple[Athena, int]]:
    """Yield Athena with a star of ``rows`` rows, and the size of the CSV in bytes.

    The star exists as tables, and as views in each database of ``texts``.
    """
    with running() as aws, tempfile.TemporaryDirectory() as folder:
        size = upload(aws, Path(folder), rows, texts)
        athena = Athena(aws.client("athena"), WORKGROUP, deadline=3600)
        for statement in chain(sides(texts), star_side(athena)):
            athena.ask(statement[:70], statement)
        yield athena, size


def answers(athena: Athena, database: str) -> dict[str, Side]:
    """Return the answer of every question to the tables in ``database``."""
    [newest] = athena.ask(
        "newest", f"SELECT max(quarter_code) AS code FROM {STAR_TABLES.refined_database}.dim_quarter"
    ).rows
    answered = {}
    for question in questions():
        has_quarter = "period" in {variable.name for variable in question.variables}
        sql = question.query({"period": str(newest["code"])} if has_quarter else {})
        answer = athena.ask(question.key, sql.replace(f"{STAR_TABLES.refined_database}.", f"{database}."))
        answered[question.key] = Side(rounded(answer), answer.scanned_bytes)
    return answered


def questions() -> Iterator[Question]:
    """Yield the questions that read only complaints, because the raw answers for fees are not CSV."""
    for question in load().questions:
        names = {table.name for table in sqlglot.parse_one(question.query({}), read="athena").find_all(exp.Table)}
        if names & {"fact_complaints", *MARTS} and not any("fee" in name or "service" in name for name in names):
            yield question


def upload(aws: Running, folder: Path, rows: int, texts: Sequence[str]) -> int:
    """Store the files' text as Parquet and, if ``texts`` contains it, as CSV in UTF-8; return the size of the CSV."""
    s3, size = aws.client("s3"), 0
    s3.create_bucket(Bucket=BUCKET)
    place = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/"}}
    aws.client("athena").create_work_group(Name=WORKGROUP, Configuration=place)
    write(folder / "raw", rows)
    for file in sorted((folder / "raw").glob("*.csv")):
        data = file.read_bytes().decode(ENCODING).encode()
        file.write_bytes(data)
        if RAW in texts:
            s3.upload_file(str(file), BUCKET, f"raw/{file.name}")
        staged = file.with_suffix(".parquet")
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in (*FIELDS, "closing"))
        options = "auto_detect=false, delim=';', quote='', escape='', header=true, null_padding=true, strict_mode=false"
        text = f"SELECT {', '.join(FIELDS)} FROM read_csv('{file}', columns={{{columns}}}, {options})"
        duckdb.execute(f"COPY ({text}) TO '{staged}'")
        s3.upload_file(str(staged), BUCKET, f"staged/{staged.name}")
        size += len(data)
    return size


def sides(databases: Sequence[str]) -> Iterator[str]:
    """Yield statements that create tables of the CSV and of its text, and in ``databases`` views on them.

    The views contain the star without the invalid rows.
    """
    yield from (f"CREATE DATABASE {name}" for name in ("texts", STAR_TABLES.refined_database, *databases))
    columns = ", ".join(f"{name} string" for name in FIELDS)
    yield (
        f"CREATE EXTERNAL TABLE texts.raw ({columns}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ';'"
        f" LOCATION 's3://{BUCKET}/raw/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    yield f"CREATE EXTERNAL TABLE texts.staged ({columns}) STORED AS PARQUET LOCATION 's3://{BUCKET}/staged/'"
    counts = FIELDS[7:]
    numbers = ", ".join(f"TRY_CAST({name} AS bigint) AS {name}" for name in counts)
    sound = " AND ".join(
        (
            "regexp_like(trim(cnpj), '^([0-9]{8})?$')",
            "TRY_CAST(substr(trimestre, 1, 1) AS integer) BETWEEN 1 AND 4",
            *(f"TRY_CAST({name} AS bigint) >= 0" for name in counts),
        )
    )
    for database in databases:
        text = TEXTS[database]
        yield f"CREATE VIEW {database}.ranking AS {READ.format(numbers=numbers, sound=sound, text=text)}"
        yield from (f"CREATE VIEW {database}.{name} AS {VIEWS[name].format(database=database)}" for name in TABLES)
        yield from (f"CREATE VIEW {database}.{name} AS {mart_sql(name, database)}" for name in MARTS)


def star_side(athena: Athena) -> Iterator[str]:
    """Yield statements for the tables in their declared layout, filled by halves: Athena writes 100 partitions."""
    for table in (STAR_TABLES.refined(declared) for declared in load_star("banking").tables if declared.name in TABLES):
        yield create(table)
        fill = f"INSERT INTO {table.path} SELECT {', '.join(c.name for c in table.columns)} FROM {STAGED}.{table.name}"
        order = f" ORDER BY {', '.join((*map(sql_of, table.partition_by), *table.sort_by))}"
        if not table.partition_by:
            yield fill + order
            continue
        codes = [row["quarter_code"] for row in athena.ask("q", f"SELECT quarter_code FROM {STAGED}.dim_quarter").rows]
        middle = sorted(map(str, codes))[len(codes) // 2]
        yield from (f"{fill} WHERE quarter_code {half} '{middle}'{order}" for half in ("<", ">="))
    yield from (
        f"CREATE VIEW {STAR_TABLES.refined_database}.{name} AS {mart_sql(name, STAR_TABLES.refined_database)}"
        for name in MARTS
    )


def create(table: LakeTable) -> str:
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    partitions = f" PARTITIONED BY ({', '.join(map(sql_of, table.partition_by))})" if table.partition_by else ""
    properties = "'table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd'"
    return (
        f"CREATE TABLE {table.path} ({columns}){partitions} LOCATION 's3://{BUCKET}/star/{table.name}'"
        f" TBLPROPERTIES ({properties})"
    )


def mart_sql(name: str, database: str) -> str:
    return next(mart for mart in load_star("banking").marts if mart.name == name).query(database)


def rounded(answer: Answer) -> list[tuple[Any, ...]]:
    return [
        tuple(round(float(v), 9) if isinstance(v, float | Decimal) else v for v in row.values()) for row in answer.rows
    ]


if __name__ == "__main__":
    main()
