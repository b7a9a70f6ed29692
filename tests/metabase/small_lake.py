"""A lake of a few rows, created by Athena statements from the platform's declarations; no Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from estrela.etl.lake_table import OPS, LakeTable
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.contents import Pin, pinned_tables, views_of
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.release import Release
from estrela.etl.releases.switch import Switch
from estrela.etl.releases.views import AthenaViews, Views
from estrela.etl.star_tables import StarTables
from estrela.etl.telemetry.job_runs import job_runs_log, row_of
from estrela.etl.telemetry.ops_log import Row
from estrela.etl.telemetry.query_days import query_days_log
from estrela.hooks.athena import AthenaQueries
from estrela.hooks.json_objects import JsonObjects, S3JsonObjects
from estrela.model.partition import sql_of
from estrela.model.star import load
from localaws.running import running
from metabase.preview.athena import Athena

BUCKET = "small-lake"
STAR = load("banking")
TABLES = StarTables("banking")
FAR, FIRST = date(9999, 12, 31), date(1900, 1, 1)
RENAMED = date(2024, 4, 1)

QUARTERS = [
    (0, None, None, None, None, None, None),
    (1, "2023T3", 2023, 3, date(2023, 7, 1), date(2023, 9, 30), "A"),
    (2, "2024T1", 2024, 1, date(2024, 1, 1), date(2024, 3, 31), "A"),
    (3, "2024T2", 2024, 2, date(2024, 4, 1), date(2024, 6, 30), "B"),
    (4, "2024T3", 2024, 3, date(2024, 7, 1), date(2024, 9, 30), "B"),
]
# Key, code, CNPJ, name, kind, size group, segment, lead, source of the lead, valid from, valid to, current.
INSTITUTIONS = [
    (0, None, None, None, None, None, None, None, None, FIRST, FAR, True),
    (1, "C:ALFA", None, "ALFA (conglomerado)", "conglomerate", "top", "S1", "00000001", "alias", FIRST, FAR, True),
    (2, "00000001", "00000001", "BANCO ALFA S.A.", "bank", None, "S1", "00000001", "own", FIRST, FAR, True),
    (3, "00000002", "00000002", "BETA VELHO", "bank", "secondary", "S3", "00000002", "own", FIRST, RENAMED, False),
    (6, "00000002", "00000002", "<BETA> & D'OR", "bank", "secondary", "S3", "00000002", "own", RENAMED, FAR, True),
    (4, "C:GAMA", None, "GAMA (conglomerado)", "conglomerate", "secondary", None, None, "unknown", FIRST, FAR, True),
    (5, "00000003", "00000003", "BANCO VIP S.A.", "bank", None, "S4", "00000003", "own", FIRST, FAR, True),
    (7, "00000004", "00000004", "BANCO DELTA LTDA.", "bank", None, "S4", "00000004", "own", FIRST, FAR, True),
    (8, "00000005", "00000005", "BANCO EPSILON", "bank", None, None, "00000005", "own", FIRST, FAR, True),
]
# Institution, quarter, upheld, total, extrapolated, clients.
COMPLAINTS = [
    (1, 1, 10, 100, None, 1_000_000),
    (3, 1, 8, 40, None, 500_000),
    (4, 1, 106, 110, None, 1),
    (1, 2, 30, 120, None, 1_000_000),
    (3, 2, 6, 60, None, 500_000),
    (4, 2, 1, 20, None, None),
    (1, 3, 20, 500, 50, 2_000_000),
    (6, 3, 15, 300, 30, 500_000),
    (1, 4, 16, 400, 40, 2_000_000),
    (6, 4, 25, 600, 60, 500_000),
    (4, 4, 5, 250, 5, None),
]
SERVICES = [
    (0, None, None, None, None, None),
    (1, "0101", "J", "Cadastro", "01", "cadastro"),
    (2, "0201", "J", "Anuidade", "02", "cartão"),
    (3, "1101", "F", "Cadastro", "11", "cadastro"),
]
# Institution, service, person type, snapshot, ceiling, value type, frequency.
OLD, NEW = date(2024, 10, 1), date(2024, 11, 1)
FEES = [
    (2, 1, "J", OLD, "5.00", "amount"),
    (2, 1, "J", NEW, "0.00", "amount"),
    (2, 2, "J", NEW, "10.00", "amount"),
    (2, 3, "F", OLD, "50.00", "amount"),
    (6, 1, "J", NEW, "20.00", "amount"),
    (6, 2, "J", NEW, "3.50", "percentage"),
    (5, 1, "J", NEW, "0.00", "amount"),
    (5, 2, "J", NEW, "0.00", "amount"),
    (7, 1, "J", NEW, "0.00", "amount"),
    (7, 2, "J", NEW, "99999.99", "amount", "A cada 0 dias"),
    (8, 1, "J", NEW, "30.00", "amount"),
]
FETCHED, PUBLISHED = datetime(2024, 11, 1, 6, tzinfo=UTC), datetime(2024, 11, 1, 7, 30, tzinfo=UTC)
# Step, start, seconds, state, message.
JOB_RUNS = [
    ("extract_fees", "2024-10-01 05:59:59", 50, "SUCCEEDED", ""),
    ("extract_fees", "2024-10-31 06:00:00", 20, "SUCCEEDED", ""),
    ("star", "2024-10-31 06:01:00", 9, "FAILED", "QualityError: ceiling"),
    ("star", "2024-10-31 06:02:00", 10, "SUCCEEDED", ""),
]
# Day, workgroup, queries, failed, scanned bytes.
QUERY_DAYS = [
    ("2024-10-01", "primary", 9, 0, 5_000_000),
    ("2024-10-31", "primary", 3, 1, 1_250_000),
    ("2024-10-31", "estrela", 2, 0, 40_000),
]


def _job_run(step: str, started: str, seconds: int, state: str, message: str) -> Row:
    run = {"Id": f"jr_{started}", "StartedOn": datetime.fromisoformat(f"{started}+00:00"), "ExecutionTime": seconds}
    key = {"Arguments": {"--run_key": f"star_banking/{started[:10]}/{step}"}}
    return row_of(run | key | {"MaxCapacity": 2.0, "JobRunState": state, "ErrorMessage": message})


def _query_day(day: str, workgroup: str, queries: int, failed: int, scanned: int) -> Row:
    return {"day": day, "workgroup": workgroup, "queries": queries, "failed": failed, "scanned_bytes": scanned}


def _complaint(row: tuple[Any, ...]) -> tuple[Any, ...]:
    institution, quarter, upheld, total, extrapolated, clients = row
    code, ends_on = QUARTERS[quarter][1], QUARTERS[quarter][5]
    index = Decimal((extrapolated or upheld) * 100_000_000 // clients) / 100 if clients else None
    other = total - upheld if extrapolated is None else None
    unregulated, analysed = (0, None) if extrapolated is None else (None, total // 2)
    counts = (upheld, other, unregulated, total, extrapolated, analysed)
    keys = (0, 0, institution, _durable(institution), quarter, quarter)
    registers = (clients, 0 if clients else None)
    return (*keys, code, ends_on, *counts, clients, *registers, index, index, "f", 1)


def _fee(row: tuple[Any, ...]) -> tuple[Any, ...]:
    institution, service, person, taken, ceiling, kind, *often = row
    free = Decimal(ceiling) == 0
    held = (Decimal(ceiling), kind, "Por Evento", (*often, "Por evento")[0], date(2020, 1, 1), free, "f", 1)
    return (institution, _durable(institution), service, service, person, taken, *held)


def _newest(fees: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the fees of the newest day of each institution and person type."""
    days: dict[tuple[int, str], date] = {}
    for institution, _, person, taken, *_ in fees:
        place = (_durable(institution), person)
        days[place] = max(taken, days.get(place, taken))
    return [row for row in fees if row[3] == days[_durable(row[0]), row[2]]]


