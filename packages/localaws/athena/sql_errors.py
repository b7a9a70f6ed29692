"""Refusals of a query before it runs, with the error names that Athena prints."""

from __future__ import annotations

_EXCERPT = 120


class SqlError(Exception):
    """A query that cannot be run; Athena's StateChangeReason starts with `name`, the error name."""

    name = "SYNTAX_ERROR"

    def __init__(self, reason: str, name: str = "") -> None:
        self.name = name or self.name
        super().__init__(f"{self.name}: {reason}")


class NotSupportedError(SqlError):
    """A construct whose result is not certain to be Athena's; `construct` names it."""

    name = "NOT_SUPPORTED"

    def __init__(
        self, construct: str, reason: str = "is not supported, because the result could differ from Athena's"
    ) -> None:
        super().__init__(f"{construct[:_EXCERPT]} {reason}")
        self.construct = construct


class InvalidLiteralError(SqlError):
    """A literal whose text is not a value of its type."""

    name = "INVALID_LITERAL"


class InvalidArgumentError(SqlError):
    """An argument that a function does not accept, known when the query is compiled."""

    name = "INVALID_FUNCTION_ARGUMENT"


class TypeMismatchError(SqlError):
    """Operand or argument types that Trino refuses."""

    name = "TYPE_MISMATCH"


class UnexpectedParametersError(TypeMismatchError):
    """A call whose arguments match no form of the function."""

    name = "FUNCTION_NOT_FOUND"


class ColumnNotFoundError(SqlError):
    """A column name that does not exist in any relation in scope."""

    name = "COLUMN_NOT_FOUND"


class TableNotFoundError(SqlError):
    """A relation name that is neither a table, a view nor a WITH query."""

    name = "TABLE_NOT_FOUND"


class FunctionNotSupportedError(NotSupportedError):
    """A function of Athena that is not on the list of supported functions."""

    def __init__(self, name: str) -> None:
        super().__init__(f"function {name}", "is not on the list of supported functions")
