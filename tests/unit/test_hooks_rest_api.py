"""RestApiHook with a real HTTP server that misbehaves on request."""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from estrela.errors import (
    DefinitionError,
    ExtractError,
    SourceChangedError,
    SourceRejectedError,
    SourceUnavailableError,
)
from estrela.hooks.answer import Answer, fault_of, seconds_to_wait
from estrela.hooks.body import Body
from estrela.hooks.http_policy import HttpPolicy
from estrela.hooks.paginators import at_path, paginator_of
from estrela.hooks.request import Request
from estrela.hooks.rest_api import RestApiHook
from estrela.model.paging import CursorPages, LinkedPages, NumberedPages, ODataPages, OffsetPages, OnePage, Paging

Reply = Callable[[BaseHTTPRequestHandler], None]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUICK = HttpPolicy(read_timeout=0.4, deadline=20, attempts=3, concurrency=4, give_up_after=5)


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def raw_reply(head: str, body: bytes = b"", pause: float = 0.0) -> Reply:
    """Return a reply that sends these bytes and then closes the connection."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head.replace("\n", "\r\n").encode() + body)
        handler.wfile.flush()
        time.sleep(pause)
        handler.close_connection = True

    return send


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte every 50 ms: no read timeout occurs, and the answer never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    for _ in range(60):
        handler.wfile.write(b"[")
        time.sleep(0.05)


class Service(ThreadingHTTPServer):
    """Answers with ``script`` in turn, repeating its last reply; ``seen`` contains path and header fields."""

    daemon_threads = True

    def __init__(self) -> None:
        self.script: list[Reply] = [reply()]
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: in many tests the client closes the connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.seen.append((self.path, dict(self.headers)))
            script = self.server.script
            send = script.pop(0) if len(script) > 1 else script[0]
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        try:
            send(self)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def naps() -> list[float]:
    """The pauses that the hook would have made, in seconds."""
    return []


@pytest.fixture
def hook(service: Service, naps: list[float]) -> Iterator[RestApiHook]:
    with RestApiHook("fees", service.url, policy=QUICK, sleep=naps.append) as client:
        yield client


PAIR = ODataPages(2)
PAIRS = paginator_of(PAIR, "value")
FEES = Request("odata/Fees", {"$format": "json"})
BROKEN: dict[str, tuple[Reply, str]] = {
    "500": (reply(500), "HTTP 500"),
    "503": (reply(503), "HTTP 503"),
    "504": (reply(504), "HTTP 504"),
    "429": (reply(429), "HTTP 429"),
    "html": (reply(200, b"\n <!DOCTYPE html><html>busy</html>"), "an HTML or XML page instead of data with HTTP 200"),
    "xml": (reply(200, b'\xef\xbb\xbf<?xml version="1.0"?><e/>'), "an HTML or XML page instead of data with HTTP 200"),
    "empty": (reply(200, b"\xef\xbb\xbf\r\n"), "an empty body with HTTP 200"),
    "half JSON": (reply(200, b'{"value": [{"a": 1}, {"b'), "broken or truncated JSON with HTTP 200"),
    "short body": (raw_reply("HTTP/1.1 200 OK\nContent-Length: 99\n\n", b"{}"), "the body was truncated"),
    "short chunk": (raw_reply("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", b"9\r\n{}"), "the body was truncated"),
    "silent": (raw_reply("", pause=1.0), "timed out"),
    "reset": (raw_reply(""), "the connection failed (ConnectionError)"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_that_passes_is_retried(service: Service, hook: RestApiHook, naps: list[float], fault: str) -> None:
    service.script = [BROKEN[fault][0], reply(200, b'{"value": []}')]
    assert hook.get(FEES).body.read() == b'{"value": []}'
    assert len(naps) == 1


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_that_stays_is_reported_with_its_reason(service: Service, hook: RestApiHook, fault: str) -> None:
    service.script, reason = [BROKEN[fault][0]], BROKEN[fault][1]
    with pytest.raises(SourceUnavailableError) as caught:
        hook.get(FEES)
    url = f"{service.url}/odata/Fees?$format=json"
    assert str(caught.value) == f"fees: {url}: {reason}; gave up after 3 of 3 attempts"
    assert len(service.seen) == 3


def test_no_listener_is_unavailable(naps: list[float]) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
        port = taken.server_address[1]
    with pytest.raises(SourceUnavailableError, match=r"the connection failed \(ConnectionError\); gave up"):
        RestApiHook("fees", f"http://127.0.0.1:{port}", policy=QUICK, sleep=naps.append).get(FEES)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_retried_and_says_what_the_service_said(
    service: Service, hook: RestApiHook, status: int
) -> None:
    service.script = [reply(status, b"URI is malformed")]
    with pytest.raises(SourceRejectedError) as caught:
        hook.get(FEES)
    url = f"{service.url}/odata/Fees?$format=json"
    assert str(caught.value) == f"fees: {url}: HTTP {status}, URI is malformed"
    assert (caught.value.status, len(service.seen)) == (status, 1)


def test_no_content_is_an_answer(service: Service, hook: RestApiHook) -> None:
    service.script = [raw_reply("HTTP/1.1 204 No Content\n\n")]
    assert hook.get(FEES).is_absent


def test_bytes_of_a_file_arrive_as_they_are(service: Service, hook: RestApiHook) -> None:
    body = "Ano;Índice \u2013 x\r\n".encode("cp1252")
    service.script = [reply(200, gzip.compress(body), Content_Encoding="gzip", Content_Type="text/csv;charset=UTF-8")]
    assert hook.get(FEES, "text").body.read() == body


def test_the_service_decides_how_long_to_wait(service: Service, hook: RestApiHook, naps: list[float]) -> None:
    service.script = [reply(429, Retry_After="7"), reply()]
    hook.get(FEES)
    assert naps == [7.0]


def test_a_wait_beyond_the_limit_ends_the_retries_and_is_handed_on(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(503, Retry_After="3600")]
    with pytest.raises(
        SourceUnavailableError, match="1 of 3 attempts; the service asks clients to wait 3600 s"
    ) as caught:
        hook.get(FEES)
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_to_wait(text, NOW) == seconds


def test_pauses_grow_and_carry_jitter(service: Service, naps: list[float]) -> None:
    service.script = [reply(500)]
    policy = HttpPolicy(attempts=8, first_backoff=1, longest_backoff=8)
    with pytest.raises(SourceUnavailableError):
        RestApiHook("fees", service.url, policy=policy, sleep=naps.append).get(FEES)
    assert all(0 <= nap <= ceiling for nap, ceiling in zip(naps, [1, 2, 4, 8, 8, 8, 8], strict=True))
    assert len(set(naps)) == 7


def test_a_drip_feed_ends_at_the_deadline(service: Service) -> None:
    service.script = [drip]
    hook = RestApiHook("fees", service.url, policy=HttpPolicy(read_timeout=2, deadline=0.3))
    with pytest.raises(SourceUnavailableError, match=r"not complete within 0\.3 s; gave up after 1 of 5 attempts"):
        hook.get(FEES)


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip"}])
def test_a_body_without_end_is_cut_off(service: Service, headers: dict[str, str]) -> None:
    body = gzip.compress(bytes(10**6)) if headers else bytes(10**6)
    service.script = [reply(200, body, **headers)]
    hook = RestApiHook("fees", service.url, policy=HttpPolicy(largest_body=2000))
    with pytest.raises(SourceChangedError, match="expected at most 2,000 bytes, received a larger body"):
        hook.get(FEES)


def test_odata_pages_end_with_a_short_one(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(200, b'{"value":[1,2]}'), reply(200, b'{"value":[3,4]}'), reply(200, b'{"value":[5]}')]
    answers = hook.pages(FEES, PAIRS)
    assert [answer.body.read() for answer, _ in answers] == [b'{"value":[1,2]}', b'{"value":[3,4]}', b'{"value":[5]}']
    assert [path.partition("&")[2] for path, _ in service.seen] == [f"$top=2&$skip={skip}" for skip in (0, 2, 4)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"value":[1,2]}', "expected page 2, received page 1 again"),
        (b'{"value":[1,2,3]}', "expected at most 2 rows, received a page of 3 rows"),
        (b'{"error":"x"}', """expected {"value": [...]}, received {'error': 'x'}"""),
        (b"[1]", """expected {"value": [...]}, received [1]"""),
    ],
)
def test_pages_of_another_shape_are_a_changed_source(
    service: Service, hook: RestApiHook, body: bytes, message: str
) -> None:
    service.script = [reply(200, body)]
    with pytest.raises(SourceChangedError) as caught:
        list(hook.pages(FEES, PAIRS))
    assert str(caught.value).endswith(message)


def test_many_requests_run_at_once_but_never_more_than_allowed(service: Service, hook: RestApiHook) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.05)
        reply()(handler)

    service.script = [slow]
    wanted = [Request(f"bank/{number}") for number in range(20)]
    assert sorted(request.path for request, _ in hook.gather(wanted, hook.get)) == sorted(
        request.path for request in wanted
    )
    assert 2 <= service.most_busy <= 4


def test_one_failure_does_not_hide_the_other_answers(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(400), reply()]
    results = [result for _, result in hook.gather([Request(str(number)) for number in range(4)], hook.get)]
    assert sum(isinstance(result, SourceRejectedError) for result in results) == 1
    assert sum(isinstance(result, Answer) for result in results) == 3


def test_a_dead_service_is_not_asked_for_ever(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(404)]
    results = [result for _, result in hook.gather([Request(str(number)) for number in range(60)], hook.get)]
    assert all(isinstance(result, ExtractError) for result in results)
    assert "fees: not sent, because 5 requests in a row failed" in map(str, results)
    assert len(service.seen) <= 5 + QUICK.concurrency


class Key(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Api-Key"] = "hunter2"
        return request


def test_a_credential_is_sent_but_never_told_or_carried_elsewhere(service: Service) -> None:
    service.script = [reply(302, Location="http://elsewhere.test/"), reply(401, b"hunter2 is not a key")]
    hook = RestApiHook("fees", service.url, auth=Key())
    for status in (302, 401):
        with pytest.raises(SourceRejectedError, match=f"HTTP {status}$"):
            hook.get(FEES)
    assert service.seen[0][1]["X-Api-Key"] == "hunter2"


def test_the_client_says_who_it_is_and_keeps_its_connection(service: Service, hook: RestApiHook) -> None:
    hook.get(FEES)
    assert service.seen[0][1]["User-Agent"].startswith("estrela ")


def test_odata_parameters_travel_readable() -> None:
    request = Request("odata/Fees(CNPJ=@CNPJ)", {"@CNPJ": "'00000000'", "$top": "100", "tipo": "Bancos e financeiras"})
    assert request.url("https://x/v1/") == (
        "https://x/v1/odata/Fees(CNPJ=@CNPJ)?@CNPJ='00000000'&$top=100&tipo=Bancos%20e%20financeiras"
    )


def test_a_base_url_is_a_web_address() -> None:
    with pytest.raises(DefinitionError) as caught:
        RestApiHook("fees", "ftp://x")
    assert str(caught.value) == "fees: base URL 'ftp://x' is not a web address; allowed: https://..., http://..."


def records(*numbers: int, **more: object) -> bytes:
    return json.dumps({"value": [{"code": number} for number in numbers], **more}).encode()


def codes(hook: RestApiHook, paging: Paging = PAIR, path: str = "value") -> list[int]:
    """Return the codes on all pages of one answer."""
    pages, _ = hook.whole(FEES, lambda answer: json.loads(answer.body.read()), paginator_of(paging, path))
    contents = [at_path(page, path) for page in pages]
    return [record["code"] for page in contents for record in page]


def test_an_order_that_changes_between_pages_loses_no_record(service: Service, hook: RestApiHook) -> None:
    """The second page repeats record 1 instead of record 3: all pages are read again until they fit together."""
    moved = [reply(200, records(1, 2)), reply(200, records(1, 4)), reply(200, records(5))]
    right = [reply(200, records(1, 2)), reply(200, records(3, 4)), reply(200, records(5))]
    service.script = [*moved, *right]
    assert codes(hook) == [1, 2, 3, 4, 5]


def test_an_order_that_keeps_changing_is_refused(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(200, records(n, 2) if n % 3 else records(2)) for n in range(1, 13)]
    with pytest.raises(SourceUnavailableError) as caught:
        codes(hook)
    assert str(caught.value) == (
        f"fees: {service.url}/odata/Fees?$format=json: 2 records are on two pages, so the order changed between pages, "
        "in each of 4 readings; declare order_by or larger pages"
    )


def test_equal_records_are_kept_if_the_order_is_stable(service: Service, hook: RestApiHook) -> None:
    twice = [reply(200, records(1, 1)), reply(200, records(1, 4)), reply(200, records())]
    service.script = [*twice, *twice]
    assert codes(hook) == [1, 1, 1, 4]
    assert len(service.seen) == 6


@pytest.mark.parametrize("stated", [4, "4"])
def test_a_count_that_does_not_fit_is_read_again_and_then_refused(
    service: Service, hook: RestApiHook, stated: object
) -> None:
    count = {"@odata.count": stated}
    short = [reply(200, records(1, 2, **count)), reply(200, records(3, **count))]
    service.script = [
        *short,
        reply(200, records(1, 2, **count)),
        reply(200, records(3, 4, **count)),
        reply(200, records()),
    ]
    assert codes(hook) == [1, 2, 3, 4]
    service.script = short * 4
    with pytest.raises(
        SourceUnavailableError, match="3 records were received, but the service counts 4, in each of 4 readings"
    ):
        codes(hook)


def test_odata_asks_for_order_and_count_as_declared(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(200, records(1))]
    codes(hook, ODataPages(2, order_by=("code", "day"), count=True))
    assert service.seen[0][0].partition("&")[2] == "$top=2&$skip=0&$orderby=code,day&$count=true"


@pytest.mark.parametrize("absolute", [True, False])
def test_a_next_link_is_followed_and_comes_before_skip(service: Service, hook: RestApiHook, absolute: bool) -> None:
    link = f"{service.url if absolute else ''}/odata/Fees?$skiptoken=7%2C8"
    linked = records(1, **{"@odata.nextLink": link})
    service.script = [reply(200, linked), reply(200, records(2)), reply(200, records(3))]
    assert codes(hook) == [1, 2, 3]
    # The links end after $top records; the rest is requested with $skip.
    assert [path for path, _ in service.seen][1:] == [
        "/odata/Fees?$skiptoken=7%2C8", "/odata/Fees?$format=json&$top=2&$skip=2"
    ]  # fmt: skip
    service.script = [reply(200, linked), reply(200, records(2, 3))]
    assert codes(hook) == [1, 2, 3]


def test_a_next_link_to_an_undeclared_host_is_refused(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(200, records(1, **{"@odata.nextLink": "https://was-p.bcnet.bcb.gov.br/Fees?$skip=1"}))]
    with pytest.raises(SourceRejectedError) as caught:
        codes(hook)
    assert str(caught.value) == (
        f"fees: the host of https://was-p.bcnet.bcb.gov.br/Fees?$skip=1 is not declared; declared: {service.url}"
    )


def page(*numbers: int, **more: object) -> Reply:
    """Return a page whose records are at the path data.items."""
    return reply(200, json.dumps({"data": {"items": [{"code": number} for number in numbers]}, **more}).encode())


PAGINGS: dict[str, tuple[Paging, list[Reply], list[str]]] = {
    "offset": (OffsetPages(2), [page(1, 2), page(3)], ["limit=2&offset=0", "limit=2&offset=2"]),
    "numbers": (NumberedPages(), [page(1, 2), page(3), page()], ["page=1", "page=2", "page=3"]),
    "numbers and size": (NumberedPages(2, "p", "n", 0), [page(1, 2), page(3)], ["p=0&n=2", "p=1&n=2"]),
    "cursor": (CursorPages("after", "meta.next"), [page(1, meta={"next": "x y"}), page(2, 3)], ["", "after=x%20y"]),
    "link": (LinkedPages("next"), [page(1, 2, next="/more?k=1"), page(3, next=None)], ["", "/more?k=1"]),
    "one page": (OnePage(), [page(1, 2, 3)], [""]),
}


@pytest.mark.parametrize("kind", PAGINGS)
def test_an_api_pages_as_declared(service: Service, hook: RestApiHook, kind: str) -> None:
    paging, service.script, asked = PAGINGS[kind]
    assert codes(hook, paging, "data.items") == [1, 2, 3]
    assert [path.partition("format=json")[2].removeprefix("&") or path for path, _ in service.seen] == [
        query or "/odata/Fees?$format=json" for query in asked
    ]


def test_a_link_header_leads_to_the_next_page(service: Service, hook: RestApiHook) -> None:
    service.script = [
        reply(200, b'[{"code": 1}]', Link='</x?p=2>; rel="next", </x?p=9>; rel="last"'),
        reply(200, b'[{"code": 2}]'),
    ]
    pages, reading = hook.whole(FEES, lambda answer: answer.url, paginator_of(LinkedPages(), ""))
    assert pages == [f"{service.url}/odata/Fees?$format=json", f"{service.url}/x?p=2"]
    assert reading.records == 2


def test_a_redirect_stays_on_declared_hosts(service: Service, hook: RestApiHook) -> None:
    service.script = [
        reply(302, Location="/elsewhere"),
        reply(200, b"[1]"),
        reply(302, Location="http://169.254.169.254/"),
    ]
    assert hook.get(FEES).body.read() == b"[1]"
    with pytest.raises(SourceRejectedError) as caught:
        hook.get(FEES)
    assert str(caught.value) == f"fees: the host of http://169.254.169.254/ is not declared; declared: {service.url}"
    assert len(service.seen) == 3


def test_a_redirect_leads_to_another_host_that_is_declared(service: Service) -> None:
    with Service() as other:
        threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
        service.script, other.script = [reply(301, Location=f"{other.url}/f")], [reply(200, b"[2]")]
        with RestApiHook("fees", service.url, hosts=[other.url]) as hook:
            assert hook.get(FEES).body.read() == b"[2]"
            assert hook.get(hook.request(f"{other.url}/g?a=1", {"b": "2"})).url == f"{other.url}/g?a=1&b=2"
        other.shutdown()


def test_redirects_end(service: Service, hook: RestApiHook) -> None:
    service.script = [reply(302, Location="/again")]
    with pytest.raises(SourceRejectedError, match=r"/again redirects in a loop$"):
        hook.get(FEES)


def test_a_stand_in_answers_for_every_host(service: Service) -> None:
    with RestApiHook("fees", service.url, stands_in=True) as hook:
        hook.get(hook.request("https://www3.bcb.gov.br/rdrweb?x=1"))
    assert service.seen[0][0] == "/rdrweb?x=1"


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        (b'{"value": [{"a": "}]\\" [{"}]}', True),
        (b'{"value": [{"a": "x', False),
        (b'{"value": [{"a": 1}', False),
        (b'{"value": [1]}]', False),
    ],
)
def test_a_json_body_too_large_to_parse_must_be_closed(
    text: bytes, sound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estrela.hooks.answer.PARSED_WHOLE", 1)
    for chunk in (3, 1 << 20):
        monkeypatch.setattr("estrela.hooks.body.CHUNK", chunk)
        assert fault_of(Body.of(text), "json") == ("" if sound else "broken or truncated JSON")


def test_a_large_body_that_comes_fast_enough_may_outlast_the_deadline(service: Service) -> None:
    def steady(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(10):
            handler.wfile.write(b"x" * 100_000)
            time.sleep(0.2)

    service.script = [steady]
    hook = RestApiHook("fees", service.url, policy=HttpPolicy(read_timeout=30, deadline=1.5, slowest=100_000))
    assert hook.get(FEES, "text").body.size == 1_000_000
