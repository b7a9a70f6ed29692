"""Messages about files, by e-mail and in Slack, each sent once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from killed import expire, load_and_die
from ledger_warehouse import FIELDS, Warehouse, csv, sales_feed

from estrela.cli import main
from estrela.errors import DeliveryError
from estrela.hooks.mail import Mail
from estrela.hooks.secret import Secret
from estrela.hooks.slack import Slack
from estrela.ledger.notices import Notices
from estrela.ledger.outbox import Outbox
from estrela.model.feed import Cut, Order, RowTolerance
from estrela.model.feed_arrival import Expected
from localaws.running import Running

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Hook(BaseHTTPRequestHandler):
    """Answers like Slack, and keeps the texts that it received."""

    texts: list[str]
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.status == 200:
            self.texts.append(body["text"])
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *given: Any) -> None:
        pass


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Start a webhook; yield its URL and the texts that were posted to it."""
    texts: list[str] = []
    handler = type("OneHook", (Hook,), {"texts": texts, "status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret", texts
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Warehouse:
    warehouse.feeds = {"sales": sales_feed(order=Order.ALL, tolerance=RowTolerance(rows=1))}
    return warehouse


def noted(warehouse: Warehouse, now: datetime = NOW) -> list[tuple[str, str, str]]:
    """Record due messages; return kind, subject and text of the new ones, with the bucket replaced by B."""
    known = [message_id for (message_id,) in warehouse.query("SELECT id FROM ledger.messages")]
    new = Notices(warehouse.database).note(warehouse.feeds.values(), now)
    rows = warehouse.query("SELECT id, kind, subject, body FROM ledger.messages ORDER BY id")
    messages = [
        (kind, subject, body.replace(warehouse.bucket, "B")) for id_, kind, subject, body in rows if id_ not in known
    ]
    assert len(messages) == new
    return messages


def test_a_file_that_failed_is_told_once_for_each_attempt_and_then_that_it_recovered(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1) + b"x,,,,,\ny,,,,,\n"))
    warehouse.load()
    assert noted(warehouse) == [
        (
            "fail", "sales: 1.csv failed",
            "s3://B/sales/1.csv (file 1) failed: sales: s3://B/sales/1.csv: 2 of 3 rows are bad, more than the feed "
            "tolerates; the first: line 3, column id: 'x': a whole number is allowed\n"
            "Next: correct the cause, or have a corrected file sent; then: estrela ledger retry 1\n"
            "Its history: estrela ledger explain 1",
        )
    ]  # fmt: skip
    assert noted(warehouse) == []
    warehouse.ledger.retry("1", "operator", "again")
    warehouse.load()
    assert [kind for kind, *_ in noted(warehouse)] == ["fail"]
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    warehouse.load()
    assert noted(warehouse) == 2 * [
        (
            "recovered", "sales: recovered: 1.csv",
            "s3://B/sales/1.csv (file 2) is loaded, which solves the problem 'sales: 1.csv failed'.\n"
            "Next: nothing; its history: estrela ledger explain 2",
        )
    ]  # fmt: skip
    assert noted(warehouse) == []


def test_a_worker_that_died_too_often_is_reported(warehouse: Warehouse, aws: Running) -> None:
    warehouse.feeds = {"sales": replace(warehouse.feeds["sales"], max_attempts=1)}
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    assert load_and_die(warehouse, 8, aws.client)
    expire(warehouse)
    warehouse.load("survivor")
    [(kind, _, body)] = noted(warehouse)
    assert kind == "fail"
    assert "the lease of run doomed ended without a result, attempt 1" in body


def test_tolerated_rejects_are_one_digest_without_personal_values(warehouse: Warehouse, aws: Running) -> None:
    warehouse.feeds = {"sales": sales_feed(order=Order.ALL, tolerance=RowTolerance(rows=1), pii=(Cut("name", 2),),
                                       fields=tuple(replace(field, required=True) for field in FIELDS))}  # fmt: skip
    for day in (1, 2):
        bad = f"{day}0,,Maria 4111111111111111,1.00,true,2024-01-02 03:04:05\n"
        warehouse.register_events(warehouse.put(f"sales/{day}.csv", csv(day) + bad.encode()))
    assert warehouse.load() == ""
    assert [kind for kind, *_ in noted(warehouse)] == ["rejects", "rejects"]
    client = aws.client("sesv2")
    client.create_email_identity(EmailIdentity="estrela@bank.example")
    mail = Mail(client, "estrela@bank.example", ("ops@bank.example", "desk@bank.example"))
    assert Outbox(warehouse.database).send(mail) == 1
    assert Outbox(warehouse.database).send(mail) == 0
    [sent] = [entry for entry in requests.get(f"{aws.endpoint}/moto-api/data.json", timeout=10).json()["ses"]["Message"]
              if warehouse.bucket in entry["body"]]  # fmt: skip
    assert sent["subject"] == "Estrela: sales: rows of 2 files are rejected"
    assert sent["destinations"]["ToAddresses"] == ["ops@bank.example", "desk@bank.example"]
    assert sent["body"].replace(warehouse.bucket, "B").split("\n\n")[1] == (
        "s3://B/sales/2.csv (file 2): 1 of 2 rows are rejected; the first: line 3, column day: "
        "a value that is not blank is required\n"
        "Next: estrela ledger explain 2; once the declaration accepts these rows: estrela ledger replay --feed sales"
    )
    assert "Maria" not in sent["body"]
    assert "4111" not in sent["body"]


