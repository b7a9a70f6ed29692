"""Effects of a run's arguments: Spark settings, Iceberg catalogs, resolved options."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.glue import spark_settings
from localaws.glue.iceberg_settings import use_local_catalog

LOCAL = {
    "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.type": "rest",
    "spark.sql.catalog.lake.uri": "http://127.0.0.1:4566/iceberg",
    "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
    "spark.sql.catalog.lake.warehouse": "s3://lake/refined",
}
CATALOG = {
    "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.warehouse": "s3://lake/refined",
}


def as_options(**options: str) -> dict[str, str]:
    return CATALOG | {f"spark.sql.catalog.lake.{name.replace('_', '-')}": value for name, value in options.items()}


@pytest.mark.parametrize(
    "conf",
    [
        as_options(
            catalog_impl="org.apache.iceberg.aws.glue.GlueCatalog", io_impl="org.apache.iceberg.aws.s3.S3FileIO"
        ),
        as_options(type="glue", **{"glue.id": "123456789012", "s3.sse.type": "kms"}),
        as_options(
            type="rest",
            uri="https://glue.sa-east-1.amazonaws.com/iceberg",
            **{"rest.sigv4_enabled": "true", "rest.signing_name": "glue", "rest.signing_region": "sa-east-1"},
        ),
    ],
)
def test_a_catalog_for_aws_becomes_the_local_one(conf: dict[str, str]) -> None:
    assert use_local_catalog(conf, "http://127.0.0.1:4566") == (LOCAL, ["lake"])


def test_a_catalog_that_is_not_aws_stays() -> None:
    conf = as_options(type="hadoop") | {"spark.sql.catalog.lake.table-default.write.format.default": "parquet"}
    assert use_local_catalog(conf, "http://127.0.0.1:4566") == (conf, [])


def test_other_options_of_an_aws_catalog_stay() -> None:
    kept = {"spark.sql.catalog.lake.cache-enabled": "false", "spark.sql.catalog.lake.view.x": "1", "spark.x": "y"}
    assert use_local_catalog(as_options(type="glue") | kept, "http://127.0.0.1:4566") == (LOCAL | kept, ["lake"])


NAMES = st.from_regex(r"spark\.[a-z]{1,8}(\.[a-zA-Z-]{1,8}){0,3}", fullmatch=True)
VALUES = st.from_regex(r"[a-zA-Z0-9:/=.,_-]{0,20}", fullmatch=True)


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_several_settings_in_one_argument_come_apart(conf: dict[str, str]) -> None:
    conf = {name: value for name, value in conf.items() if name != "spark.master"}
    text = " --conf ".join(f"{name}={value}" for name, value in conf.items())
    assert spark_settings.parse_conf(text) == conf


def test_a_setting_with_spaces_is_quoted() -> None:
    text = "spark.driver.extraJavaOptions='-Da=1 -Db=2' --conf spark.x=y"
    assert spark_settings.parse_conf(text) == {"spark.driver.extraJavaOptions": "-Da=1 -Db=2", "spark.x": "y"}


def test_a_setting_without_a_value_is_named() -> None:
    with pytest.raises(ValueError) as wrong:
        spark_settings.parse_conf("spark.a=1 --conf spark.b")
    expected = "--conf has 'spark.b'; name=value was expected, further ones as ' --conf name=value'"
    assert str(wrong.value) == expected


@pytest.mark.parametrize(
    ("conf", "worker_type", "warm"),
    [
        ({"spark.sql.shuffle.partitions": "8"}, "G.1X", True),
        ({"spark.driver.memory": "1g"}, "G.1X", False),
        ({"spark.driver.extraJavaOptions": "-Xss4m"}, "G.1X", False),
        ({"spark.jars.packages": "a:b:1"}, "G.1X", False),
        ({}, "G.025X", False),
    ],
)
def test_only_what_the_jvm_reads_at_its_start_needs_a_cold_run(conf: Any, worker_type: str, warm: bool) -> None:
    assert spark_settings.can_run_warm(conf, worker_type, extra_jars=False) is warm


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, "-XX:+UseParallelGC"),
        ({"spark.driver.extraJavaOptions": "-Xss4m"}, "-Xss4m -XX:+UseParallelGC"),
        ({"spark.driver.extraJavaOptions": "-XX:+UseG1GC -Xss4m"}, "-XX:+UseG1GC -Xss4m"),
        ({"spark.driver.defaultJavaOptions": "-XX:+UseZGC"}, None),
    ],
)
def test_a_jvm_gets_one_garbage_collector(settings: dict[str, str], options: str | None) -> None:
    assert spark_settings.with_collector(settings).get("spark.driver.extraJavaOptions") == options


@pytest.fixture(scope="module")
def utils() -> dict[str, Any]:
    return runpy.run_path(str(Path(spark_settings.__file__).parent / "shim/awsglue/utils.py"))


def test_resolved_options_hold_the_named_and_glues_own(utils: dict[str, Any]) -> None:
    words = ["job.py", "--JOB_NAME", "load", "--year", "2024", "--JOB_RUN_ID", "jr_1", "--other", "x", "--TempDir", "t"]
    options = utils["getResolvedOptions"](words, ["JOB_NAME", "year"])
    expected = {"JOB_NAME": "load", "year": "2024", "JOB_RUN_ID": "jr_1", "TempDir": "t", "RedshiftTempDir": "t"}
    assert options.items() >= expected.items()
    assert "other" not in options


@pytest.mark.parametrize(
    ("words", "options", "error", "message"),
    [
        ([], ["year"], "GlueArgumentError", "the following arguments are required: --year"),
        (["--ye", "2024"], ["year"], "GlueArgumentError", "the following arguments are required: --year"),
        (["--year"], ["year"], "GlueArgumentError", "argument --year: expected one argument"),
        ([], ["JOB_RUN_ID"], "RuntimeError", "Using reserved arguments JOB_RUN_ID"),
        ([], ["job_bookmark_option"], "RuntimeError", "Using reserved arguments job_bookmark_option"),
    ],
)
def test_wrong_options_are_named(
    utils: dict[str, Any], words: list[str], options: list[str], error: str, message: str
) -> None:
    with pytest.raises(Exception) as wrong:
        utils["getResolvedOptions"](["job.py", *words], options)
    assert (type(wrong.value).__name__, str(wrong.value)) == (error, message)
