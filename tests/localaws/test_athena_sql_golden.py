"""Every expression and query of the golden files returns what Athena documents, or is refused by name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.athena.embedded.sql import NotSupportedError, translate
from localaws.running import Running

API_NAMES = {"real": "float"}
GOLDEN = Path(__file__).parent / "golden"


@dataclass
class Case:
    """One expected answer: `types` and `rows` as texts, or `error`, the beginning of the error text."""

    place: str
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


def read(path: Path) -> list[Case]:
    """Return the cases of a file: blocks separated by blank lines, with unindented SQL, then its answer indented.

    A `source` line applies to all cases after it.
    """
    cases, source, case = [], "", None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(("#", "source ", "rule ")):
            source = line if line[0] != "#" else source
            case = None
        elif not line.strip():
            case = None
        elif not line.startswith("  "):
            if case is None:
                case = Case(f"{path.stem} {number}", source)
                cases.append(case)
            case.sql = f"{case.sql}\n{line}".strip()
        else:
            assert case is not None, f"{path.name}, line {number}: an answer without SQL"
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


# Answers of Trino 476 that differ from Athena's, or from those of the Trino version of the documentation.
DIFFERENCES = {
    "try_cast('12 ' AS bigint)": "a newer Trino trims the text",
    "CAST(' 1' AS integer)": "a newer Trino trims the text",
    "concat('a', NULL)": "a newer Trino takes it for arrays",
    "'a' || 'b' || NULL": "a newer Trino takes it for arrays",
    "map_concat(map(ARRAY['a', 'b'], ARRAY[1, 2]), map(ARRAY['b', 'c'], ARRAY[3, 4]))": "entries have no order",
    'SELECT 1, 2 AS b, 3 AS "C", x, X + 1, t.x AS Y FROM (VALUES 5) AS T(x)': "Trino keeps the case of an alias",
    'SELECT "T"."A" FROM (VALUES 1) t(a)': "Trino keeps the case of a quoted name",
}
# LOCALAWS_ATHENA may select Trino. Its error texts are longer, and it answers queries that are refused here.
TRINO = os.environ.get("LOCALAWS_ATHENA") == "trino"
ALL = [case for path in sorted(GOLDEN.glob("*.txt")) for case in read(path)]
CASES = [case for case in ALL if not TRINO or case.sql not in DIFFERENCES]


# Of two constants that it considers equal, Trino returns the same one for both.
ALONE = {"CAST(-0E0 AS varchar)"} if TRINO else set()
ANSWERED = [case for case in CASES if not case.error]
EXPRESSIONS = [case for case in ANSWERED if case.query != case.sql and case.sql not in ALONE]
PACKS = [EXPRESSIONS[start : start + 25] for start in range(0, len(EXPRESSIONS), 25)]


def label(case: Case) -> str:
    return f"{case.place}: {case.sql[:60]}"


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: f"{pack[0].place} to {pack[-1].place}")
def test_a_client_gets_the_documented_answers_of_expressions(aws: Running, shared_athena, pack: list[Case]) -> None:
    """Twenty-five expressions are columns of one query, which costs a fraction of twenty-five queries."""
    columns = ",\n".join(f"{case.sql} AS c{i}" for i, case in enumerate(pack))
    answers = answers_of(aws, shared_athena, f"SELECT {columns}")
    assert {case.sql: answer for case, answer in zip(pack, answers, strict=True)} == {
        case.sql: (f"c{i}", case.types, [value for (value,) in case.rows]) for i, case in enumerate(pack)
    }


@pytest.mark.parametrize("case", [case for case in ANSWERED if case not in EXPRESSIONS], ids=label)
def test_a_client_gets_the_documented_answer(aws: Running, shared_athena, case: Case) -> None:
    check_alone(aws, shared_athena, case)


@pytest.mark.long
@pytest.mark.parametrize("case", EXPRESSIONS, ids=label)
def test_a_client_gets_the_documented_answer_of_an_expression_alone(aws: Running, shared_athena, case: Case) -> None:
    check_alone(aws, shared_athena, case)


def check_alone(aws: Running, shared_athena: Any, case: Case) -> None:
    answers = answers_of(aws, shared_athena, case.query)
    names, types, values = zip(*answers, strict=True)
    assert ", ".join(types) == case.types
    assert [list(row) for row in zip(*values, strict=True)] == case.rows
    assert not case.names or ", ".join(names) == case.names


def answers_of(aws: Running, athena: Any, query: str) -> list[tuple[str, str, list[str]]]:
    """Return name, type and values of each column, after checking that the result file contains the same."""
    execution = athena.run(query)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    result = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    header, *rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
    assert csv_rows(aws.home, execution) == [header, *rows]
    kinds = [column.type for column in translate(query).columns]
    described = result["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Type"] for column in described] == [API_NAMES.get(kind.name, kind.name) for kind in kinds]
    assert header == [column["Name"] for column in described]
    values = [[shown(row[i]) for row in rows] for i in range(len(header))]
    return list(zip(header, map(str, kinds), values, strict=True))


def csv_rows(home: Path, execution: dict[str, Any]) -> list[list[str | None]]:
    """Return the rows of the result file, in which every field is quoted, and NULL is an empty field without quotes."""
    location = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")
    with (home / "s3" / location).open(encoding="utf-8", newline="") as file:
        text = file.read()
    pieces = re.findall(r'("(?:[^"]|"")*"|)([,\n])', text)
    rows: list[list[str | None]] = [[]]
    for cell, end in pieces:
        rows[-1].append(cell[1:-1].replace('""', '"') if cell else None)
        if end == "\n":
            rows.append([])
    return rows[:-1]


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.error and not (TRINO and c.error.startswith("NOT_SUPPORTED"))],
    ids=label,
)
def test_a_client_gets_the_reason_of_a_failure(shared_athena, case: Case) -> None:
    try:
        reason = shared_athena.fails(case.query)
    except ClientError as error:
        reason = error.response["Error"]["Message"]
    assert reason.startswith(case.error.partition(":")[0] if TRINO else case.error)


def test_not_supported_names_the_construct() -> None:
    with pytest.raises(NotSupportedError) as caught:
        translate("SELECT word_stem('a')")
    assert caught.value.construct == "function word_stem"
    assert str(caught.value) == "NOT_SUPPORTED: function word_stem is not on the list of supported functions"


def test_the_golden_file_is_large_and_sourced() -> None:
    assert {c.sql for c in ALL} >= set(DIFFERENCES)
    answered = [c for c in ALL if not c.error]
    assert len(answered) >= 900
    assert sum(c.source.startswith(("source https://", "source Trino 476,")) for c in answered) >= 800
    assert all(c.source for c in ALL)
    assert len({c.error for c in ALL if c.error.startswith("NOT_SUPPORTED")}) >= 30
