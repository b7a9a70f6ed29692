"""Free services compared with all listed services, per institution."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.fact_current_fees import fact_current_fees

mart_free_services = Mart(
    name="mart_free_services",
    doc="Services listed and free (ceiling 0) in the newest snapshot; if all are 0, they are mostly not offered",
    uses=(fact_current_fees, dim_institution),
    columns=(
        Column("cnpj_root", "string", "CNPJ root"),
        Column("institution_name", "string", "Newest name"),
        Column("segment", "string", "Prudential segment"),
        Column("person_type", "string", "F: natural persons; J: legal persons"),
        Column("snapshot_date", "date", "Day of the newest snapshot"),
        Column("services_listed", "bigint", "Services listed"),
        Column("services_free", "bigint", "Services with ceiling 0"),
        Column("share_free", "double", "Free services as a share of listed services, 0 to 1"),
    ),
    sql="""
SELECT i.cnpj_root, MAX(i.name) AS institution_name, MAX(i.segment) AS segment, f.person_type, f.snapshot_date,
  COUNT(*) AS services_listed, COUNT_IF(f.is_free) AS services_free,
  CAST(COUNT_IF(f.is_free) AS double) / COUNT(*) AS share_free
FROM {fact_current_fees} f
JOIN {dim_institution} i ON i.institution_key = f.institution_key
GROUP BY i.cnpj_root, f.person_type, f.snapshot_date
""",
)
