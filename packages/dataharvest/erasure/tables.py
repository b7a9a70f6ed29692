"""Finds and deletes rows of a client on one date in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.catapult.outbox import BODY
from dataharvest.erasure.traces import Day, Traces
from dataharvest.model.delivery import day_of
from dataharvest.model.kind import Kind
from dataharvest.vault import DataKey
from estrela.errors import SettingsError

_OF_DAY = {
    "portfolio_done": "delivery_id = ANY(%(deliveries)s) AND portfolio_reference = ANY(%(portfolios)s)",
    "derived_value": "delivery_id = ANY(%(deliveries)s) AND (level, reference) IN (SELECT 'client', %(client)s "
    "UNION ALL SELECT 'portfolio', unnest(%(portfolios)s::text[]))",
    "relation": "delivery_id = ANY(%(deliveries)s) AND client_reference = %(client)s",
    "quarantine": "(file_id = ANY(%(files)s) OR delivery_id = ANY(%(deliveries)s)) AND (client_reference = %(client)s "
    "OR portfolio_reference = ANY(%(portfolios)s) OR value ~ %(pattern)s OR value ~ %(accounts_pattern)s)",
    "transaction_row": "file_id = ANY(%(files)s) AND (account_number = ANY(%(accounts)s) OR t::text ~ %(pattern)s)",
    "account_row": "file_id = ANY(%(files)s) AND (account_number = ANY(%(accounts)s) OR t::text ~ %(pattern)s)",
    "portfolio_row": "file_id = ANY(%(files)s) AND t::text ~ %(pattern)s",
    "client_row": "file_id = ANY(%(files)s) AND t::text ~ %(pattern)s",
    "published": "(external_client, business_date) = (%(external_client)s, %(day)s) AND (reference = %(client)s "
    "OR reference = ANY(%(portfolios)s) OR reference = ANY(%(errors)s))",
    "outbox": "(external_client, business_date) = (%(external_client)s, %(day)s) AND (reference = %(client)s "
    "OR reference = ANY(%(portfolios)s) OR reference = ANY(%(errors)s))",
}
"""Conditions that select the rows of a client, in an order in which they can be deleted."""
_NO_ACCOUNT = "a^"


def days_of(connection: Connection[Any], reference: str) -> set[Day]:
    """Return the dates on which a client occurs in a loaded file or a message."""
    query = """
        SELECT f.external_client, f.business_date FROM dataharvest.delivered_file f
        JOIN dataharvest.client_row USING (file_id) WHERE client_reference = %(client)s
        UNION SELECT f.external_client, f.business_date FROM dataharvest.delivered_file f
        JOIN dataharvest.portfolio_row USING (file_id) WHERE client_reference = %(client)s
        UNION SELECT external_client, business_date FROM dataharvest.outbox WHERE reference = %(client)s
    """
    rows = connection.execute(query, {"client": reference}).fetchall()
    return {Day(external_client, f"{date:%Y%m%d}") for external_client, date in rows}


def references(connection: Connection[Any]) -> Iterator[str]:
    """Yield the references of all clients that occur in a loaded file or a message."""
    query = """
        SELECT client_reference FROM dataharvest.client_row UNION SELECT client_reference FROM dataharvest.portfolio_row
        UNION SELECT reference FROM dataharvest.outbox WHERE type = 'client_message'
    """
    with connection.cursor(name="references") as reader:
        reader.execute(query)
        yield from (str(reference) for (reference,) in reader)


def delivered_buckets(connection: Connection[Any]) -> set[str]:
    """Return the buckets from which files were loaded."""
    rows = connection.execute("SELECT DISTINCT bucket FROM dataharvest.delivered_file").fetchall()
    return {str(bucket) for (bucket,) in rows}


def portfolios_of(connection: Connection[Any], day: Day, reference: str) -> list[tuple[str, str]]:
    """Return portfolio and account of each of a client's portfolios that are loaded for a date."""
    query = """
        SELECT p.portfolio_reference, p.account_number FROM dataharvest.portfolio_row p
        JOIN dataharvest.delivered_file USING (file_id)
        WHERE (external_client, business_date) = (%s, %s) AND p.client_reference = %s
    """
    return connection.execute(query, (day.external_client, day_of(day.business_date), reference)).fetchall()


def accounts_of_others(connection: Connection[Any], day: Day, reference: str, accounts: set[str]) -> set[str]:
    """Return the subset of a client's ``accounts`` that a portfolio of another client also has on a date."""
    query = """
        SELECT DISTINCT p.account_number FROM dataharvest.portfolio_row p
        JOIN dataharvest.delivered_file USING (file_id)
        WHERE (external_client, business_date) = (%s, %s) AND p.client_reference <> %s AND p.account_number = ANY(%s)
    """
    given = (day.external_client, day_of(day.business_date), reference, list(accounts))
    return {str(account) for (account,) in connection.execute(query, given).fetchall()}


