"""Numbers and texts of JSON answers reach the parsers with exactly the characters that were sent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from reading import fields, read

from estrela.model import ApiSource, Date, Download, Number, Text

NUMBERS = {
    "1.5": "1.50", "10000000.00": "10000000.00", "12345678.90": "12345678.90", "100000000": "100000000.00",
    "1234567890123456.78": "1234567890123456.78", "0.0001": None, "0.00": "0.00", "-1.5": "-1.50", '"2.50"': "2.50",
    '"1,234.50"': None, "1E3": None, "NaN": None, "9007199254740993.00": "9007199254740993.00", "true": None,
    "[1]": None,
}  # fmt: skip
NOT_JSON = "the file is refused: it is not valid JSON in UTF-8 with an array 'value'"


def api_source(**options: object) -> ApiSource:
    described = {"name": "fees", "doc": "Fees", "entity": "fees", "origin": Download("https://x/fees.json")}
    return ApiSource(**(described | fields(code=Text(trim=False), price=Number(".")) | options))  # type: ignore[arg-type]


def body(*records: str) -> bytes:
    return ('{"@context": 1.0E5, "value" : [' + ",\n".join(records) + "]}").encode()


def test_a_number_has_the_digits_that_were_sent(spark: SparkSession, tmp_path: Path) -> None:
    records = [f'{{"code": "{at}", "price": {number}}}' for at, number in enumerate(NUMBERS)]
    outcome = read(spark, tmp_path, api_source(), body(*records))

    good = {row["code"]: str(row["price"]) for row in outcome.rows}
    assert good == {str(at): value for at, value in enumerate(NUMBERS.values()) if value is not None}
    assert [line for line, *_ in outcome.reasons()] == [
        at for at, value in enumerate(NUMBERS.values(), start=1) if value is None
    ]


@pytest.mark.parametrize(
    "text",
    [
        'a "quoted" 1.50: 2', "back\\slash \\", '\\"5', ": 5", '",":7.0', "1.0E7", "emoji \U0001f600 é", "tab\t\nline",
        "null", "-3", "\u2028", "é" * 5000 + '"\\' * 5000,
    ],
)  # fmt: skip
def test_a_text_is_kept_with_quotes_escapes_and_digits(spark: SparkSession, tmp_path: Path, text: str) -> None:
    records = [json.dumps({"code": text, "price": 1.25}, ensure_ascii=escaped) for escaped in (True, False)]
    outcome = read(spark, tmp_path, api_source(), body(*records))
    assert outcome.values("code", "price") == [(text, Decimal("1.25"))] * 2


def test_a_number_is_a_text_as_it_was_sent(spark: SparkSession, tmp_path: Path) -> None:
    outcome = read(spark, tmp_path, api_source(), body('{"code": 1.50, "price": 1}'))
    assert outcome.values("code") == ["1.50"]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("data.items", '{"data": {"n": 1, "items": [%s]}, "paging": {"next": 2.5}}'),
        ("items", '{"items": [%s]}'),
        ("", "[%s]"),
    ],
)
def test_records_are_at_a_dotted_path_or_are_the_document(
    spark: SparkSession, tmp_path: Path, path: str, document: str
) -> None:
    good, other = '{"code": "1", "price": 10000000.00}', {"data.items": "[]", "items": "{}", "": '{"items": []}'}[path]
    outcome = read(spark, tmp_path, api_source(records=path), (document % good).encode(), other.encode())
    assert outcome.values("code", "price") == [("1", Decimal("10000000.00"))]
    where = f"with an array {path!r}" if path else "that is an array"
    assert [reason for *_, reason in outcome.reasons()] == [
        f"the file is refused: it is not valid JSON in UTF-8 {where}"
    ]


def test_dates_in_another_form_are_rejects_not_failures(spark: SparkSession, tmp_path: Path) -> None:
    texts = ["2020-01-01", "2020-02-30", "2020-01-01T00:00:00", "01/02/2020", "20200-01-01", "2020-1-1"]
    records = [json.dumps({"code": str(at), "since": text}) for at, text in enumerate(texts)]
    outcome = read(spark, tmp_path, api_source(**fields(code=Text(), since=Date())), body(*records))

    assert outcome.values("code") == ["0"]
    assert outcome.reasons()[0] == (2, "since", "2020-02-30", "a date yyyy-MM-dd is allowed")
    assert len(outcome.rejects) == 5


@pytest.mark.parametrize(
    "content",
    [
        b"<html>busy</html>", b'{"other": []}', b'{"value": {"code": "1"}}', b'{"value": [{"code": "1"}, {"code": "2',
        b'{"value": [{"code": "1"}]} {"value": [{"code": "2"}]}', b'{"value": [{"code": "1"}]}<!-- cut -->',
        '{"value": [{"code": "S\xc3O"}]}'.encode("cp1252"), b'{"value": [{"code": "\x01"}]}',
    ],
)  # fmt: skip
def test_an_answer_that_is_not_json_with_records_is_refused(
    spark: SparkSession, tmp_path: Path, content: bytes
) -> None:
    outcome = read(spark, tmp_path, api_source(), content)
    assert outcome.rows == []
    assert [(line, reason) for line, _, _, reason in outcome.reasons()] == [(1, NOT_JSON)]


def test_empty_answers_have_no_rows_and_a_byte_order_mark_is_no_text(spark: SparkSession, tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbf" + body('{"code": "1", "price": 2}')
    outcome = read(spark, tmp_path, api_source(), body(), marked, b"")
    assert outcome.values("code", "price") == [("1", Decimal("2.00"))]
    assert (outcome.rejects, outcome.refused) == ([], ["the file is empty"])
