"""Ceilings of one service across institutions."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_service import dim_service
from estrela.stars.banking.fact_current_fees import fact_current_fees

# 99,999.99 is the largest ceiling that the Central Bank's form accepts; banks enter it if they have no ceiling.
mart_service_fees = Mart(
    name="mart_service_fees",
    doc="Lowest, median and highest ceiling of each service over the newest snapshots of all institutions",
    uses=(fact_current_fees, dim_service),
    columns=(
        Column("service_code", "string", "Code of the service"),
        Column("service_name", "string", "Name"),
        Column("group_name", "string", "Group of services"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("value_type", "string", "amount (BRL) or percentage"),
        Column("institutions", "bigint", "Institutions that list the service"),
        Column("institutions_free", "bigint", "Number of them with ceiling 0"),
        Column("institutions_placeholder", "bigint", "Institutions with ceiling 99,999.99, probably a placeholder"),
        Column("fee_min", "decimal(18,2)", "Lowest ceiling, without those of 99,999.99"),
        Column("fee_median", "double", "Median ceiling, without those of 99,999.99"),
        Column("fee_max", "decimal(18,2)", "Highest ceiling, without those of 99,999.99"),
    ),
    sql="""
WITH placed AS (
  SELECT service_key, value_type, ceiling, is_free, ceiling >= 99999.99 AS is_placeholder,
    ROW_NUMBER() OVER (PARTITION BY service_key, value_type ORDER BY ceiling) AS place,
    SUM(CASE WHEN ceiling < 99999.99 THEN 1 ELSE 0 END) OVER (PARTITION BY service_key, value_type) AS places
  FROM {fact_current_fees}
)
SELECT s.service_code, s.service_name, s.group_name, s.person_type, p.value_type,
  COUNT(*) AS institutions, COUNT_IF(p.is_free) AS institutions_free,
  COUNT_IF(p.is_placeholder) AS institutions_placeholder,
  MIN(CASE WHEN NOT p.is_placeholder THEN p.ceiling END) AS fee_min,
  AVG(CASE WHEN NOT p.is_placeholder AND 2 * p.place BETWEEN p.places AND p.places + 2
    THEN CAST(p.ceiling AS double) END) AS fee_median,
  MAX(CASE WHEN NOT p.is_placeholder THEN p.ceiling END) AS fee_max
FROM placed p
JOIN {dim_service} s ON s.service_key = p.service_key
GROUP BY s.service_code, s.service_name, s.group_name, s.person_type, p.value_type
""",
)
