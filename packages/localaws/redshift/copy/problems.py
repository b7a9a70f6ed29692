"""Errors of a row: codes from https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN, MISSING_DELIMITER, EXTRA_COLUMNS, OUT_OF_RANGE = 1200, 1214, 1202, 1204
DATE, TIMESTAMP, DIGIT, FLOAT, DECIMAL, BOOLEAN = 1205, 1206, 1207, 1208, 1209, 1210
NOT_NULL, INVALID_LINE, INVALID_TEXT = 1213, 1216, 1220


class FieldError(Exception):
    """A field that its column does not accept; ``position`` counts characters from 0."""

    def __init__(self, code: int, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.position = position


@dataclass(frozen=True)
class RowError:
    """A row that was not loaded: one line of SYS_LOAD_ERROR_DETAIL."""

    file: str
    line: int
    column: str
    column_type: str
    column_length: str
    position: int
    code: int
    message: str
    raw_line: str
    raw_field: str
