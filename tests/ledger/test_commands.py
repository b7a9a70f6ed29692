"""`estrela ledger`, as an operator runs it, with the declared feeds."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from decimal import Decimal

import pytest
from ledger_warehouse import Warehouse

from estrela.cli import main
from localaws.running import Running

HEADER = "settlement_id,settled_on,merchant,card_number,amount,installments,disputed\n"
GOOD = "1,2026-11-01,Padaria São João,4111111111111234,12.50,1,false\n"


@pytest.fixture
def landing(warehouse: Warehouse, aws: Running, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    url = warehouse.database.engine.url.render_as_string(hide_password=False)
    places = {
        "ESTRELA_WAREHOUSE_URL": url,
        "ESTRELA_LANDING": warehouse.bucket,
        "ESTRELA_ARCHIVE": f"{warehouse.bucket}-archive",
    }
    for name, value in {**aws.env, **places}.items():
        monkeypatch.setenv(name, value)
    return warehouse


def settlements(landing: Warehouse, day: str, *rows: str) -> None:
    landing.put(f"card_settlements/visa_{day}.csv.gz", gzip.compress((HEADER + "".join(rows)).encode()))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its exit code and its output, with times replaced by T."""
    code = main(["ledger", *words])
    printed = capsys.readouterr()
    return code, re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|operator/\w+", "T", printed.out + printed.err).strip()


