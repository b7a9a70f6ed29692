"""Error messages of the command line, which contain no secret."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cheroot.wsgi import Server
from credentials_of_tests import ATHENA_KEY, ATHENA_SECRET, PASSWORD

from metabase.provision.client import Client, Timeouts
from metabase.provision.errors import MetabaseRejectedError, MetabaseUnavailableError
from metabase.provision.session import wait_until_ready
from metabase.provision.target import target_from


@contextmanager
def answering(status: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Start a server that gives the same answer to everything; yield it and the requests it received."""
    seen: list[str] = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        start(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    server = Server(("127.0.0.1", 0), application, numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}", seen
    finally:
        server.stop()
        thread.join(10)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_wrong_password_is_reported_without_its_value(world: Any) -> None:
    world.environment["METABASE_ADMIN_PASSWORD"] = "wrong-and-secret"
    assert world.run("plan") == 1
    expected = f"error: {world.url}: the password of admin@example.com is not accepted; check METABASE_ADMIN_PASSWORD\n"
    assert world.err == expected


def test_a_wrong_api_key_is_reported_without_its_value(world: Any) -> None:
    world.environment["METABASE_API_KEY"] = "mb_wrong"
    assert world.run("plan") == 1
    assert world.err == f"error: {world.url}: METABASE_API_KEY is not accepted\n"


@pytest.mark.parametrize(("admin", "code"), [(True, 0), (False, 1)])
def test_an_api_key_must_be_an_admins(world: Any, admin: bool, code: int) -> None:
    world.state.data["api_keys"]["mb_key"] = admin
    world.environment["METABASE_API_KEY"] = "mb_key"
    assert world.run("plan") == code
    if not admin:
        problem = "the credentials are not an admin's; permissions and databases need one"
        assert world.err == f"error: {world.url}: {problem}\n"


def test_a_refused_connection(world: Any, free_port: int) -> None:
    world.url = f"http://127.0.0.1:{free_port}"
    assert world.run("plan") == 1
    why = f"GET /api/health: {world.url} refuses the connection; is Metabase running there?"
    assert world.err == f"error: {world.url}: Metabase is not ready after 0 s: {why}\n"


def test_a_page_instead_of_metabase(world: Any) -> None:
    with answering("200 OK", b"<html>Welcome</html>") as (url, _):
        world.url = url
        assert world.run("plan") == 1
    problem = f"{url} answers with a page; is METABASE_URL the address of Metabase itself?"
    assert world.err == f"error: GET /api/health: {problem}\n"


def test_another_service_that_speaks_json(world: Any) -> None:
    with answering("200 OK", b'{"status": "ok"}') as (url, _):
        world.url = url
        assert world.run("plan") == 1
    assert world.err == f"error: {url}: does not answer as Metabase does; check METABASE_URL\n"


def test_a_service_that_knows_no_health(world: Any) -> None:
    with answering("404 Not Found", b"nope") as (url, _):
        world.url = url
        assert world.run("plan") == 1
    problem = "does not answer as Metabase does (GET /api/health: HTTP 404, nope); check METABASE_URL"
    assert world.err == f"error: {url}: {problem}\n"


def test_a_redirect_is_not_followed(world: Any) -> None:
    with answering("301 Moved", b"", (("Location", "https://elsewhere/"),)) as (url, _):
        world.url = url
        assert world.run("plan") == 1
    problem = "redirects to https://elsewhere/; give METABASE_URL as it is served"
    assert world.err == f"error: GET /api/health: {problem}\n"


def test_a_metabase_that_is_still_starting_is_waited_for(world: Any) -> None:
    world.state.initialising = 3
    client = Client(world.url, timeouts=Timeouts(pause=0.01))

    assert wait_until_ready(client)["has-user-setup"]


def test_only_reading_is_repeated_after_a_5xx() -> None:
    timeouts = Timeouts(retries=2, backoff=0)
    with answering("502 Bad Gateway", b"<html>oops</html>") as (url, seen):
        client = Client(url, timeouts=timeouts)
        with pytest.raises(MetabaseUnavailableError, match=r"^GET /api/card: HTTP 502$"):
            client.get("/api/card")
        with pytest.raises(MetabaseUnavailableError, match=r"^POST /api/card: HTTP 502$"):
            client.post("/api/card", {})
    assert seen == ["GET /api/card"] * 3 + ["POST /api/card"]


def test_a_refusal_tells_what_metabase_said_and_masks_secrets() -> None:
    body = b'{"message": "cannot use hunter2-secret", "errors": {"details": "bad hunter2-secret"}}'
    with answering("400 Bad Request", body) as (url, _):
        client = Client(url, ["hunter2-secret"])
        with pytest.raises(MetabaseRejectedError) as caught:
            client.put("/api/database/1", {"details": {"secret_key": "hunter2-secret"}})
    assert str(caught.value) == "PUT /api/database/1: HTTP 400, cannot use ***; details: bad ***"


def test_an_athena_that_cannot_be_reached_is_told_with_its_reason(empty: Any) -> None:
    empty.state.connection_error = f"Access denied for {ATHENA_SECRET}"
    assert empty.run("apply") == 1
    reason = "HTTP 400, Access denied for ***; details: {'workgroup': 'check your settings'}"
    problem = f"Metabase cannot connect to Athena ({reason}); check region, workgroup, staging folder, role"
    assert empty.err == f"error: database: {problem}\n"


def test_a_card_that_does_not_run_fails_the_apply_although_the_answer_is_202(world: Any) -> None:
    world.state.failing["All sales"] = "COLUMN_NOT_FOUND: line 1:8: Column 'amount' cannot be resolved"
    assert world.run("apply") == 1
    problem = "sales/total: COLUMN_NOT_FOUND: line 1:8: Column 'amount' cannot be resolved"
    assert world.err == f"error: Lake: 1 card does not run: {problem}\n"
    assert world.run("apply", "--no-run-cards") == 0


def test_a_change_that_metabase_does_not_keep_is_an_error(world: Any) -> None:
    world.state.forgetful = True
    world.row("cards", "All sales")["name"] = "Something else"
    assert world.run("apply") == 1
    assert world.err.startswith("error: question 'total': Metabase accepted the change but returns something else: ")


def test_declared_tables_that_the_lake_lacks_fail_the_apply_unless_allowed(empty: Any) -> None:
    empty.state.lake = {}
    assert empty.run("apply") == 1
    problem = "1 declared tables do not exist: shops.sales; fill the lake first, or allow missing tables"
    assert empty.err == f"error: Lake: {problem}\n"
    assert empty.run("apply", "--allow-missing-tables") == 0
    assert empty.out == "note: tables that do not exist yet: shops.sales\n0 changes, 10 cards run\n"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("METABASE_URL", "", "METABASE_URL: is missing; give http(s)://host:port, without a user or password"),
        (
            "METABASE_URL",
            "http://admin:hunter2@metabase:3000",
            "METABASE_URL: is not http(s)://host:port, without a user or password",
        ),
        ("AWS_REGION", "Ireland", "AWS_REGION: is not a region such as eu-west-1"),
        (
            "METABASE_ATHENA_SECRET_KEY",
            "",
            "METABASE_ATHENA_ACCESS_KEY: is given together with METABASE_ATHENA_SECRET_KEY, or not",
        ),
        (
            "METABASE_ADMIN_PASSWORD",
            "",
            "METABASE_API_KEY: there are no credentials; give METABASE_API_KEY, or METABASE_ADMIN_EMAIL and "
            "METABASE_ADMIN_PASSWORD, or METABASE_SECRET, the name of a secret with the fields api_key, or email and "
            "password",
        ),
        ("METABASE_ATHENA_OPTIONS", "a b", "METABASE_ATHENA_OPTIONS: is not Name=value;Name=value"),
    ],
)
def test_settings_that_are_missing_or_wrong(world: Any, name: str, value: str, expected: str) -> None:
    world.environment[name] = value
    assert world.run("plan") == 1
    assert world.err == f"error: {expected}\n"


