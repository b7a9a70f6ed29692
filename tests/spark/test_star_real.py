"""Figures that the real files must give, and the tables that analysts read."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from world import World

QUARTERS = [
    ("2020T1", 104, 14361, 23301, 21787, 59449),
    ("2020T2", 111, 15758, 29580, 39461, 84799),
    ("2020T3", 112, 23926, 36152, 35109, 95187),
    ("2020T4", 101, 30780, 29864, 35315, 95959),
    ("2021T1", 105, 26700, 27332, 17375, 71407),
    ("2021T2", 111, 23145, 27802, 19345, 70292),
    ("2021T3", 113, 19276, 28666, 18558, 66500),
    ("2021T4", 135, 18681, 27192, 14441, 60314),
]
BANKS = {
    "C:CAIXA ECONOMICA FEDERAL": 138_458,
    "C:BRADESCO": 80_862,
    "C:ITAU": 67_213,
    "C:SANTANDER": 63_270,
    "C:BB": 53_246,
    "C:C6 BANK": 30_057,
    "C:PAN": 24_310,
    "C:SAFRA": 18_935,
    "C:BMG": 15_956,
    "C:INTER": 14_187,
}


def joined(world: World, fact: str) -> DataFrame:
    return world.table(fact).join(world.table("dim_institution"), "institution_key")


def test_quarters_sum_to_the_published_totals(real_world: World) -> None:
    sums = [F.count("*"), F.sum("upheld"), F.sum("other"), F.sum("unregulated"), F.sum("total")]
    rows = real_world.table("fact_complaints").groupBy("quarter_code").agg(*sums).orderBy("quarter_code").collect()

    assert [tuple(row) for row in rows] == QUARTERS
    assert sum(row[1] for row in rows) == 892
    assert sum(row[5] for row in rows) == 603_907


def test_banks_have_their_true_sums(real_world: World) -> None:
    sums = joined(real_world, "fact_complaints").groupBy("institution_code").agg(F.sum("total").alias("total"))

    assert {row[0]: row[1] for row in sums.orderBy(F.desc("total")).limit(10).collect()} == BANKS


def test_the_published_index_is_the_recomputed_one_in_every_row_that_has_it(real_world: World) -> None:
    shown = real_world.table("fact_complaints").where("published_index IS NOT NULL")

    assert shown.count() == 892 - (60 + 72 + 74 + 70 + 74 + 77 + 79 + 92)
    assert shown.where("NOT (published_index <=> recomputed_index)").count() == 0


def test_legal_person_fees(real_world: World) -> None:
    fees = joined(real_world, "fact_fees").where("person_type = 'J'")
    services = real_world.table("dim_service").where("person_type = 'J'")

    assert (fees.count(), services.count()) == (1923, 82)
    assert fees.select("institution_key").distinct().count() == fees.select("cnpj_root").distinct().count() == 69
    assert fees.where("institution_key = 0").count() == 0


def test_a_bank_has_one_current_version(real_world: World) -> None:
    current = real_world.table("dim_institution").where("is_current AND cnpj_root IS NOT NULL AND institution_key <> 0")

    assert current.count() == current.select("cnpj_root").distinct().count()
    assert current.where("length(cnpj_root) <> 8").count() == 0


def test_nearly_all_complaints_have_a_known_lead(real_world: World) -> None:
    rows = joined(real_world, "fact_complaints")
    known = rows.where("lead_cnpj_root IS NOT NULL AND lead_method <> 'unknown'").agg(F.sum("total")).first()

    assert known[0] / 603_907 >= 0.95


@pytest.mark.parametrize("name", ["fact_complaints", "fact_fees"])
def test_joining_a_fact_to_its_dimensions_never_changes_its_rows(real_world: World, name: str) -> None:
    fact = next(candidate for candidate in real_world.star.facts if candidate.name == name)
    rows = real_world.table(name)

    for lookup in fact.lookups:
        members = real_world.table(lookup.dimension.name).withColumnRenamed(lookup.dimension.key, lookup.key)
        assert rows.join(members.select(lookup.key), lookup.key).count() == rows.count()


def test_every_file_is_accounted_for(real_world: World) -> None:
    files = real_world.table("files")

    assert files.where("rows_in <> rows_loaded + rows_rejected").count() == 0
    assert files.where("source = 'complaints'").agg(F.sum("rows_in")).first()[0] == 892
    assert real_world.table("rejects").count() == 0


def test_a_renamed_bank_has_two_versions(real_world: World) -> None:
    versions = real_world.table("dim_institution").where("institution_code = '92874270'").orderBy("valid_from")
    names = [row["name"] for row in versions.collect()]

    assert len(set(names)) == 2
    assert "RENNER" in names[0] and "DIGIMAIS" in names[-1]


def test_a_mart_shows_free_services_with_the_listed_ones(real_world: World) -> None:
    vipal = real_world.mart("mart_free_services").where("institution_name LIKE '%VIPAL%'").collect()

    assert [(row["services_listed"], row["services_free"]) for row in vipal] == [(63, 63)]


def test_bank_by_quarter_ranks_and_shares(real_world: World) -> None:
    rows = real_world.mart("mart_bank_quarter")
    first = rows.where("quarter_code = '2020T1'")

    assert rows.count() == 892
    assert first.where("complaints_rank = 1").first()["institution_code"] == "C:CAIXA ECONOMICA FEDERAL"
    assert first.agg(F.sum("share")).first()[0] == pytest.approx(1)
    assert first.where("rank_change IS NOT NULL").count() == 0
    assert rows.where("quarter_code = '2020T2' AND rank_change IS NOT NULL").count() > 80


def test_service_fees_have_an_exact_median(real_world: World) -> None:
    fees = real_world.table("fact_fees").join(real_world.table("dim_service"), "service_key")
    some = fees.where("service_code = '0101' AND value_type = 'amount'").select("ceiling").collect()
    ceilings = sorted(float(row[0]) for row in some)
    middle = (ceilings[(len(ceilings) - 1) // 2] + ceilings[len(ceilings) // 2]) / 2
    row = real_world.mart("mart_service_fees").where("service_code = '0101' AND value_type = 'amount'").first()

    assert (row["institutions"], row["fee_median"]) == (len(ceilings), pytest.approx(middle))


def test_services_against_complaints_covers_every_known_lead(real_world: World) -> None:
    rows = real_world.mart("mart_services_complaints")

    assert rows.agg(F.sum("complaints")).first()[0] / 603_907 >= 0.95
    assert rows.where("services_listed IS NOT NULL").count() > 0
    assert rows.groupBy("quarter_code", "lead_cnpj_root").count().where("count > 1").count() == 0
