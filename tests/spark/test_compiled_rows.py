"""Java runs a method of more than 8,000 bytes without compiling it, several times slower: none may grow so large."""

from __future__ import annotations

import re

from raw_folder import put_ranking
from world import World

from estrela.etl.raw.deliveries import requested, wanted
from estrela.etl.readers import text_rows
from estrela.etl.readers.text_rows import TakenFile
from estrela.etl.transformers.typed_rows import taken_rows
from estrela.stars.banking.sources import complaints

MOST_BYTES = 8000


def test_java_compiles_what_reads_a_row(world: World) -> None:
    put_ranking(world.raw, "2021T4", Alfa=1)
    world.spark.conf.set("spark.sql.adaptive.enabled", "false")
    files = wanted(complaints, world.raw.files("complaints"))
    taken = [TakenFile(file, world.raw.uri(file), requested(complaints, file)) for file in files]
    with text_rows.reading(world.spark, complaints):
        _, rows, _ = taken_rows(world.spark, complaints, world.raw, taken)
        plan = rows._jdf.queryExecution().executedPlan()
    code = world.spark._jvm.org.apache.spark.sql.execution.debug.package.codegenString(plan)
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", code)]

    assert 0 < max(sizes) <= MOST_BYTES
