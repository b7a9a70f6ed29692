"""Each question's SQL on a lake of known rows, and rules that all question files follow."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlglot
from small_lake import STAR, TABLES
from small_lake_answers import EXPECTED
from sqlglot import exp

from estrela.model import Mart
from estrela.model.partition import column_of
from metabase.files import load
from metabase.model import Question
from metabase.preview.athena import Athena
from metabase.template import Value

SITE = load()
PARTITIONS = {
    table.name: tuple(map(column_of, table.partition_by))
    for table in (TABLES.files, TABLES.rejects, *map(TABLES.refined, STAR.tables))
}
COMPARED = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NEQ, exp.Between, exp.In)


def answer(athena: Athena, key: str, **values: Value) -> list[tuple[Any, ...]]:
    question = SITE.question(key)
    return [tuple(row.values()) for row in athena.ask(key, question.query(values)).rows]


@pytest.mark.parametrize("key", sorted(EXPECTED))
def test_a_question_gives_the_numbers_of_its_rows(small_athena: Athena, key: str) -> None:
    assert answer(small_athena, key) == EXPECTED[key]


def test_every_question_is_expected() -> None:
    assert {question.key for question in SITE.questions} == EXPECTED.keys()


@pytest.mark.parametrize("quarter", ["2023T3", "2024T1", "2024T2", "2024T3"])
def test_upheld_has_one_definition(small_athena: Athena, quarter: str) -> None:
    ranking = small_athena.ask("ranking", SITE.question("ranking").query({"period": quarter})).rows
    [*_, tile] = small_athena.ask("kpi", SITE.question("kpi_upheld").query({"period": quarter})).rows
    [*_, share] = small_athena.ask("kpi", SITE.question("kpi_upheld_share").query({"period": quarter})).rows
    upheld, complaints = (sum(row[column] for row in ranking) for column in ("upheld", "complaints"))
    assert (tile["quarter_code"], tile["upheld"]) == (quarter, upheld)
    assert share["upheld_share"] == upheld / complaints


def test_an_index_over_few_clients_is_withheld_with_the_reason(small_athena: Athena) -> None:
    rows = small_athena.ask("ranking", SITE.question("ranking").query({"period": "2023T3"})).rows
    indexes = [(row["institution_name"], row["clients"], row["index_per_million"], row["index_note"]) for row in rows]
    assert indexes == [
        ("GAMA", 1, None, "fewer than 1,000 clients"),
        ("ALFA", 1_000_000, Decimal("10.00"), None),
        ("BETA VELHO", 500_000, Decimal("16.00"), None),
    ]
    assert answer(small_athena, "kpi_index", period="2023T3", institution="GAMA (conglomerado)")[-1][2] is None


def test_a_placeholder_is_marked_and_left_out_of_statistics(small_athena: Athena) -> None:
    [_, marked] = answer(small_athena, "bank_fees", bank="BANCO DELTA LTDA.")
    assert marked[4:9] == (
        Decimal("99999.99"), None, "Por Evento", "A cada 0 dias",
        "99,999.99 looks like a placeholder, not a price; every 0 days looks like a placeholder, not an interval",
    )  # fmt: skip
    drawn = answer(small_athena, "service_across_banks", service="Anuidade")
    assert [(row[0], row[3], row[4]) for row in drawn] == [("BANCO ALFA S.A.", 3, 1), ("BANCO VIP S.A.", 3, 1)]


def test_a_title_names_its_population() -> None:
    named = {key: SITE.question(key).title for key in ("highest_index", "most_free_services", "mostly_free_services",
                                                       "services_complaints")}  # fmt: skip
    assert named == {
        "highest_index": "Highest index of complaints among the top group",
        "most_free_services": "Banks with the most free services, among those with a fee table",
        "mostly_free_services": "Services most often free, among those with at least five entries",
        "services_complaints": "Complaints against number of services, for banks with a fee table",
    }


@pytest.mark.parametrize("question", SITE.questions, ids=lambda question: question.key)
def test_an_answer_has_the_declared_columns_and_no_other(small_athena: Athena, question: Question) -> None:
    reply = small_athena.ask(question.key, question.query({}))
    assert sorted(reply.columns) == sorted(column.name for column in question.columns)


def test_a_quarter_can_be_chosen(small_athena: Athena) -> None:
    assert answer(small_athena, "most_complaints", period="2024T1") == [
        ("ALFA", 120, 0.6, "2024T1"),
        ("BETA VELHO", 60, 0.3, "2024T1"),
        ("GAMA", 20, 0.1, "2024T1"),
    ]


def test_a_mart_shows_the_completeness_of_each_period(small_athena: Athena) -> None:
    shown = small_athena.ask("mart", "SELECT DISTINCT quarter_code, completeness FROM banking.mart_bank_quarter").rows
    completeness = {row["quarter_code"]: row["completeness"] for row in shown}
    assert completeness == {"2023T3": 1, "2024T1": 1, "2024T2": 1, "2024T3": 0.9}
    both = small_athena.ask("mart", "SELECT min(completeness) AS c FROM banking.mart_services_complaints").rows
    assert both == ({"c": 0.9},)


def test_a_segment_narrows_what_is_shown_and_not_what_it_is_a_share_of(small_athena: Athena) -> None:
    assert answer(small_athena, "most_complaints", segment="S1") == [("ALFA", 400, 0.32, "2024T3")]
    assert answer(small_athena, "services_complaints", segment="S1") == [("ALFA", 3, 400, 0.32, "2024T3", 0.32)]


def test_an_institution_brings_its_history_under_former_names(small_athena: Athena) -> None:
    history = answer(small_athena, "complaints_by_quarter", institution="<BETA> & D'OR")
    assert [(row[0], row[2]) for row in history] == [
        ("2023T3", 40), ("2023T4", None), ("2024T1", 60), ("2024T2", 300), ("2024T3", 600),
    ]  # fmt: skip


def test_a_change_is_never_measured_across_the_break_of_method(small_athena: Athena) -> None:
    assert [row[1] for row in answer(small_athena, "kpi_complaints", period="2024T2")] == ["2024T2"]
    assert [row[1] for row in answer(small_athena, "kpi_complaints", period="2024T1")] == ["2023T3", "2024T1"]
    assert [row[1] for row in answer(small_athena, "ranking", period="2024T2")] == [None, None]


def test_a_person_type_and_a_bank_narrow_the_fees(small_athena: Athena) -> None:
    assert answer(small_athena, "fee_entries", person_type="F") == [(1,)]
    assert [row[2] for row in answer(small_athena, "bank_fees", bank="BANCO VIP S.A.")] == ["0101", "0201"]
    assert answer(small_athena, "service_across_banks", service="Cadastro", person_type="F") == [
        ("BANCO ALFA S.A.", 50, "Cadastro", 1, 0, "Por Evento", "2020-01-01"),
    ]


def partitioned_reads(question: Question) -> Iterator[tuple[str, str, set[str]]]:
    """Yield table, partition column, and the columns with that name that a question uses in a comparison."""
    tree = sqlglot.parse_one(question.query({}), read="athena")
    compared = {
        column.sql() for test in tree.find_all(*COMPARED) for column in test.find_all(exp.Column)
    }  # fmt: skip
    for table in tree.find_all(exp.Table):
        for column in PARTITIONS.get(table.name, ()):
            alias = table.alias
            yield table.name, column, compared & {f"{alias}.{column}" if alias else column}


@pytest.mark.parametrize("question", SITE.questions, ids=lambda question: question.key)
def test_a_partitioned_table_is_read_by_its_partition(question: Question) -> None:
    assert [f"{table}.{column}" for table, column, compared in partitioned_reads(question) if not compared] == []


@pytest.mark.parametrize("mart", STAR.marts, ids=lambda mart: mart.name)
def test_a_mart_with_a_partition_column_is_read_by_it(mart: Mart) -> None:
    columns = {column.name for column in mart.columns} & {"quarter_code", "snapshot_date"}
    if not columns:
        pytest.skip(f"{mart.name} shows no partition column")
    for question in SITE.questions:
        tree = sqlglot.parse_one(question.query({}), read="athena")
        if mart.name in {table.name for table in tree.find_all(exp.Table)}:
            compared = {column.name for test in tree.find_all(*COMPARED) for column in test.find_all(exp.Column)}
            assert columns & compared, f"{question.file} reads all partitions of {mart.name}"


def test_every_question_is_on_a_dashboard_or_offers_choices() -> None:
    shown = {card.question for dashboard in SITE.dashboards for card in dashboard.cards}
    offered = {parameter.values_question for dashboard in SITE.dashboards for parameter in dashboard.filters}
    assert {question.key for question in SITE.questions} == (shown | offered) - {""}


def test_the_mission_comes_first() -> None:
    complaints = next(dashboard for dashboard in SITE.dashboards if dashboard.key == "complaints")
    questions = [card.question for card in complaints.cards if card.question]
    assert questions[:3] == ["services_complaints", "most_complaints", "most_free_services"]


def test_a_series_of_quarters_marks_the_break() -> None:
    over_time = [question for question in SITE.questions if question.x == "quarter_code"]
    assert [question.key for question in over_time if "2024T2" not in {mark.x for mark in question.marks}] == []
    assert len(over_time) >= 2
