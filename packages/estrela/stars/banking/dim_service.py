"""The services that institutions may charge for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, not_null, one_of
from estrela.stars.banking.sources import fees as fees_source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

GROUPS = {
    "01": "cadastro",
    "02": "cartão",
    "03": "cheque",
    "04": "conta",
    "05": "transferência e saque",
    "06": "extrato",
    "07": "cobrança",
    "08": "crédito",
    "09": "outros",
    "10": "câmbio",
    "11": "cadastro",
    "12": "conta de depósitos",
    "13": "transferência de recursos",
    "14": "operações de crédito",
    "15": "pacote padronizado de serviços",
    "16": "cartão de crédito",
    "17": "câmbio manual",
}
"""Groups by the first two digits of the code: 01 to 10 for legal persons; 11 to 17 for natural persons, as
Resolução CMN 3.919/2010 orders their services."""


def transform(fees: DataFrame) -> DataFrame:
    """Return one row per service and person type, with the name in the newest snapshot."""
    from pyspark.sql import functions as F

    groups = F.create_map(*[F.lit(text) for pair in GROUPS.items() for text in pair])
    newest = fees.groupBy("service_code", "person_type").agg(
        F.max(F.struct("snapshot_date", "service_name")).alias("newest")
    )
    code = F.substring("service_code", 1, 2)
    return newest.select(
        "service_code",
        "person_type",
        F.col("newest.service_name").alias("service_name"),
        code.alias("group_code"),
        F.coalesce(F.try_element_at(groups, code), F.concat(F.lit("grupo "), code)).alias("group_name"),
    )


dim_service = Dimension(
    name="dim_service",
    doc="Services of the fee table",
    sources=(fees_source,),
    transform=transform,
    columns=(
        Column("service_code", "string", "Code, 4 digits"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("service_name", "string", "Name in the newest snapshot"),
        Column("group_code", "string", "First two digits of the code"),
        Column("group_name", "string", "Name of the group"),
    ),
    business_key=("service_code", "person_type"),
    checks=(not_null("service_name"), one_of("person_type", ("F", "J"))),
)
