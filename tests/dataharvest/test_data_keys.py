"""Data keys: KMS is called once for each client and month, and every date still has a key of its own."""

from __future__ import annotations

import pytest
from crashes import each_effect
from harvest_world import SAMPLE, SAMPLE_MESSAGES, World
from sqlalchemy import make_url

from dataharvest.database.schema import migrate
from estrela.errors import LoadError


def test_kms_is_called_once_for_the_dates_of_a_month(world: World) -> None:
    calls: list[str] = []
    seen = 0
    with each_effect(calls.append):
        for client, day in (("a", "20220226"), ("a", "20220227"), ("a", "20220301"), ("b", "20220226")):
            world.take(*world.upload_all(SAMPLE, client, day))
            seen = world.settle(seen)
        world.restart()
        for day in ("20220228", "20220210"):
            world.take(*world.upload_all(SAMPLE, "a", day))
            seen = world.settle(seen)
    assert len(world.received()) == 6 * len(SAMPLE_MESSAGES)
    assert calls.count("before GenerateDataKey") == 3
    assert calls.count("before Decrypt") == 1, "the new process needs one key"
    keys = "SELECT external_client, month FROM dataharvest.data_key ORDER BY 1, 2"
    assert world.rows(keys) == [("a", "202202"), ("a", "202203"), ("b", "202202")]


def test_a_value_of_a_date_cannot_be_read_as_one_of_another(world: World) -> None:
    vault = world.functions.vault
    first, second = (vault.key("a", day) for day in ("20220226", "20220227"))
    sealed = first.seal("789.56", "taxes_paid")
    world.restart()
    assert world.functions.vault.key("a", "20220226").open(sealed, "taxes_paid") == "789.56"
    with pytest.raises(LoadError, match=r"^taxes_paid: a value of a/20220227 cannot be decrypted"):
        second.open(sealed, "taxes_paid")
    assert first.digest("789.56") != second.digest("789.56"), "equal values of two dates are not recognised"


def test_a_database_with_keys_of_dates_is_not_migrated(world: World, server: str) -> None:
    """Values that they encrypted could not be read any more."""
    url = make_url(server).set(drivername="postgresql+psycopg", database=world.rows("SELECT current_database()")[0][0])
    with world.functions.database.transaction() as connection:
        connection.execute("ALTER TABLE dataharvest.data_key DROP COLUMN month, ADD COLUMN business_date date")
        connection.execute("UPDATE dataharvest.schema_version SET version_num = '0005'")
        connection.execute("INSERT INTO dataharvest.data_key VALUES ('a', 'key', 'sealed', now(), '2022-02-26')")
    with pytest.raises(LoadError) as refused:
        migrate(url)
    assert str(refused.value) == (
        "schema dataharvest: the keys in dataharvest.data_key are of single dates, and this version cannot read what "
        "they encrypted; deliver the files again into an empty database"
    )
    assert world.rows("SELECT count(*) FROM dataharvest.data_key") == [(1,)]
