"""Each fault as a client observes it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from bcb_mirror.errors import FaultError
from bcb_mirror.faults import Fault, FaultBook
from bcb_mirror.serving import Serving, serving
from bcb_mirror.synthetic_world import SyntheticWorld

FILE = "/rdrweb/rest/ext/ranking/arquivo?ano=2020&periodicidade=TRIMESTRAL&periodo=2&tipo=Bancos+e+financeiras"


@pytest.fixture(scope="module")
def served(world: SyntheticWorld) -> Iterator[Serving]:
    with serving(world) as running:
        yield running


@pytest.fixture
def faulty(served: Serving) -> Iterator[Serving]:
    """A mirror that starts without faults and with an empty log."""
    served.mirror.faults.clear()
    served.mirror.requests.clear()
    yield served
    served.mirror.faults.clear()


@pytest.fixture
def right(faulty: Serving) -> bytes:
    content = fetch(faulty).content
    faulty.mirror.requests.clear()
    return content


def fetch(mirror: Serving, timeout: float = 10) -> requests.Response:
    return requests.get(mirror.url + FILE, timeout=timeout)


def post(mirror: Serving, **fault: object) -> requests.Response:
    return requests.post(f"{mirror.url}/_mirror/faults", json=fault, timeout=10)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_status_is_followed_by_the_right_answer(faulty: Serving, right: bytes, status: int) -> None:
    post(faulty, kind="status", match="/arquivo", status=status, count=2).raise_for_status()
    answers = [fetch(faulty) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["Content-Type"] == "text/html;charset=UTF-8"
    assert answers[2].content == right


@pytest.mark.parametrize(("kind", "start"), [("html", b"<!DOCTYPE html>"), ("xml", b"<?xml")])
def test_an_error_page_with_status_200(faulty: Serving, kind: str, start: bytes) -> None:
    faulty.mirror.faults.add(Fault(kind))
    answer = fetch(faulty)
    assert (answer.status_code, answer.content[: len(start)]) == (200, start)
    assert kind in answer.headers["Content-Type"]


def test_slow_before_the_headers(faulty: Serving) -> None:
    faulty.mirror.faults.add(Fault("slow", seconds=30))
    with pytest.raises(requests.ReadTimeout):
        fetch(faulty, timeout=0.2)


def test_slow_within_the_body(faulty: Serving, right: bytes) -> None:
    faulty.mirror.faults.add(Fault("slow", byte_seconds=0.01))
    with requests.get(faulty.url + FILE, stream=True, timeout=10) as answer:
        pieces = [piece for _, piece in zip(range(20), answer.iter_content(1), strict=False)]
    assert b"".join(pieces) == right[:20]
    assert answer.headers["Content-Length"] == str(len(right))


def test_a_truncated_body_is_shorter_than_its_length(faulty: Serving, right: bytes) -> None:
    faulty.mirror.faults.add(Fault("truncated", keep=0.25))
    kept, missing = len(right) // 4, len(right) - len(right) // 4
    with requests.get(faulty.url + FILE, stream=True, timeout=10) as answer:
        assert answer.headers["Content-Length"] == str(len(right))
        assert answer.raw.read(kept, decode_content=False) == right[:kept]
    message = f"IncompleteRead\\({kept} bytes read, {missing} more expected\\)"
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=message):
        fetch(faulty)


def test_a_reset_connection(faulty: Serving, right: bytes) -> None:
    faulty.mirror.faults.add(Fault("reset", count=1))
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        fetch(faulty)
    assert fetch(faulty).content == right


def test_throttled_with_seconds_or_a_date(faulty: Serving) -> None:
    faulty.mirror.faults.add(Fault("throttled", seconds=3, count=1))
    faulty.mirror.faults.add(Fault("throttled", seconds=60, as_date=True))
    first, second = fetch(faulty), fetch(faulty)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    wait = parsedate_to_datetime(second.headers["Retry-After"]) - datetime.now(UTC)
    assert 50 < wait.total_seconds() <= 60


def test_an_empty_body(faulty: Serving) -> None:
    faulty.mirror.faults.add(Fault("empty"))
    answer = fetch(faulty)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "text/csv;charset=UTF-8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037"])
def test_a_wrong_encoding(faulty: Serving, right: bytes, encoding: str) -> None:
    faulty.mirror.faults.add(Fault("wrong_encoding", encoding=encoding))
    assert fetch(faulty).content == right.decode("cp1252").encode(encoding, "replace") != right


def test_a_fault_affects_only_matching_requests(faulty: Serving) -> None:
    post(faulty, kind="status", match=r"/arquivo\?.*periodo=3&").raise_for_status()
    assert fetch(faulty).status_code == 200
    assert requests.get(faulty.url + FILE.replace("periodo=2", "periodo=3"), timeout=10).status_code == 503
    requests.delete(f"{faulty.url}/_mirror/faults", timeout=10).raise_for_status()
    assert requests.get(f"{faulty.url}/_mirror/faults", timeout=10).json() == []


def test_a_rate_is_drawn_from_its_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        book = FaultBook()
        book.add(Fault("reset", rate=0.3, seed=seed))
        return [book.take("/x") is not None for _ in range(1_000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 250 < sum(drawn(1)) < 350


def test_skip_and_count_choose_the_middle() -> None:
    book = FaultBook()
    book.add(Fault("reset", skip=2, count=2))
    assert [book.take("/x") is not None for _ in range(6)] == [False, False, True, True, False, False]
    assert book.listed()[0]["played"] == 2


def test_the_request_log_counts_by_path(faulty: Serving) -> None:
    faulty.mirror.faults.add(Fault("status", count=1))
    fetch(faulty)
    fetch(faulty)
    log = requests.get(f"{faulty.url}/_mirror/requests", timeout=10).json()
    assert log["counts"] == {FILE.replace("+", " "): 2}
    assert [each["fault"] for each in log["recent"]] == ["status", None]
    assert requests.delete(f"{faulty.url}/_mirror/requests", timeout=10).json()["total"] == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            {"kind": "flood"},
            "fault kind 'flood' is unknown; known are status, html, xml, slow, truncated, reset, throttled, empty, "
            "wrong_encoding",
        ),
        ({"kind": "slow", "second": 1}, "fault parameter 'second' is unknown; known are kind, match, count, "),
        ({"kind": "slow", "seconds": "1"}, "fault parameter seconds is '1', and must be of the type float"),
        ({"kind": "status", "status": 200}, "fault parameter status is 200, and must be from 400 to 599"),
        ({"kind": "reset", "match": "("}, "fault parameter match '(' is not a regular expression: "),
        ({"kind": "reset", "count": 0}, "fault parameters skip 0 and count 0 must be at least 0 and 1"),
        ({"kind": "wrong_encoding", "encoding": "utf-0"}, "fault parameter encoding 'utf-0' is unknown to Python"),
        ({}, "a fault is a JSON object with kind and perhaps match, count, "),
    ],
)
def test_a_fault_that_cannot_be_played_is_refused(faulty: Serving, fault: dict[str, object], message: str) -> None:
    answer = post(faulty, **fault)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)
    assert requests.get(f"{faulty.url}/_mirror/faults", timeout=10).json() == []


def test_a_fault_created_in_python_is_refused_with_the_same_text() -> None:
    with pytest.raises(FaultError, match=re.escape("fault kind 'flood' is unknown; known are status, html,")):
        Fault("flood")


def test_a_stopping_mirror_does_not_wait_for_its_slow_answers(world: SyntheticWorld) -> None:
    with serving(world) as running:
        running.mirror.faults.add(Fault("slow", seconds=3000))
        with pytest.raises(requests.ReadTimeout):
            fetch(running, timeout=0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 30
