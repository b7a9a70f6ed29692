"""Java does not compile methods of more than 8,000 bytes, which then run several times slower: none is generated."""

from __future__ import annotations

import pytest
from raw_folder import put_ranking
from world import World

from estrela.etl import tuning
from estrela.etl.readers import lines

MOST_BYTES = 8000


def test_the_generated_code_that_reads_a_row_is_compiled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "WHOLE_BYTES", 0)
    monkeypatch.setattr(tuning, "SMALL_BYTES", 0)
    metrics = world.spark._jvm.org.apache.spark.metrics.source.CodegenMetrics
    before = metrics.METRIC_COMPILATION_TIME().getCount()
    put_ranking(world.raw, "2021T4", Alfa=1)

    world.transform("run", "complaints")

    assert metrics.METRIC_COMPILATION_TIME().getCount() > before
    # All methods that this JVM has generated, including those of other tests.
    assert 0 < metrics.METRIC_GENERATED_METHOD_BYTECODE_SIZE().getSnapshot().getMax() <= MOST_BYTES
