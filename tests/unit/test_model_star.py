"""Tables are discovered without registration, and their order results from their references."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from estrela.errors import DefinitionError
from estrela.model.plan import steps
from estrela.model.star import assemble, load
from estrela.stars import banking
from estrela.stars.banking.fact_complaints import fact_complaints


def test_the_banking_star_is_found() -> None:
    star, folder = load("banking"), Path(banking.__file__).parent
    files = {path.stem for path in folder.glob("*_*.py") if path.stem.startswith(("dim_", "fact_", "mart_"))}

    assert {table.name for table in (*star.tables, *star.marts)} == files
    order = [star.entities.index(entity) for entity in ("complaints", "institutions", "fees")]
    assert order == sorted(order)


def test_a_fact_brings_the_dimensions_and_sources_that_it_refers_to() -> None:
    star = assemble("small", [fact_complaints])

    assert {table.name for table in star.tables} == {
        "fact_complaints",
        "dim_institution",
        "dim_quarter",
        "dim_spelling",
    }
    assert {"complaints", "segments"} <= {source.name for source in star.sources}


def test_the_steps_and_their_order_come_from_the_declarations() -> None:
    plan = steps("banking")
    hard, soft = ({step.name: step.after for step in plan}, {step.name: step.once_done for step in plan})
    extracts = tuple(f"extract_{entity}" for entity in load("banking").entities)

    assert list(hard) == [*extracts, "transform_banking", "star", "publish"]
    assert soft["extract_complaints"] == ()
    assert soft["extract_institutions"] == ("extract_complaints",)
    assert soft["extract_fees"] == ("extract_complaints", "extract_institutions")
    assert soft["transform_banking"] == extracts
    assert {name: after for name, after in hard.items() if after} == {
        "star": ("transform_banking",),
        "publish": ("star",),
    }


def test_an_unknown_star_or_entity_is_refused_with_those_that_exist() -> None:
    with pytest.raises(DefinitionError, match="Star: no star is called 'shops'; allowed: banking"):
        load("shops")
    known = ", ".join(load("banking").entities)
    with pytest.raises(DefinitionError, match=rf"Star\('banking'\): has no entity 'x'; allowed: {known}"):
        load("banking").sources_of("x")


def test_two_declarations_of_one_name_are_refused() -> None:
    from dataclasses import replace

    with pytest.raises(DefinitionError, match="two declarations are called 'fact_complaints'"):
        assemble("twice", [fact_complaints, replace(fact_complaints, doc="another")])


def test_declarations_and_the_factory_are_read_without_spark() -> None:
    code = (
        "import sys, estrela.etl_factory, estrela.etl.steps.publish; "
        "from estrela.model.plan import steps; steps('banking');"
        "sys.exit(any(name.split('.')[0] in ('pyspark', 'awsglue') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
