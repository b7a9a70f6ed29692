"""Every expression and query of the golden file is answered as Athena documents, or refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from localaws.athena.sql import NotSupportedError, SqlError, translate
from localaws.athena.sql.failures import failure
from localaws.athena.sql.render import render
from localaws.athena.sql.session import prepare, register_functions

GOLDEN = Path(__file__).parent / "golden" / "athena.txt"


@dataclass
class Case:
    """One answer: `types` and `rows` of texts, or `error`, the text that a failure starts with."""

    line: int
    source: str
    sql: str = ""
    types: str = ""
    names: str = ""
    error: str = ""
    rows: list[list[str]] = field(default_factory=list)

    @property
    def query(self) -> str:
        words = self.sql.lstrip("( \n").upper()
        return self.sql if words.startswith(("SELECT", "WITH", "VALUES", "TABLE")) else f"SELECT {self.sql}"


def read(text: str) -> list[Case]:
    """Blocks parted by blank lines: unindented SQL, then its answer indented; `source` lines hold for what follows."""
    cases, source, case = [], "", None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("#", "source ", "rule ")):
            source = line if line[0] != "#" else source
            case = None
        elif not line.strip():
            case = None
        elif not line.startswith("  "):
            if case is None:
                case = Case(number, source)
                cases.append(case)
            case.sql = f"{case.sql}\n{line}".strip()
        else:
            assert case is not None, f"line {number}: an answer without SQL"
            _answer(case, line.strip())
    return cases


def _answer(case: Case, line: str) -> None:
    if line.startswith("-> "):
        value, _, case.types = line[3:].rpartition(" :: ")
        case.rows.append([value])
    elif line.startswith("!! "):
        case.error = line[3:]
    elif line.startswith(":: "):
        case.types = line[3:]
    elif line.startswith("names "):
        case.names = line[6:]
    elif line.startswith("|"):
        case.rows.append([cell.strip() for cell in line.strip("|").split("|")])
    else:
        raise AssertionError(f"line of golden file not understood: {line}")


def shown(value: str | None) -> str:
    if value is None:
        return "NULL"
    return f'"{value}"' if value != value.strip() or value in ("", "NULL") else value


CASES = read(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    register_functions(connection)
    prepare(connection)
    return connection


def answer(connection: duckdb.DuckDBPyConnection, case: Case) -> tuple[str, list[list[str]], str]:
    translation = translate(case.query)
    rows = connection.execute(translation.sql).fetchall()
    kinds = [column.type for column in translation.columns]
    texts = [[shown(render(v, k)) for v, k in zip(row, kinds, strict=True)] for row in rows]
    return ", ".join(map(str, kinds)), texts, ", ".join(column.name for column in translation.columns)


def stopped(connection: duckdb.DuckDBPyConnection, case: Case) -> str:
    try:
        found = answer(connection, case)
    except SqlError as error:
        return str(error)
    except duckdb.Error as error:
        return failure(error)
    return f"no error, but {found}"


@pytest.mark.parametrize("case", [c for c in CASES if not c.error], ids=lambda c: f"{c.line}: {c.sql[:60]}")
def test_the_answer_is_the_documented_one(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    types, rows, names = answer(connection, case)
    assert rows == case.rows
    assert types == case.types
    assert not case.names or names == case.names


@pytest.mark.parametrize("case", [c for c in CASES if c.error], ids=lambda c: f"{c.line}: {c.sql[:60]}")
def test_the_query_fails_with_its_reason(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert stopped(connection, case).startswith(case.error)


def test_not_supported_names_the_construct() -> None:
    with pytest.raises(NotSupportedError) as caught:
        translate("SELECT soundex('a')")
    assert caught.value.construct == "function soundex"
    assert str(caught.value) == "NOT_SUPPORTED: function soundex is not on the list of supported functions"


def test_the_golden_file_is_large_and_sourced() -> None:
    answered = [c for c in CASES if not c.error]
    assert len(answered) >= 400
    assert sum(c.source.startswith("source https://") for c in answered) >= 300
    assert all(c.source for c in CASES)
    assert len({c.error for c in CASES if c.error.startswith("NOT_SUPPORTED")}) >= 40