def test_late_empty_and_odd_are_told_once_and_when_they_are_over(warehouse: Warehouse) -> None:
    expected = Expected(by=time(8), least_rows=2, band=0.5)
    warehouse.feeds = {"sales": replace(warehouse.feeds["sales"], expected=expected)}
    assert noted(warehouse) == [
        (
            "late", "sales: a file is late",
            "feed sales: no file arrived since 2026-11-26 08:00, but one was due at 2026-11-27 08:00 -03; none ever"
            " did\n"
            "Next: ask the sender; if the file did arrive: estrela ledger register --feed sales",
        )
    ]  # fmt: skip
    assert noted(warehouse, NOW + timedelta(hours=1)) == []
    assert [kind for kind, *_ in noted(warehouse, NOW + timedelta(days=1))] == ["late"]
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    warehouse.load()
    now = datetime.now(UTC)
    messages = noted(warehouse, now)
    assert [kind for kind, *_ in messages] == ["empty", "recovered", "recovered"]
    assert messages[0][1:] == (
        "sales: 1.csv is empty",
        "s3://B/sales/1.csv (file 1): it has 1 rows, but at least 2 are expected\n"
        "Next: estrela ledger explain 1; to delete its rows: estrela ledger withdraw 1 --reason ...",
    )
    for day in (2, 3, 4):
        warehouse.register_events(
            warehouse.put(f"sales/{day}.csv", csv(*range(day * 100, day * 100 + 10 * (1 + 9 * (day == 4)))))
        )
        warehouse.load()
    [(kind, _, body)] = noted(warehouse, now)
    assert kind == "odd"
    assert "sales/4.csv (file 4): it has 100 rows, but 5 to 15 are expected, judging by the 3 loads before it" in body


def test_a_message_of_three_days_ago_is_not_sent_any_more(warehouse: Warehouse, aws: Running) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", b"other,columns\n"))
    assert warehouse.load() != ""
    assert [kind for kind, *_ in noted(warehouse)] == ["fail"]
    client = aws.client("sesv2")
    client.create_email_identity(EmailIdentity="estrela@bank.example")
    mail, outbox = Mail(client, "estrela@bank.example", ("ops@bank.example",)), Outbox(warehouse.database)
    warehouse.database.query("UPDATE ledger.messages SET made_at = made_at - interval '3 days'")
    assert outbox.send(mail) == 0
    warehouse.database.query("UPDATE ledger.messages SET made_at = made_at + interval '2 days'")
    assert outbox.send(mail) == 1


def test_slack_gets_what_mail_gets_and_may_be_down(warehouse: Warehouse, aws: Running) -> None:
    warehouse.register_events(
        warehouse.put("sales/<!channel>.csv", b"x"), warehouse.put("sales/1.csv", b"<no>&\nheader\n")
    )
    warehouse.load()
    assert len(noted(warehouse)) == 1
    secrets, outbox = aws.client("secretsmanager"), Outbox(warehouse.database)
    with webhook(status=503) as (url, texts):
        name = f"slack/{warehouse.bucket}"
        secrets.create_secret(Name=name, SecretString=url)
        with pytest.raises(DeliveryError) as caught:
            outbox.send(Slack(Secret(secrets, name)))
        assert str(caught.value) == "Slack: HTTP 503: ok"
    with pytest.raises(DeliveryError) as caught:
        outbox.send(Slack(Secret(secrets, name)))
    assert str(caught.value) == "Slack: ConnectionError"
    with webhook() as (url, texts):
        secrets.put_secret_value(SecretId=name, SecretString=url)
        slack = Slack(Secret(secrets, name))
        assert (outbox.send(slack), outbox.send(slack)) == (1, 0)
    [text] = texts
    assert text.startswith(f"*sales: 1.csv failed*\ns3://{warehouse.bucket}/sales/1.csv (file 2) failed: ")
    assert "&lt;no&gt;&amp;" in text
    assert warehouse.query("SELECT mailed_at, posted_at IS NOT NULL FROM ledger.messages") == [(None, True)]


def test_the_command_notes_and_sends(
    warehouse: Warehouse, aws: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.feeds = {}
    name = f"slack/{warehouse.bucket}"
    with webhook() as (url, texts):
        aws.client("secretsmanager").create_secret(Name=name, SecretString=url)
        places = {
            "ESTRELA_WAREHOUSE_URL": warehouse.database.engine.url.render_as_string(hide_password=False),
            "ESTRELA_LANDING": warehouse.bucket, "ESTRELA_SLACK_SECRET": name,
            "ESTRELA_ALERT_RECIPIENTS": "ops@bank.example", "ESTRELA_ALERT_SENDER": "nobody@elsewhere.example",
        }  # fmt: skip
        for variable, value in {**aws.env, **places}.items():
            monkeypatch.setenv(variable, value)
        assert main(["ledger", "list", "--feed", "exchange_rates"]) == 0
        assert "late: exchange_rates: no file: no file arrived since " in capsys.readouterr().out
        assert main(["ledger", "notify", "--feed", "exchange_rates"]) == 1
        printed = capsys.readouterr()
        assert printed.out == "1 new messages were recorded\nSlack: 1 messages were sent\n"
        assert printed.err.startswith("notify: e-mail: An error occurred (")
    assert len(texts) == 1
