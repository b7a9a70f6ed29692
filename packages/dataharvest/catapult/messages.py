"""The messages of one delivery, built from its rows, derived values and quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from psycopg import Connection

from dataharvest.catapult.schema import CLIENT_MESSAGE, ERROR_MESSAGE, PORTFOLIO_MESSAGE, MessageSchema
from dataharvest.database.session import at_once_if_few
from dataharvest.deliveries import CurrentDelivery
from dataharvest.model.choreography import Choreography
from dataharvest.model.transformer import CLIENT, PORTFOLIO
from dataharvest.vault import DataKey
from estrela.errors import TransformError, some_of

Row = tuple[Any, ...]
_VALUES = """
LEFT JOIN (
    SELECT reference, array_agg(field) AS fields, array_agg(value) AS plain, array_agg(sealed) AS sealed
    FROM dataharvest.derived_value WHERE delivery_id = %(delivery)s AND level = %(level)s GROUP BY reference
) v ON v.reference = {reference}
"""
_CLIENTS = f"""
SELECT r.client_reference, r.tax_free_allowance, v.fields, v.plain, v.sealed FROM dataharvest.client_row r
{_VALUES.format(reference="r.client_reference")} WHERE r.file_id = %(client_file)s
"""  # noqa: S608 - no value comes in
_PORTFOLIOS = f"""
SELECT r.portfolio_reference, NULL, v.fields, v.plain, v.sealed FROM dataharvest.portfolio_row r
{_VALUES.format(reference="r.portfolio_reference")} WHERE r.file_id = %(portfolio_file)s
"""  # noqa: S608 - no value comes in
_ERRORS = """
SELECT kind, column_name, CASE WHEN delivery_id IS NOT NULL THEN value END AS subject, reason, client_reference,
    portfolio_reference, count(*), (array_agg(line ORDER BY line) FILTER (WHERE line IS NOT NULL))[1:5]
FROM dataharvest.quarantine WHERE delivery_id = %(delivery)s
    OR file_id IN (%(client_file)s, %(portfolio_file)s, %(account_file)s, %(transaction_file)s)
GROUP BY kind, column_name, subject, reason, client_reference, portfolio_reference
"""


@dataclass(frozen=True)
class Message:
    """A message: its ``type``, its text, and the ``reference`` that is unique among messages of its type."""

    type: str
    reference: str
    body: str


class MessageWriter:
    """Writes messages that are valid against their schemas, with the values that the ``declared`` transformers add."""

    def __init__(self, declared: Choreography) -> None:
        levels = {CLIENT: CLIENT_MESSAGE, PORTFOLIO: PORTFOLIO_MESSAGE}
        self._schemas = {
            kind: MessageSchema(kind, [value for value in declared.values if value.level == level])
            for level, kind in levels.items()
        }

    def messages(self, connection: Connection[Any], current: CurrentDelivery, key: DataKey) -> Iterator[Message]:
        """Yield one message for each client and portfolio, then the errors. Raises TransformError, LoadError."""
        for reference, allowance, *values in _rows(connection, _CLIENTS, {**current.parameters, "level": CLIENT}):
            own = {"client_reference": reference, "tax_free_allowance": key.open(allowance, "tax_free_allowance")}
            body = self._schemas[CLIENT_MESSAGE].message({**own, **_fields(values, key)})
            yield Message(CLIENT_MESSAGE, reference, body)
        for reference, _, *values in _rows(connection, _PORTFOLIOS, {**current.parameters, "level": PORTFOLIO}):
            body = self._schemas[PORTFOLIO_MESSAGE].message({"portfolio_reference": reference, **_fields(values, key)})
            yield Message(PORTFOLIO_MESSAGE, reference, body)
        for row in _rows(connection, _ERRORS, current.parameters):
            yield error_message(_error_text(row), key, client=row[4], portfolio=row[5])


@cache
def _error_schema() -> MessageSchema:
    return MessageSchema(ERROR_MESSAGE)


def error_message(
    text: str, key: DataKey, *, client: str | None = None, portfolio: str | None = None, of: str = ""
) -> Message:
    """Return an error message. Its reference is a digest of its content and of ``of``, which tells equal ones apart."""
    fields = {"client_reference": client, "portfolio_reference": portfolio, "message": text}
    body = _error_schema().message(fields)
    return Message(ERROR_MESSAGE, key.digest(body + of).hex()[:32], body)


def _rows(connection: Connection[Any], query: str, given: Mapping[str, object]) -> Iterator[Row]:
    return chain.from_iterable(at_once_if_few(connection, query, given))


def _fields(values: list[Any], key: DataKey) -> dict[str, str | None]:
    names, plain, sealed = (array or [] for array in values)
    if len(names) != len(set(names)):
        raise TransformError(
            "messages", f"a reference has several values of one of {some_of(names)}; its transformer must select one"
        )
    return {
        name: value if hidden is None else key.open(hidden, name)
        for name, value, hidden in zip(names, plain, sealed, strict=True)
    }


def _error_text(row: Row) -> str:
    kind, column, subject, reason, _, _, count, lines = row
    what = " ".join(filter(None, (f"{kind}:", column or "a record", subject, reason)))
    if not lines:
        return what
    more = f" and {count - len(lines)} more" if count > len(lines) else ""
    return f"{what} (line{'s' if count > 1 else ''} {', '.join(map(str, lines))}{more})"
