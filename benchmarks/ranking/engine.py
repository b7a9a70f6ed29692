"""Estrela's own run of the declared star of the ranking."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contest.session import data_files
from contest.star_run import FolderRaw, run_star

from estrela.etl.raw.raw_file import RawFile
from estrela.stars.banking.sources import segments
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


def run(spark: SparkSession, work: Work) -> Output:
    """Update the lake from the files and publish it."""
    files = [
        _entry(ranking.name, {"year": str(quarter.year), "quarter": str(quarter.number)}, path)
        for quarter, path in work.files.items()
    ]
    raw = FolderRaw({ranking.name: files, segments.name: [_entry(segments.name, {}, work.segments)]})
    lake, seconds = run_star(spark, star, raw)
    tables = (lake.tables.trusted(ranking), lake.tables.refined(fact_ranking), lake.tables.rejects)
    typed, looked_up, rejects = (data_files(spark, table.identifier) for table in tables)
    return Output(typed, looked_up, rejects, KIND, seconds)


def _entry(source: str, request: dict[str, str], path: Path) -> RawFile:
    size = path.stat().st_size
    return RawFile(source, request, 0, path.as_uri(), RECEIVED, size, path.name, str(path), 1)
