"""Lookups of Java classes by Python while it describes rows."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from estrela.etl.loaders.lake import LakeLoader

REFLECTION = "r\n"
"""Beginning of a Py4J command that looks up a name."""


def described() -> None:
    F.coalesce(F.col("a"), F.lit(1), F.concat("b", "c"))


def test_java_looks_up_a_name_only_once(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    LakeLoader(spark, "banking", "run")
    described()
    client = spark._sc._gateway._gateway_client
    commands, send = [], client.send_command
    monkeypatch.setattr(client, "send_command", lambda command, *args: commands.append(command) or send(command, *args))
    described()
    assert commands
    assert not [command for command in commands if command.startswith(REFLECTION)]