def test_the_life_of_a_file_with_a_bad_row(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    many = [GOOD.replace("1,2026", f"{number},2026", 1) for number in range(2, 100)]
    settlements(landing, "2026-11-01", GOOD, "x" + GOOD[1:], *many)
    assert run(capsys, "load", "--feed", "card_settlements") == (
        0,
        "extract: files registered 1\n"
        "load: files 1, rows in 100, loaded 99, rejected 1, files released from dead runs 0\n"
        "archive: files archived 1",
    )
    assert run(capsys, "list", "--feed", "card_settlements") == (
        0,
        "id  state  feed              key                                      rows loaded  rows rejected  reason\n"
        "1   Done   card_settlements  card_settlements/visa_2026-11-01.csv.gz  99           1",
    )
    assert run(capsys, "list", "--state", "Fail") == (0, "no file")
    code, text = run(capsys, "explain", "card_settlements/visa_2026-11-01.csv.gz")
    assert code == 0
    assert "rows:     100 in = 99 loaded + 1 rejected" in text
    assert (
        "rejects:  1 unreadable, the first in line 3, column settlement_id: 'x': a whole number without a minus is "
        in text
    )
    assert text.endswith("next:     nothing; to delete its rows: estrela ledger withdraw 1 --reason ...")
    assert len(text.splitlines()) <= 12
    explanation = json.loads(run(capsys, "explain", "1", "--json")[1])
    assert explanation["file"]["rows_in"] == 100
    assert run(capsys, "replay", "--feed", "card_settlements") == (
        0, "card_settlements: 1 files with rejects; 0 rows were loaded, 1 are still rejected"
    )  # fmt: skip
    assert run(capsys, "withdraw", "1", "--reason", "test data") == (
        0, "file 1 is withdrawn: 99 rows were deleted from warehouse.card_settlements"
    )  # fmt: skip
    assert run(capsys, "retry", "1") == (
        0, "file 1 was Filtered Out and is now New; the next run of its feed loads it"
    )  # fmt: skip
    assert run(capsys, "load", "--feed", "card_settlements")[0] == 0
    assert landing.query("SELECT count(*), min(card_number) FROM warehouse.card_settlements") == [(99, "1234")]


def test_only_the_last_attempt_of_a_failed_file_is_explained(
    landing: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    settlements(landing, "2026-11-01", "x" + GOOD[1:])
    run(capsys, "load", "--feed", "card_settlements")
    assert run(capsys, "retry", "1")[0] == 0
    run(capsys, "load", "--feed", "card_settlements")

    explanation = json.loads(run(capsys, "explain", "1", "--json")[1])
    assert (explanation["file"]["state"], len(explanation["loads"])) == ("Fail", 2)
    assert [(reject["code"], reject["rows"]) for reject in explanation["rejects"]] == [("unreadable", 1)]


def test_a_plan_changes_nothing(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    settlements(landing, "2026-11-01", GOOD)
    main(["ledger", "load", "--feed", "card_settlements"])
    settlements(landing, "2026-11-02", GOOD.replace("12.50", "13"), GOOD.replace("1,2026", "2,2026", 1))
    main(["ledger", "register", "--feed", "card_settlements"])
    capsys.readouterr()
    assert run(capsys, "plan", "2") == (
        0,
        f"file 2, s3://{landing.bucket}/card_settlements/visa_2026-11-02.csv.gz, is New\n"
        "feed card_settlements: load=upsert, order=all, on_overwrite=replace rows\n"
        "it would load 2 of 2 rows into warehouse.card_settlements and reject 0; 2 rows of the table would be new or "
        "changed. Nothing was changed.",
    )
    assert landing.query("SELECT settlement_id, amount FROM warehouse.card_settlements") == [(1, Decimal("12.50"))]
    assert landing.query("SELECT state, rows_in, fence FROM ledger.files WHERE id = 2") == [("New", None, 0)]


def test_errors_are_one_line(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "explain", "nothing") == (
        1,
        "explain: nothing: the ledger has no such file; give an id, a key or an s3:// address, as `list` shows them",
    )
    assert run(capsys, "load", "--feed", "x") == (
        1, "load: Feed: no feed is called 'x'; allowed: accounts, branches, card_settlements, customers, exchange_rates"
    )  # fmt: skip
    landing.put("card_settlements/odd.txt", b"x")
    main(["ledger", "load", "--feed", "card_settlements"])
    capsys.readouterr()
    assert run(capsys, "retry", "1")[1].startswith("retry: 1: it is still rejected: the name does not match ")
    assert run(capsys, "withdraw", "1", "--reason", "x") == (
        1,
        f"withdraw: s3://{landing.bucket}/card_settlements/odd.txt: its rows are not in warehouse.card_settlements:"
        " its state is Rejected",
    )
    settlements(landing, "2026-11-01")
    landing.put("card_settlements/visa_2026-11-01.csv.gz", b"no gzip")
    main(["ledger", "load", "--feed", "card_settlements"])
    settlements(landing, "2026-11-01", GOOD)
    main(["ledger", "register", "--feed", "card_settlements"])
    capsys.readouterr()
    assert run(capsys, "retry", "3") == (1, "retry: 3: file 4 is a newer version of it; it cannot be retried")
    main(["ledger", "load", "--feed", "card_settlements"])
    capsys.readouterr()
    assert run(capsys, "retry", "4") == (
        1, "retry: 4: its state is Done; only files in state Fail, Rejected, Filtered Out can be retried"
    )  # fmt: skip
    assert main(["x"]) == 2


def test_a_list_is_of_one_feed_or_state(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    settlements(landing, "2026-11-01", GOOD)
    landing.put("branches/odd.txt", b"x")
    for feed in ("card_settlements", "branches"):
        main(["ledger", "load", "--feed", feed])
    capsys.readouterr()

    def ids(*words: str) -> list[str]:
        return re.findall(r"^\d+", run(capsys, "list", *words)[1], re.MULTILINE)

    assert ids() == ["2", "1"]
    assert ids("--most", "1") == ["2"]
    assert ids("--feed", "card_settlements") == ids("--state", "Done") == ["1"]
    assert ids("--feed", "branches") == ids("--state", "Rejected") == ["2"]
    assert run(capsys, "list", "--feed", "branches", "--state", "Done") == (0, "no file")


def test_branches_come_as_json_in_a_zip(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"branches": [{"code": 7, "name": "Centro", "city": None, "opened": "01/02/1999", "more": [1]}]}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("branches.json", json.dumps(document))
    landing.put("branches/branches_20261101T000000.zip", packed.getvalue())
    assert run(capsys, "load", "--feed", "branches")[0] == 0
    assert landing.query(
        "SELECT branch_code, branch_name, city, opened_on::text, source_line FROM warehouse.branches"
    ) == [("0007", "Centro", None, "1999-02-01", 1)]


def test_the_doctor_names_each_problem(
    landing: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTRELA_ARCHIVE", "not-there")
    code, text = run(capsys, "doctor")
    assert code == 1
    lines = text.splitlines()
    assert re.fullmatch(r"good  database: PostgreSQL \d+\.\d+.* answers", lines[1])
    assert [lines[0], *lines[2:5]] == [
        "good  feeds: 5 feeds are declared",
        "good  schema: at the newest version, 0005",
        "good  grants: the user may read and write the ledger",
        "good  leases: no file was left In Progress by a dead run",
    ]
    assert lines[5] == f"good  landing bucket: s3://{landing.bucket} exists"
    assert lines[6].startswith("BAD   archive bucket: An error occurred (404)")
    silent = "sends no events for new files, so only listings find them"
    assert lines[7] == f"BAD   notification: s3://{landing.bucket} {silent}"


def test_the_doctor_says_what_to_do_about_the_database(landing: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    landing.register_events(landing.put("sales/1.csv", b"x"))
    assert landing.claims.claim(landing.feeds["sales"], "dead") is not None
    landing.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 second'")
    landing.database.query("UPDATE ledger.schema_version SET version_num = '0000'")
    problems = run(capsys, "doctor")[1].splitlines()
    assert problems[2] == "BAD   schema: its version is 0000, the newest is 0005; run: estrela ledger migrate"
    released = "the next run of the feed releases what it left"
    assert problems[4] == f"BAD   leases: 1 file was left In Progress by dead runs; {released}"

    landing.database.query("DROP SCHEMA ledger CASCADE")
    problems = run(capsys, "doctor")[1].splitlines()
    assert problems[2] == "BAD   schema: its version is none, the newest is 0005; run: estrela ledger migrate"
    assert run(capsys, "migrate") == (0, "the schema of the ledger is at its newest version")
    assert run(capsys, "doctor")[1].splitlines()[2] == "good  schema: at the newest version, 0005"


def test_the_doctor_names_a_grant_that_lacks(
    landing: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = f"{landing.database.engine.url.database}_reader"
    landing.database.query(f"CREATE ROLE {user} LOGIN PASSWORD 'reader'")
    landing.database.query(f"GRANT USAGE ON SCHEMA ledger TO {user}")
    landing.database.query(f"GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {user}")
    url = landing.database.engine.url.set(username=user, password="reader")
    monkeypatch.setenv("ESTRELA_WAREHOUSE_URL", url.render_as_string(hide_password=False))
    problem = run(capsys, "doctor")[1].splitlines()[3]
    assert problem == "BAD   grants: the user may not INSERT in ledger.files; grant it"