def _durable(institution: int) -> int:
    """Return the durable key of an institution: BETA has two versions."""
    return 3 if institution == 6 else institution


def _members(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(key, _durable(key), *rest) for key, *rest in rows]


def _rows() -> Iterator[tuple[LakeTable, list[tuple[Any, ...]]]]:
    rows: dict[str, list[tuple[Any, ...]]] = {
        "dim_quarter": _members(QUARTERS),
        "dim_institution": _members(INSTITUTIONS),
        "dim_service": _members(SERVICES),
        "fact_complaints": [_complaint(row) for row in COMPLAINTS],
        "fact_fees": [_fee(row) for row in FEES],
        "fact_current_fees": [_fee(row) for row in _newest(FEES)],
    }
    yield from ((TABLES.refined(table), rows.get(table.name, [])) for table in STAR.tables)
    yield (
        TABLES.files,
        [
            _file("complaints", "complaints", "quarter=3,year=2024", "a", 2_450, 11, 10, 1),
            _file("fees", "fees", "cnpj=00000001", "b", 600, 8, 8, 0),
            _file("current_fees", "fees", "cnpj=00000001", "b", 600, 8, 8, 0),
        ],
    )
    yield (
        TABLES.rejects,
        [("complaints", "quarter=3,year=2024", "a", 7, "Índice", "<i>x</i>", "not a number", "2024;3;x")],
    )
    yield (
        TABLES.completeness,
        [
            ("fact_complaints", "complaints", "", "", 0, 0, 11, 10, "0.9"),
            ("fact_complaints", "complaints", "quarter_code", "2024T3", 0, 0, 11, 10, "0.9"),
            ("dim_quarter", "complaints", "", "", 0, 0, 11, 10, "0.9"),
        ],
    )
    yield TABLES.checks, [("dim_quarter", "unique", "year, quarter", 5, 0), ("fact_fees", "between", "ceiling", 8, 2)]
    changed = "banking_refined.dim_quarter, banking_refined.fact_fees"
    yield (
        TABLES.maintenance,
        [
            ("maintenance_banking/d1", PUBLISHED, False, "banking_trusted.fees", 1, 4, 12, 2, 3, 5, 0, 0),
            ("maintenance_banking/d1", PUBLISHED, False, "banking_refined.fact_fees", 0, 3, 0, 0, 2, 6, 0, 0),
            ("maintenance_banking/d1", PUBLISHED, False, "raw/fees", 0, 0, 0, 1, 0, 0, 3, 2_500),
        ],
    )
    yield TABLES.runs, [(1, 0, "star_banking/d1", PUBLISHED, changed, "")]