def require_calculated(connection: Connection[Any], day: Day) -> None:
    """Raise SettingsError while portfolios of a date are being calculated, because their number must not change."""
    query = """
        SELECT FROM dataharvest.portfolio_progress JOIN dataharvest.delivery USING (delivery_id)
        JOIN dataharvest.business_day USING (external_client, business_date, version)
        WHERE (external_client, business_date) = (%s, %s) AND done < total
    """
    if connection.execute(query, (day.external_client, day_of(day.business_date))).fetchone() is not None:
        problem = f"{day.external_client} {day.business_date} is being calculated; run forget again once it is sent"
        raise SettingsError("forget", problem)


def drop_incomplete(connection: Connection[Any], day: Day, kind: Kind, etag: str) -> None:
    """Delete a file and its rows if chunks of it are missing; later chunks then find no file.

    Its row is locked first. A chunk that is being loaded either ends before, and its rows are deleted, or finds no
    file.
    """
    query = """
        SELECT file_id FROM dataharvest.delivered_file
        WHERE (external_client, business_date, kind, etag) = (%s, %s, %s, %s) AND NOT is_complete FOR UPDATE
    """
    given = (day.external_client, day_of(day.business_date), kind.name, etag)
    row = connection.execute(query, given).fetchone()
    for table in (kind.table, "quarantine", "loaded_chunk", "delivered_file") if row else ():
        statement = SQL("DELETE FROM dataharvest.{} WHERE file_id = %s").format(Identifier(table))
        connection.execute(statement, row)


def erase(connection: Connection[Any], day: Day, traces: Traces, key: DataKey) -> dict[str, int]:
    """Delete the rows of a client on a date; return their number by table."""
    given = _parameters(connection, day, traces, key)
    counts = {}
    for table, condition in _OF_DAY.items():
        statement = f"DELETE FROM dataharvest.{table} t WHERE {condition}"  # noqa: S608 - constants
        counts[table] = connection.execute(statement, given).rowcount
    return {table: count for table, count in counts.items() if count}


def left(connection: Connection[Any], day: Day, traces: Traces, key: DataKey) -> dict[str, int]:
    """Return the numbers of rows of a date that still refer to a client, by table.

    Every column of every table is searched for the client's references; encrypted messages are decrypted.
    """
    given = _parameters(connection, day, traces, key)
    counts = {
        table: _count(connection, f"SELECT count(*) FROM dataharvest.{table} t WHERE {condition}", given)  # noqa: S608
        for table, condition in _OF_DAY.items()
    }
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'dataharvest'").fetchall()
    for (table,) in tables:
        query = SQL("SELECT count(*) FROM dataharvest.{} t WHERE t::text ~ %(pattern)s").format(Identifier(table))
        counts[table] = max(counts.get(table, 0), _count(connection, query, given))
    return {table: count for table, count in counts.items() if count}


def replaced_objects(connection: Connection[Any], day: Day) -> set[tuple[str, str]]:
    """Return bucket and key of each object of a date that a newer object of the same kind with another key replaced."""
    query = """
        SELECT bucket, object_key FROM (
            SELECT *, row_number() OVER newest_first AS age FROM dataharvest.newest_object
            WHERE (external_client, business_date) = (%s, %s)
            WINDOW newest_first AS (PARTITION BY kind ORDER BY event_time DESC, bucket DESC, object_key DESC)) o
        WHERE age > 1
    """
    return set(connection.execute(query, (day.external_client, day_of(day.business_date))).fetchall())


def replace_content(connection: Connection[Any], day: Day, kind: str, etag: str, new: tuple[str, int]) -> None:
    """Record the new ETag and size of a file whose object was rewritten, so that its event finds a known content."""
    query = """
        UPDATE dataharvest.delivered_file SET etag = %s, size = %s
        WHERE (external_client, business_date, kind, etag) = (%s, %s, %s, %s)
    """
    connection.execute(query, (*new, day.external_client, day_of(day.business_date), kind, etag))


def _parameters(connection: Connection[Any], day: Day, traces: Traces, key: DataKey) -> dict[str, Any]:
    of_day = {"external_client": day.external_client, "day": day_of(day.business_date)}
    queries = {
        "files": "SELECT file_id FROM dataharvest.delivered_file",
        "deliveries": "SELECT delivery_id FROM dataharvest.delivery",
    }
    condition = "WHERE (external_client, business_date) = (%(external_client)s, %(day)s)"
    ids = {
        name: [row[0] for row in connection.execute(f"{query} {condition}", of_day).fetchall()]
        for name, query in queries.items()
    }
    errors = connection.execute(
        f"SELECT reference, sealed FROM dataharvest.outbox {condition} AND type = 'error_message'",  # noqa: S608
        of_day,
    ).fetchall()
    return {
        **of_day,
        **ids,
        "client": traces.reference,
        "portfolios": list(traces.portfolios),
        "accounts": list(traces.accounts),
        "pattern": traces.pattern,
        "accounts_pattern": rf"(^|[^\w-])({'|'.join(sorted(traces.accounts))})($|[^\w-])"
        if traces.accounts
        else _NO_ACCOUNT,
        "errors": [reference for reference, sealed in errors if traces.occur_in_day(key.open(bytes(sealed), BODY))],
    }


def _count(connection: Connection[Any], query: Any, given: dict[str, Any]) -> int:
    row = connection.execute(query, given).fetchone()
    return int(row[0]) if row else 0
