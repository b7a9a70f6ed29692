"""Transformers: calculations on a delivery, each declared in one file below ``dataharvest.transformers``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dataharvest.model.kind import KINDS, Kind
from estrela.errors import DefinitionError

CLIENT = "client"
PORTFOLIO = "portfolio"
LEVELS = (CLIENT, PORTFOLIO)
PARAMETERS = ("delivery", *(f"{kind.noun}_file" for kind in KINDS))
"""Parameters that SQL may use as ``%(name)s``: the delivery's id, and the ids of its four files."""
OF_PORTFOLIOS, OF_ACCOUNTS = "{of_portfolios}", "{of_accounts}"
"""Placeholders in the SQL of a transformer with a stream, each after a condition on its table's other columns. For a
batch, they become a condition that ``portfolio_reference`` or ``account_number`` belongs to the batch.
"""
_SOME = {
    OF_PORTFOLIOS: "AND portfolio_reference = ANY(%(portfolios)s)",
    OF_ACCOUNTS: "AND account_number = ANY(%(accounts)s)",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Value:
    """A field in the message of each client or portfolio: ``sql`` selects the reference and the value.

    NULL means that the delivery contradicts itself there, so that no value is right. ``schema`` is the JSON Schema of a
    field that the messages' own schemas do not contain. A ``sensitive`` value is encrypted in the database.
    """

    level: str
    field: str
    sql: str
    sensitive: bool = False
    schema: Mapping[str, object] | None = None

    @property
    def sql_of_all(self) -> str:
        """SQL for the whole delivery."""
        return self.sql.replace(OF_PORTFOLIOS, "").replace(OF_ACCOUNTS, "")

    @property
    def sql_of_portfolios(self) -> str:
        """SQL for the ``portfolios`` and their ``accounts`` that two additional parameters list."""
        return self.sql.replace(OF_PORTFOLIOS, _SOME[OF_PORTFOLIOS]).replace(OF_ACCOUNTS, _SOME[OF_ACCOUNTS])

    @property
    def is_divisible(self) -> bool:
        """Return whether the values of some portfolios can be calculated without the others."""
        return self.level == PORTFOLIO and not self.sensitive and OF_PORTFOLIOS in self.sql


@dataclass(frozen=True)
class Finding:
    """Rows that contradict others. They stay loaded, but are listed in the quarantine and reported by an error message.

    ``sql`` selects client_reference, portfolio_reference, line and value of each row; any of them may be NULL.
    ``column`` is the column of ``kind`` that contains the value.
    """

    kind: Kind
    column: str
    reason: str
    sql: str


@dataclass(frozen=True)
class Check:
    """A check of a step's result: ``sql`` selects the rows that violate it."""

    name: str
    sql: str


@dataclass(frozen=True)
class Opened:
    """A sensitive column that the SQL of a transformer needs in plain text.

    During the step's transaction it is in the temporary table ``opened_<noun>``, together with the key columns of its
    kind.
    """

    kind: Kind
    column: str

    @property
    def table(self) -> str:
        """Name of the temporary table."""
        return f"opened_{self.kind.noun}"


@dataclass(frozen=True)
class Transformer:
    """A calculation. It starts when all flags that it ``needs`` are set, and sets ``flag`` when it is done.

    In one transaction, ``statements`` run first, in order; then ``values`` and ``findings`` are stored, and ``checks``
    run. With a ``stream``, the name of a Kinesis stream of portfolio events, the values of a large delivery are
    calculated in batches of portfolios. Raises DefinitionError if the declaration contradicts itself.
    """

    name: str
    doc: str
    needs: tuple[str, ...]
    flag: str
    statements: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    findings: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()
    opens: tuple[Opened, ...] = ()
    stream: str = ""

    def __post_init__(self) -> None:
        where = f"Transformer({self.name!r})"
        for word in (self.name, self.flag, *(value.field for value in self.values)):
            if not _NAME.fullmatch(word):
                raise DefinitionError(where, f"{word!r} is not a name of lower-case letters, digits and underscores")
        for value in self.values:
            if value.level not in LEVELS:
                raise DefinitionError(where, f"{value.field} has the level {value.level!r}", LEVELS)
        if not self.needs:
            raise DefinitionError(where, "needs no flag, so nothing would start it")
        if self.stream and (self.opens or self.statements or not all(value.is_divisible for value in self.values)):
            problem = (
                "has a stream, so it may declare only findings, checks, and values of portfolios that are not sensitive"
                f" and whose SQL has {OF_PORTFOLIOS}"
            )
            raise DefinitionError(where, problem)
        used = {name for sql in self._all_sql() for name in re.findall(r"%\((\w+)\)s", sql)}
        unknown = sorted(used - set(PARAMETERS))
        if unknown:
            raise DefinitionError(where, f"its SQL has the parameter {unknown[0]!r}", PARAMETERS)

    @property
    def is_sensitive(self) -> bool:
        """Return whether it reads or writes encrypted values."""
        return bool(self.opens) or any(value.sensitive for value in self.values)

    def _all_sql(self) -> tuple[str, ...]:
        parts: tuple[Value | Finding | Check, ...] = (*self.values, *self.findings, *self.checks)
        return (*self.statements, *(part.sql for part in parts))
