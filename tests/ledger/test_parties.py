"""The external parties of the demo deliver files that the declared feeds accept, the same for the same seed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg
import pytest
from ledger_warehouse import Warehouse

from backoffice_parties.cli import main
from backoffice_parties.company import Company
from backoffice_parties.core import Core
from backoffice_parties.files import branch_file, damaged, rate_file, settlement_files
from backoffice_parties.share import share
from estrela.hooks.ftps import FtpsHook, FtpsServer
from estrela.model.feeds import feeds

SMALL = Company(settlements=800, customers=200, accounts=20)


def test_the_files_of_a_day_depend_on_the_seed_only() -> None:
    day = [*settlement_files(SMALL, 1), branch_file(SMALL, 1), rate_file(SMALL, 1)]
    assert [key for key, _ in day] == [
        "card_settlements/visa_2026-11-03.csv.gz",
        "card_settlements/elo_2026-11-03.csv.gz",
        "branches/branches_20261103T060000.zip",
        "rates_20261103.csv",
    ]
    assert day == [*settlement_files(SMALL, 1), branch_file(SMALL, 1), rate_file(SMALL, 1)]
    other = Company(seed=8, settlements=800)
    assert dict(settlement_files(other, 1)) != dict(day[:2])


def test_the_declared_feeds_take_them(warehouse: Warehouse) -> None:
    warehouse.feeds = feeds()
    name, rates = rate_file(SMALL, 0)
    for key, content in (*settlement_files(SMALL, 0), branch_file(SMALL, 0), (f"exchange_rates/{name}", rates)):
        warehouse.put(key, content)
    (key, content), _ = settlement_files(SMALL, 1)
    warehouse.put(key, damaged(content))
    warehouse.list()
    assert warehouse.load(feed="branches") == warehouse.load(feed="exchange_rates") == ""
    assert "it is not a valid gzip file" in warehouse.load(feed="card_settlements")
    assert warehouse.query(
        "SELECT feed, state, rows_in, rows_loaded, rows_rejected FROM ledger.files ORDER BY feed, state, id"
    ) == [
        ("branches", "Done", 40, 40, 0),
        ("card_settlements", "Done", 800, 798, 2),
        ("card_settlements", "Done", 800, 798, 2),
        ("card_settlements", "Fail", None, None, None),
        ("exchange_rates", "Done", 5, 5, 0),
    ]


def test_the_core_system_changes_adds_and_deletes(warehouse: Warehouse) -> None:
    url = warehouse.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        core = Core(SMALL, connection)
        core.begin()
        core.begin()
        customers = "SELECT count(*) FROM core.customers"
        assert connection.execute(customers).fetchone() == (200,)
        before = connection.execute("SELECT sum(balance) FROM core.accounts").fetchone()
        changed = core.change(1)
        assert 1 < changed < 40
        assert connection.execute(customers).fetchone() == (200,), "one came, one left"
        newer = f"{customers} WHERE updated_at > (SELECT min(updated_at) FROM core.customers)"
        assert connection.execute(newer).fetchone() == (changed,)
        assert connection.execute("SELECT sum(balance) FROM core.accounts").fetchone() != before


def test_the_share_serves_its_folder_over_tls(tmp_path: Path) -> None:
    with share(tmp_path) as served:
        (served.folder / "out").mkdir()
        (served.folder / "out" / "a.csv").write_bytes(b"1\n")
        fields = json.loads(json.dumps(served.secret))
        server = FtpsServer(
            fields["host"], fields["username"], fields["password"], fields["port"], authority=fields["authority"]
        )
        hook = FtpsHook(server, "rates")
        (file,) = hook.files("/out")
        with hook.read(file) as stream:
            assert stream.read() == b"1\n"


def test_the_command_writes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["backoffice-parties", str(tmp_path), "--days", "2", "--settlements", "10", "--damage"]
    monkeypatch.setattr(sys, "argv", words)
    main()
    paths = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert len(paths) == 8
    good, broken = ("card_settlements/elo_2026-11-02.csv.gz", "card_settlements/elo_2026-11-03.csv.gz")
    assert (tmp_path / broken).stat().st_size < (tmp_path / good).stat().st_size * 0.7
