"""Runs a transformer on a delivery: everything that it declares, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.database.session import Database, in_batches
from dataharvest.deliveries import CurrentDelivery, finish, lock_current
from dataharvest.model.delivery import Delivery
from dataharvest.model.transformer import Check, Finding, Opened, Transformer, Value
from dataharvest.vault import DataKey, Vault
from estrela.errors import EXAMPLES, CheckFailure, QualityError


def run_step(database: Database, vault: Vault, delivery: Delivery, transformer: Transformer) -> bool:
    """Run a transformer unless it is done; return False if the delivery was replaced or lacks a file.

    Raises QualityError, with nothing stored, if a check fails, and LoadError.
    """
    key = vault.key(delivery.external_client, delivery.business_date) if transformer.is_sensitive else None
    with database.transaction() as connection:
        current = lock_current(connection, delivery, transformer.name)
        if current is None:
            return False
        if transformer.name not in current.finished:
            _run(connection, current, transformer, key)
            finish(connection, current, transformer.name)
    return True


def _run(connection: Connection[Any], current: CurrentDelivery, transformer: Transformer, key: DataKey | None) -> None:
    """Execute the declarations of a transformer; ``key`` is required if it is sensitive."""
    for opened in transformer.opens:
        assert key is not None
        _open(connection, current, opened, key)
    for statement in transformer.statements:
        connection.execute(statement, current.parameters)
    for value in transformer.values:
        if value.sensitive:
            assert key is not None
            _store_sealed(connection, current, value, key)
        else:
            store(connection, current, value, value.sql_of_all, {})
    finish_step(connection, current, transformer)


def finish_step(connection: Connection[Any], current: CurrentDelivery, transformer: Transformer) -> None:
    """Store the findings and run the checks of a transformer whose values are stored.

    Raises QualityError or LoadError.
    """
    if transformer.findings:
        _store_findings(connection, current, transformer.findings)
    failures = [_failure(connection, current, check) for check in transformer.checks]
    if any(failures):
        raise QualityError(f"{current.delivery}, {transformer.name}", [failure for failure in failures if failure])


def _open(connection: Connection[Any], current: CurrentDelivery, opened: Opened, key: DataKey) -> None:
    """Create the temporary table with a sensitive column in plain text."""
    names = [*opened.kind.key, opened.column]
    domains = {column.name: column.domain for column in opened.kind.columns}
    typed = SQL(", ").join(
        SQL("{} dataharvest.{}").format(Identifier(name), Identifier(domains[name])) for name in names
    )
    table, columns = Identifier("pg_temp", opened.table), SQL(", ").join(map(Identifier, names))
    create = SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
    connection.execute(create.format(Identifier(opened.table), typed))
    query = SQL("SELECT {} FROM dataharvest.{} WHERE file_id = %(file)s").format(columns, Identifier(opened.kind.table))
    given = {"file": current.files[f"{opened.kind.noun}_file"]}
    for rows in in_batches(connection, query.as_string(), given):
        with connection.cursor() as writer, writer.copy(SQL("COPY {} FROM STDIN").format(table)) as copy:
            for *keys, sealed in rows:
                copy.write_row((*keys, key.open(sealed, opened.column)))
    connection.execute(SQL("ANALYZE {}").format(table))


def store(
    connection: Connection[Any], current: CurrentDelivery, value: Value, sql: str, more: Mapping[str, object]
) -> int:
    """Store the results of ``sql`` for a value that is not sensitive; ``more`` has additional parameters.

    Return the number of values.
    """
    return connection.execute(
        f"""
        INSERT INTO dataharvest.derived_value (delivery_id, level, field, reference, value)
        SELECT %(delivery)s, %(level)s, %(field)s, s.reference, s.value::text FROM ({sql}) AS s (reference, value)
        """,  # noqa: S608 - declared
        {**current.parameters, **more, "level": value.level, "field": value.field},
    ).rowcount


def _store_sealed(connection: Connection[Any], current: CurrentDelivery, value: Value, key: DataKey) -> None:
    target = "COPY dataharvest.derived_value (delivery_id, level, field, reference, sealed) FROM STDIN (FORMAT BINARY)"
    query = f"SELECT s.r, s.v::text FROM ({value.sql}) AS s (r, v)"  # noqa: S608 - declared
    for rows in in_batches(connection, query, current.parameters):
        with connection.cursor() as writer, writer.copy(target) as copy:
            copy.set_types(("int8", "text", "text", "text", "bytea"))
            for reference, text in rows:
                sealed = None if text is None else key.seal(text, value.field)
                copy.write_row((current.delivery_id, value.level, value.field, reference, sealed))


def _store_findings(connection: Connection[Any], current: CurrentDelivery, findings: Sequence[Finding]) -> None:
    parts, given = [], dict[str, object](current.parameters)
    for at, finding in enumerate(findings):
        parts.append(
            f"""
            SELECT %(delivery)s::bigint, %(kind{at})s::text, %(column{at})s::text, %(reason{at})s::text,
                s.client::text, s.portfolio::text, s.line::bigint, s.value::text
            FROM ({finding.sql}) AS s (client, portfolio, line, value)
            """  # noqa: S608 - declared
        )
        given |= {f"kind{at}": finding.kind.name, f"column{at}": finding.column, f"reason{at}": finding.reason}
    connection.execute(
        f"""
        INSERT INTO dataharvest.quarantine
            (delivery_id, kind, column_name, reason, client_reference, portfolio_reference, line, value)
        {" UNION ALL ".join(parts)}
        """,
        given,
    )


def _failure(connection: Connection[Any], current: CurrentDelivery, check: Check) -> CheckFailure | None:
    rows = connection.execute(check.sql, current.parameters).fetchall()
    examples = tuple(", ".join(map(str, row)) for row in rows[:EXAMPLES])
    return CheckFailure(check.name, "rows", len(rows), examples) if rows else None
