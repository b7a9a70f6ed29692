"""Every query of the golden file returns through the Data API what Redshift documents, or is refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden" / "redshift" / "redshift.txt"
_STATEMENTS = ("SELECT", "GRANT", "EXPLAIN", "CREATE", "SET", "COPY", "UNLOAD")


@dataclass
class Case:
    """One expected answer: `types` and `rows` as texts, or `error`, the beginning of the error text."""

    line: int
    source: str
    sql: str
    types: str = ""
    names: str = ""
    error: str = ""
    rows: list[list[str]] = field(default_factory=list)

    @property
    def query(self) -> str:
        return self.sql if self.sql.upper().startswith(_STATEMENTS) else f"SELECT {self.sql}"


def read() -> list[Case]:
    """Return the cases of the file: blocks separated by blank lines, with unindented SQL, then its answer indented.

    A `source` line applies to all cases after it.
    """
    cases: list[Case] = []
    source = ""
    for number, line in enumerate(GOLDEN.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("source "):
            source = line
        elif line.strip() and not line.startswith((" ", "#")):
            cases.append(Case(number, source, line))
        elif line.strip() and not line.startswith("#"):
            _answer(cases[-1], line.strip())
    return cases


def _answer(case: Case, line: str) -> None:
    kind, _, rest = line.partition(" ")
    if kind == "->":
        value, _, case.types = rest.rpartition(" :: ")
        case.rows.append([value])
    elif kind == "|":
        case.rows.append([cell.strip() for cell in line.strip("|").split("|")])
    else:
        setattr(case, {"!!": "error", "::": "types", "names": "names"}[kind], rest)


def shown(cell: dict[str, Any]) -> str:
    (kind, value), *_ = cell.items()
    if kind == "isNull":
        return "NULL"
    if kind == "booleanValue":
        return str(value).lower()
    return f'"{value}"' if value in ("", "NULL") or str(value) != str(value).strip() else str(value)


CASES = read()


@pytest.fixture(scope="module")
def answers(warehouse: Any) -> dict[int, dict[str, Any]]:
    """Every query's description by its line in the golden file. Each query runs in its own transaction."""
    descriptions = {}
    for start in range(0, len(CASES), 40):
        cases = CASES[start : start + 40]
        batch = warehouse.batch(*(case.query for case in cases), ExecutionMode="AUTO_COMMIT")
        descriptions |= {case.line: part for case, part in zip(cases, batch["SubStatements"], strict=True)}
    return descriptions


@pytest.mark.parametrize("case", [c for c in CASES if not c.error], ids=lambda c: f"{c.line}: {c.sql[:60]}")
def test_a_client_gets_the_documented_answer(warehouse: Any, answers: dict[int, dict[str, Any]], case: Case) -> None:
    statement = answers[case.line]
    assert statement["Status"] == "FINISHED", statement
    result = warehouse.data.get_statement_result(Id=statement["Id"])
    assert [[shown(cell) for cell in row] for row in result["Records"]] == case.rows
    assert ", ".join(column["typeName"] for column in result["ColumnMetadata"]) == case.types
    assert not case.names or ", ".join(column["name"] for column in result["ColumnMetadata"]) == case.names
    assert statement["ResultRows"] == result["TotalNumRows"] == len(case.rows)


@pytest.mark.parametrize("case", [c for c in CASES if c.error], ids=lambda c: f"{c.line}: {c.sql[:60]}")
def test_a_client_gets_the_reason_of_a_failure(answers: dict[int, dict[str, Any]], case: Case) -> None:
    statement = answers[case.line]
    assert statement["Status"] == "FAILED"
    assert statement["Error"].startswith(case.error), statement["Error"]


def test_the_golden_file_is_sourced() -> None:
    assert len([case for case in CASES if not case.error]) >= 90
    assert all("https://docs.aws.amazon.com/redshift/" in case.source for case in CASES if not case.error)
    assert len({case.error for case in CASES if "NOT_SUPPORTED" in case.error}) >= 25