def _file(source: str, received_by: str, request: str, name: str, size: int, *rows: int) -> tuple[Any, ...]:
    return (
        source,
        received_by,
        request,
        0,
        name,
        f"https://bcb.test/{name}",
        FETCHED,
        size,
        "loaded",
        *rows,
        None,
        None,
    )


def statements() -> Iterator[str]:
    """Yield the statements that create the databases, the tables and their rows."""
    yield from (f"CREATE DATABASE {name}" for name in (TABLES.refined_database, TABLES.files.database, OPS))
    for table, rows in _rows():
        yield _create(table)
        if rows:
            yield f"INSERT INTO {table.path} VALUES " + ", ".join(_values(table, row) for row in rows)


@contextmanager
def small_lake() -> Iterator[Athena]:
    """Start Athena with the small lake and the views of its first release."""
    with running() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        client, output = aws.client("athena"), f"s3://{BUCKET}/athena/"
        client.create_work_group(Name="small", Configuration={"ResultConfiguration": {"OutputLocation": output}})
        athena = Athena(client, "small")
        for statement in statements():
            athena.ask(statement[:60], statement)
        s3, glue = aws.client("s3"), aws.client("glue")
        _publish(athena, S3JsonObjects(s3, BUCKET), AthenaViews(AthenaQueries(client, output=output)))
        job_runs_log(s3, glue, BUCKET).merge(_job_run(*run) for run in JOB_RUNS)
        query_days_log(s3, glue, BUCKET).merge(_query_day(*day) for day in QUERY_DAYS)
        yield athena


def _publish(athena: Athena, objects: JsonObjects, views: Views) -> None:
    """Publish the newest snapshot of every table as release 1."""
    pins = [
        Pin(table, _snapshot(athena, table), tuple(column.name for column in table.columns))
        for table in pinned_tables(STAR)
    ]
    shown = {pin.table.path: pin.snapshot for pin in pins}
    manifests = Manifests(objects, STAR.name)
    release = Release(1, STAR.name, "star_banking/d1", f"{PUBLISHED:%Y-%m-%dT%H:%M:%S}", 0, shown, views_of(STAR, pins))
    switch = Switch(manifests, views, Claim(objects, STAR.name, "d1", set), f"s3://{BUCKET}/{manifests.pointer_prefix}")
    with switch.claim.held():
        switch.publish(manifests.create(release))
        switch.settle()


def _snapshot(athena: Athena, table: LakeTable) -> int:
    newest = f'SELECT snapshot_id FROM {table.database}."{table.name}$snapshots" ORDER BY committed_at DESC LIMIT 1'
    rows = athena.ask(table.path, newest).rows
    return int(str(rows[0]["snapshot_id"])) if rows else 0


def _create(table: LakeTable) -> str:
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    partitions = f" PARTITIONED BY ({', '.join(map(sql_of, table.partition_by))})" if table.partition_by else ""
    place = f"LOCATION 's3://{BUCKET}/warehouse/{table.database}/{table.name}'"
    return f"CREATE TABLE {table.path} ({columns}){partitions} {place} TBLPROPERTIES ('table_type' = 'ICEBERG')"


def _values(table: LakeTable, row: Sequence[Any]) -> str:
    typed = zip(table.columns, row, strict=True)
    return "(" + ", ".join(f"CAST({_literal(value)} AS {_type(column.type)})" for column, value in typed) + ")"


def _type(name: str) -> str:
    return {"string": "varchar", "int": "integer", "timestamp": "timestamp(6)"}.get(name, name)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'" if isinstance(value, str) else f"DECIMAL '{value}'"
