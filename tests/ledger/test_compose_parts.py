"""What Docker Compose's one-shot of the feeds deploys and delivers, and the page of e-mails."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from credentials_of_tests import PASSWORD
from fake_metabase import State, serving
from sqlalchemy import URL, make_url

from dataharvest.database.schema import migrate
from demo.compose_warehouse import SENDER, start
from demo.harvest_database import SECRET as DATAHARVEST_SECRET
from demo.harvest_database import emptied, url_of
from demo.mailbox import server as mail_server
from demo.warehouse_deployment import LANDING, SECRETS
from estrela.hooks.database import DatabaseManager
from estrela.hooks.mail import Mail
from estrela.hooks.secret import Secret
from localaws.running import Running, running
from metabase.cli import main as metabase
from metabase.preview.postgres import Postgres

ROOT = Path(__file__).parents[2]
FILES = "SELECT feed, count(*) AS files, sum(events_seen) AS events FROM ledger.files GROUP BY feed ORDER BY feed"
DELIVERIES = "SELECT count(*) AS n FROM dataharvest.delivery"
DELIVERED = [("branches", 3, 3), ("card_settlements", 6, 6)]


@pytest.fixture(scope="module")
def aws() -> Iterator[Running]:
    """A server of its own: the buckets and secrets have the names of the stack."""
    with running() as server:
        yield server


@pytest.fixture
def environ(warehouse_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of the one-shot; both databases are of one server."""
    url = make_url(warehouse_url)
    (tmp_path / "ca.pem").write_text("an authority")
    return {
        "WAREHOUSE_URL": url.set(password=None).render_as_string(),
        "WAREHOUSE_PASSWORD": str(url.password),
        "CORE_URL": url.set(password=None, database=f"{url.database}_core").render_as_string(),
        "CORE_PASSWORD": str(url.password),
        "DATAHARVEST_URL": url.set(password=None, database=f"{url.database}_dataharvest").render_as_string(),
        "DATAHARVEST_PASSWORD": str(url.password),
        "SHARE_HOST": "ftps",
        "SHARE_AUTHORITY": str(tmp_path / "ca.pem"),
        "SHARE_FOLDER": str(tmp_path),
        "FUNCTION_LIBRARIES": ":".join(path for path in sys.path if "site-packages" in path),
    }


def registered(database: DatabaseManager) -> list[tuple[Any, ...]]:
    """Files by feed, once the function has registered all of them."""
    deadline = time.monotonic() + 60
    while (rows := [tuple(row.values()) for row in database.query(FILES)]) != DELIVERED:
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return rows


def test_the_function_registers_what_the_parties_deliver_once(
    aws: Running, environ: dict[str, str], tmp_path: Path
) -> None:
    start(aws.client, environ)
    secret = Secret(aws.client("secretsmanager"), SECRETS["warehouse"])
    database = DatabaseManager.from_secret(secret)
    assert registered(database) == DELIVERED
    assert len(list((tmp_path / "out" / "rates").iterdir())) == 3
    core = DatabaseManager.from_secret(Secret(aws.client("secretsmanager"), SECRETS["core"]))
    assert core.query("SELECT count(*) AS n FROM core.accounts") == [{"n": 800}]
    assert SENDER in [
        identity["IdentityName"] for identity in aws.client("sesv2").list_email_identities()["EmailIdentities"]
    ]
    s3 = aws.client("s3")
    start(aws.client, environ)
    assert len(s3.list_object_versions(Bucket=LANDING)["Versions"]) == 9, "nothing is delivered again"
    for manager in (database, core):
        manager.engine.dispose()


def test_dataharvest_has_empty_tables_before_and_after_its_demo(aws: Running, environ: dict[str, str]) -> None:
    start(aws.client, environ)
    database = DatabaseManager.from_secret(Secret(aws.client("secretsmanager"), DATAHARVEST_SECRET))
    database.query("INSERT INTO dataharvest.delivery (external_client, business_date, version) VALUES ('a', now(), 1)")
    start(aws.client, environ)
    assert database.query(DELIVERIES) == [{"n": 1}], "a second start keeps what was delivered"
    dsn = emptied(url_of(environ))
    assert database.query("SELECT to_regclass('dataharvest.delivery') AS table") == [{"table": None}]
    migrate(make_url(dsn).set(drivername="postgresql+psycopg"))
    assert database.query(DELIVERIES) == [{"n": 0}]
    database.engine.dispose()


@pytest.mark.parametrize("name", ["provision-warehouse", "provision-deliveries"])
def test_metabase_gets_a_login_that_answers_each_question(
    aws: Running, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    start(aws.client, environ)
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][name]
    for variable, value in aws.env.items():
        monkeypatch.setenv(variable, value)
    state = State()
    with serving(state) as url:
        given = {"METABASE_URL": url, "METABASE_ADMIN_PASSWORD": PASSWORD, "METABASE_SETUP_TOKEN": state.setup_token}
        assert metabase(service["command"][1:], service["environment"] | given) == 0
    [stored] = state.rows("databases")
    names = {"username": "user", "password": "password", "host": "host", "port": "port", "database": "dbname"}
    login = {name: stored["details"][key] for name, key in names.items()}
    database = DatabaseManager.from_url(URL.create("postgresql+psycopg", **login))
    for card in state.rows("cards"):
        Postgres(database).ask(card["name"], card["query"]["sql"])
    database.engine.dispose()
    assert state.rows("cards")


@pytest.fixture
def mailbox(aws: Running) -> Iterator[str]:
    """URL of the page."""
    with mail_server("127.0.0.1", 0, aws.endpoint) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def test_the_mailbox_shows_what_ses_took(aws: Running, mailbox: str) -> None:
    client = aws.client("sesv2")
    client.create_email_identity(EmailIdentity="estrela@bank.example")
    Mail(client, "estrela@bank.example", ("a@bank.example", "b@bank.example")).send("<b>late</b>", "Next: wait & see")
    newest = requests.get(f"{mailbox}/messages.json", timeout=10).json()[0]
    assert newest == {
        "from": "estrela@bank.example",
        "to": ["a@bank.example", "b@bank.example"],
        "subject": "Estrela: <b>late</b>",
        "body": "Next: wait & see",
    }
    page = requests.get(f"{mailbox}/", timeout=10).text
    assert (
        "<h2>Estrela: &lt;b&gt;late&lt;/b&gt;</h2><p>from estrela@bank.example to a@bank.example, b@bank.example</p>"
        in page
    )
    assert requests.get(f"{mailbox}/other", timeout=10).status_code == 404


def test_the_mailbox_says_that_no_aws_answers() -> None:
    with mail_server("127.0.0.1", 0, "http://127.0.0.1:9") as http:
        thread = threading.Thread(target=http.handle_request)
        thread.start()
        answer = requests.get(f"http://127.0.0.1:{http.server_port}/", timeout=10)
        thread.join()
    assert (answer.status_code, answer.text) == (502, "http://127.0.0.1:9 does not answer: ConnectionError")
