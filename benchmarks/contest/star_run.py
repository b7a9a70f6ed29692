"""Estrela's own run of a star: transform, star and publish, with the steps that Glue runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from estrela.etl.raw.raw_file import RawFile
from estrela.model.star import Star

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from estrela.etl.loaders.lake import LakeLoader


@dataclass(frozen=True)
class FolderRaw:
    """A raw layer of files in folders: ``entries`` by source, with the path of each file as ``key``."""

    entries: Mapping[str, Sequence[RawFile]]

    def files(self, source: str) -> list[RawFile]:
        return list(self.entries[source])

    def current(self, source: str) -> list[RawFile]:
        return self.files(source)

    def uri(self, file: RawFile) -> str:
        return file.url

    def head(self, file: RawFile, size: int) -> bytes:
        with Path(file.key).open("rb") as content:
            return content.read(size)


@dataclass
class MemoryObjects:
    """JSON objects of the releases, in memory. Their version is the number of writes."""

    values: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        return self.values.get(key, ({}, ""))

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        assert version == self.read(key)[1], f"{key}: only one run writes"
        self.values[key] = dict(value), f"{int(version or 0) + 1}"
        return self.values[key][1]


class NoViews:
    """Accepts the statements of the views, which only Athena could run."""

    def run(self, statements: Sequence[str]) -> None:
        assert statements


def run_star(
    spark: SparkSession, star: Star, raw: FolderRaw, objects: MemoryObjects | None = None
) -> tuple[LakeLoader, dict[str, float]]:
    """Update the lake from the files and publish it; return the lake and the seconds of each step.

    ``objects`` contains the releases of earlier runs.
    """
    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.releases.claim import Claim
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.switch import Switch
    from estrela.etl.steps.publish import Publish
    from estrela.etl.steps.star import BuildStar
    from estrela.etl.steps.transform import TransformSource
    from estrela.etl.steps.transform_all import TransformAll

    lake, code = LakeLoader(spark, star.name, "benchmark"), {table.name: "benchmark" for table in star.tables}
    sources = [TransformSource(source, raw, lake) for source in star.sources]
    build, manifests = BuildStar(star, lake, code), Manifests(objects or MemoryObjects(), star.name)
    claim = Claim(manifests.objects, star.name, "benchmark", set)
    switch = Switch(manifests, NoViews(), claim, "s3://benchmark/current/", margin=0)
    publish = Publish(star, lake, (TransformAll(star.name, sources), build), switch, code, dict)
    steps = {
        **{f"transform {transform.source.name}": transform for transform in sources},
        "star": build,
        "publish": publish,
    }
    seconds = {}
    for name, step in steps.items():
        start = perf_counter()
        step.run()
        seconds[name] = perf_counter() - start
    return lake, seconds
