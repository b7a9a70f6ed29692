"""The named classes are the seams of every run: what the factory builds is made of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from estrela.etl.base import ETLBase
from estrela.etl.extractor import Extractor
from estrela.etl.extractors.http_extractor import HttpExtractor
from estrela.etl.extractors.raw_extractor import ExtractStep
from estrela.etl.extractors.rest_api_extractor import RestApiExtractor
from estrela.etl.feed_loader import FeedLoader
from estrela.etl.loader import Loader
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.etl.loaders.redshift import RedshiftLoader
from estrela.etl.transformer import Transformer
from estrela.etl_factory import ETLFactory
from estrela.hooks.database import DatabaseManager
from estrela.hooks.rest_api import RestApiHook
from estrela.logger import Logger
from estrela.model.origin import Api, S3Deliveries, S3Files
from estrela.model.plan import EXTRACT, MAINTAIN, PUBLISH, QUARANTINE, ROLLBACK, STAR, TRANSFORM
from estrela.model.star import load, star_names
from estrela.run_parts import RunParts
from estrela.settings import Settings

JOB_TEMPLATE = Path(__file__).parents[2] / "glue" / "job_template.py"


class Session:
    """The settings of a Spark session."""

    def __init__(self) -> None:
        given: dict[str, str] = {}
        self.conf = SimpleNamespace(get=given.get, set=given.__setitem__)
        self._jvm = SimpleNamespace(functions=None, PythonUtils=None)


LOG = Logger({"run_key": "dag/run/step"})
Build = Callable[[str, str, str], Any]


@pytest.fixture(scope="module")
def built() -> Iterator[Build]:
    """Builds the step that a Glue run of a star, an entity and a phase would run."""
    with mock_aws():
        session: Any = boto3.Session("x", "x", region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="lake-1")
        spark: Any = Session

        def build(star: str, entity: str, phase: str) -> Any:
            settings = Settings(star, entity, phase, "lake-1", "dag/run/step")
            return ETLFactory(RunParts(settings, spark, session), LOG).step()

        yield build


@pytest.mark.parametrize("star", star_names())
@pytest.mark.parametrize("phase", [EXTRACT, TRANSFORM, STAR, PUBLISH, MAINTAIN, ROLLBACK, QUARANTINE])
def test_every_step_is_an_etl_base_with_the_run_s_log_and_root(built: Build, star: str, phase: str) -> None:
    step = built(star, load(star).entities[0] if phase == EXTRACT else star, phase)
    assert isinstance(step, ETLBase)
    assert isinstance(step, Transformer) == (phase in (TRANSFORM, STAR))
    parts = [step, *getattr(step, "extractors", ()), *getattr(step, "transformers", ())]
    assert {part.root for part in parts} == {"s3://lake-1"}
    assert all(part.log is LOG for part in parts)


@pytest.mark.parametrize(
    ("star", "entity"), [(star, entity) for star in star_names() for entity in load(star).entities]
)
def test_every_source_is_taken_in_by_an_extractor_and_every_api_by_the_rest_api_extractor(
    built: Build, star: str, entity: str
) -> None:
    step = built(star, entity, EXTRACT)
    assert isinstance(step, ExtractStep) and step.extractors
    for extractor in step.extractors:
        origin = extractor.source.origin
        assert isinstance(extractor, Extractor)
        assert isinstance(extractor, RestApiExtractor) == isinstance(origin, Api)
        assert isinstance(extractor, HttpExtractor) != isinstance(origin, S3Files | S3Deliveries)
        assert not isinstance(extractor, HttpExtractor) or isinstance(extractor.hook, RestApiHook)


def test_the_lake_and_both_databases_are_loaders(built: Build) -> None:
    step = built("banking", "banking", PUBLISH)
    assert isinstance(step.lake, LakeLoader)
    assert issubclass(LakeLoader, Loader)
    assert issubclass(PostgresLoader, FeedLoader) and issubclass(RedshiftLoader, FeedLoader)
    assert issubclass(FeedLoader, Loader)
    assert isinstance(DatabaseManager.from_url("postgresql+psycopg://h/d"), DatabaseManager)


def test_the_script_of_every_job_runs_what_the_factory_builds() -> None:
    calls = [node for node in ast.walk(ast.parse(JOB_TEMPLATE.read_text())) if isinstance(node, ast.Call)]
    assert "ETLFactory.run" in {ast.unparse(call.func) for call in calls}
