"""Free services beside listed services, per institution."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.fact_fees import fact_fees

mart_free_services = Mart(
    name="mart_free_services",
    doc="Services listed and those at ceiling 0 in an institution's newest snapshot; all at 0 mostly: not offered",
    uses=(fact_fees, dim_institution),
    columns=(
        Column("cnpj_root", "string", "CNPJ root"),
        Column("institution_name", "string", "Newest name"),
        Column("segment", "string", "Prudential segment"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("snapshot_date", "date", "Day of the newest snapshot"),
        Column("services_listed", "bigint", "Services listed"),
        Column("services_free", "bigint", "Services at ceiling 0"),
        Column("share_free", "double", "Free of listed, 0 to 1"),
    ),
    sql="""
WITH dated AS (
  SELECT i.cnpj_root, i.name, i.segment, f.person_type, f.is_free, f.snapshot_date,
    MAX(f.snapshot_date) OVER (PARTITION BY i.institution_code, f.person_type) AS newest
  FROM {fact_fees} f
  JOIN {dim_institution} i ON i.institution_key = f.institution_key
)
SELECT cnpj_root, MAX(name) AS institution_name, MAX(segment) AS segment, person_type, snapshot_date,
  COUNT(*) AS services_listed, COUNT_IF(is_free) AS services_free,
  CAST(COUNT_IF(is_free) AS double) / COUNT(*) AS share_free
FROM dated
WHERE snapshot_date = newest
GROUP BY cnpj_root, person_type, snapshot_date
""",
)
