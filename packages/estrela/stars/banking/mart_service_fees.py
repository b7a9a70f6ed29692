"""What one service costs across institutions."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_service import dim_service
from estrela.stars.banking.fact_current_fees import fact_current_fees

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
        Column("institutions", "bigint", "Institutions that list it"),
        Column("institutions_free", "bigint", "Those at ceiling 0"),
        Column("fee_min", "decimal(18,2)", "Lowest ceiling"),
        Column("fee_median", "double", "Median ceiling"),
        Column("fee_max", "decimal(18,2)", "Highest ceiling"),
    ),
    sql="""
WITH placed AS (
  SELECT service_key, value_type, ceiling, is_free,
    ROW_NUMBER() OVER (PARTITION BY service_key, value_type ORDER BY ceiling) AS place,
    COUNT(*) OVER (PARTITION BY service_key, value_type) AS places
  FROM {fact_current_fees}
)
SELECT s.service_code, s.service_name, s.group_name, s.person_type, p.value_type,
  COUNT(*) AS institutions, COUNT_IF(p.is_free) AS institutions_free,
  MIN(p.ceiling) AS fee_min,
  AVG(CASE WHEN 2 * p.place BETWEEN p.places AND p.places + 2 THEN CAST(p.ceiling AS double) END) AS fee_median,
  MAX(p.ceiling) AS fee_max
FROM placed p
JOIN {dim_service} s ON s.service_key = p.service_key
GROUP BY s.service_code, s.service_name, s.group_name, s.person_type, p.value_type
""",
)
