"""Checks: conditions that a table must meet before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from estrela.errors import DefinitionError
from estrela.model.column import NamedColumns, require_known


@dataclass(frozen=True)
class Unique:
    """No two rows have the same values in ``columns``."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class NotNull:
    """``column`` has a value in every row."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The checked column."""
        return (self.column,)


@dataclass(frozen=True)
class OneOf:
    """``column`` is NULL or one of ``values``."""

    column: str
    values: tuple[str | int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The checked column."""
        return (self.column,)


@dataclass(frozen=True)
class Between:
    """``column`` is NULL or between ``low`` and ``high`` inclusive; None means no limit on that side."""

    column: str
    low: int | Decimal | None = None
    high: int | Decimal | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The checked column."""
        return (self.column,)


@dataclass(frozen=True)
class Expression:
    """``sql``, a Spark SQL condition on ``columns``, is true in every row; NULL counts as false.

    ``bad`` is an example row that violates the condition. The contract tests use it to prove that the check can fail.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    bad: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True)
class Reconcile:
    """The sum of ``column`` equals the sum of ``source_column`` over the trusted table of ``source``."""

    column: str
    source: NamedColumns
    source_column: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The checked column."""
        return (self.column,)


Check = Unique | NotNull | OneOf | Between | Expression | Reconcile


def unique(*columns: str) -> Unique:
    """Require that no two rows have the same values in ``columns``."""
    return Unique(columns)


def not_null(column: str) -> NotNull:
    """Require that ``column`` has a value in every row."""
    return NotNull(column)


def one_of(column: str, values: Iterable[str | int]) -> OneOf:
    """Require that ``column`` is NULL or one of ``values``."""
    return OneOf(column, tuple(values))


def between(column: str, low: int | Decimal | None = None, high: int | Decimal | None = None) -> Between:
    """Require that ``column`` is NULL or between ``low`` and ``high`` inclusive."""
    return Between(column, low, high)


def expression(name: str, sql: str, *columns: str, bad: Mapping[str, str | int]) -> Expression:
    """Require that the Spark SQL condition ``sql`` on ``columns`` is true in every row; the example row ``bad``
    violates it.
    """
    return Expression(name, sql, columns, tuple(sorted(bad.items())))


def reconcile(column: str, source: NamedColumns, source_column: str) -> Reconcile:
    """Require that the sum of ``column`` equals the sum of ``source_column`` in the trusted table of ``source``."""
    return Reconcile(column, source, source_column)


def check_name(check: Check) -> str:
    """Return the name of a check in reports: ``unique``, ``not_null``, ..., or the name given to an expression."""
    names = {Unique: "unique", NotNull: "not_null", OneOf: "one_of", Between: "between", Reconcile: "reconcile"}
    return check.name if isinstance(check, Expression) else names[type(check)]


def validate_checks(where: str, checks: Sequence[Check], known: Sequence[str]) -> None:
    """Raise DefinitionError if a check names no column, names an unknown column, or allows no value."""
    for check in checks:
        if not check.columns:
            raise DefinitionError(where, f"check {check_name(check)} names no column", known)
        require_known(where, f"check {check_name(check)}", check.columns, known)
        if isinstance(check, Expression):
            require_known(where, f"bad row of check {check.name}", [name for name, _ in check.bad], check.columns)
            if not check.bad:
                raise DefinitionError(where, f"check {check.name} names no bad row", check.columns)
        if isinstance(check, OneOf) and not check.values:
            raise DefinitionError(where, f"check one_of on {check.column!r} allows no value")
        if isinstance(check, Between) and check.low is None and check.high is None:
            raise DefinitionError(where, f"check between on {check.column!r} has neither low nor high")
        if isinstance(check, Reconcile):
            require_known(
                where, f"check reconcile with {check.source.name}", [check.source_column], check.source.column_names
            )