def test_no_secret_is_ever_printed(empty: Any) -> None:
    printed = ""
    for command in ("plan", "apply", "plan"):
        empty.run(command)
        printed += empty.out + empty.err
    empty.row("databases", "Lake")["details"].update(access_key="", secret_key="")
    for command in ("plan", "apply"):
        empty.run(command)
        printed += empty.out + empty.err
    assert 'details.secret_key: nothing -> "given"' in printed
    token = empty.state.setup_token
    assert [secret for secret in (PASSWORD, ATHENA_SECRET, ATHENA_KEY, token) if secret in printed] == []


def test_setting_up_needs_the_token_that_metabase_was_given(empty: Any) -> None:
    empty.environment["METABASE_SETUP_TOKEN"] = "not-the-token"
    assert empty.run("apply") == 1
    assert empty.err == "error: POST /api/setup: HTTP 400, token: Token does not match the setup token.\n"


def test_credentials_come_from_a_secret_by_its_name_and_show_in_no_text() -> None:
    asked: list[str] = []

    def read(name: str) -> dict[str, str]:
        asked.append(name)
        return {"email": "admin@example.com", "password": PASSWORD, "setup_token": "token-1"}

    environment = {
        "METABASE_URL": "http://metabase:3000",
        "METABASE_SECRET": "a/b",
        "AWS_REGION": "sa-east-1",
    }
    target = target_from(environment, read)
    assert asked == ["a/b"]
    assert (target.email, target.password, target.setup_token) == ("admin@example.com", PASSWORD, "token-1")
    assert PASSWORD not in repr(target)
    assert "token-1" not in repr(target)
