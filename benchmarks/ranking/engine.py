"""Estrela's own run: transform, star and publish of the declared star, through the steps that Glue runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from estrela.etl.raw.raw_file import RawFile
from estrela.model.table import Mart
from estrela.stars.banking.sources import segments
from ranking.session import data_files
from ranking.star import fact_ranking, ranking, star
from ranking.work import Output, Work

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RECEIVED = datetime(2024, 7, 1, tzinfo=UTC)
KIND = """
CASE column_name WHEN '' THEN 'missing_fields' WHEN 'Trimestre' THEN 'bad_quarter' WHEN 'CNPJ IF' THEN 'bad_cnpj'
WHEN 'Quantidade de reclamações reguladas procedentes' THEN 'not_a_number'
WHEN 'Quantidade de reclamações reguladas - outras' THEN 'negative_count' ELSE reason END
"""


@dataclass(frozen=True)
class FolderRaw:
    """The raw layer's answers for files that lie in a folder."""

    work: Work

    def files(self, source: str) -> list[RawFile]:
        if source == segments.name:
            return [_entry(source, {}, self.work.segments)]
        return [
            _entry(source, {"year": str(quarter.year), "quarter": str(quarter.number)}, path)
            for quarter, path in self.work.files.items()
        ]

    def current(self, source: str) -> list[RawFile]:
        return self.files(source)

    def version(self, source: str) -> int:
        return 1

    def uri(self, file: RawFile) -> str:
        return Path(file.key).as_uri()

    def head(self, file: RawFile, size: int) -> bytes:
        with Path(file.key).open("rb") as content:
            return content.read(size)


class NoViews:
    """The star of the benchmark has no marts."""

    def create(self, database: str, marts: Sequence[Mart]) -> None:
        assert not marts, f"{database} was not to have views"


def run(spark: SparkSession, work: Work) -> Output:
    """Bring the lake in line with the files and publish it."""
    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.steps.publish import Publish
    from estrela.etl.steps.star import BuildStar
    from estrela.etl.steps.transform import TransformSource

    lake = LakeLoader(spark, "ranking", "benchmark")
    raw = FolderRaw(work)
    transforms = [TransformSource(one, raw, lake) for one in star.sources]
    build = BuildStar(star, lake, "benchmark")
    publish = Publish(star, lake, "benchmark", [*transforms, build], NoViews(), set)
    parts = {**{f"transform {one.source.name}": one for one in transforms}, "star": build, "publish": publish}
    seconds = {}
    for name, step in parts.items():
        start = perf_counter()
        step.run()
        seconds[name] = perf_counter() - start
    tables = (lake.tables.trusted(ranking), lake.tables.refined(fact_ranking), lake.tables.rejects)
    typed, looked_up, rejects = (data_files(spark, table.identifier) for table in tables)
    return Output(typed, looked_up, rejects, KIND, seconds)


def _entry(source: str, request: dict[str, str], path: Path) -> RawFile:
    size = path.stat().st_size
    return RawFile(source, request, 0, path.as_uri(), RECEIVED, size, path.name, str(path), 1)
