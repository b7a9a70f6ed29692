"""Complaints of a lead institution compared with the number of services that it lists."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.fact_complaints import fact_complaints
from estrela.stars.banking.fact_current_fees import fact_current_fees

mart_services_complaints = Mart(
    name="mart_services_complaints",
    doc="Complaints in a quarter against services listed in the newest snapshot, by lead institution",
    uses=(fact_complaints, fact_current_fees, dim_institution),
    columns=(
        Column("quarter_code", "string", "Year and quarter, such as 2021T4"),
        Column("lead_cnpj_root", "string", "CNPJ root of the lead institution"),
        Column("institution_name", "string", "Name with the most complaints"),
        Column("complaints", "bigint", "All complaints of the institutions that it leads"),
        Column("upheld", "bigint", "Upheld complaints, as the index counts them: extrapolated in method B"),
        Column("services_listed", "bigint", "Services in the newest snapshots, F and J; NULL if no fees are known"),
        Column("services_free", "bigint", "Number of them with ceiling 0"),
    ),
    sql="""
WITH offered AS (
  SELECT i.lead_cnpj_root, COUNT(*) AS services_listed, COUNT_IF(f.is_free) AS services_free
  FROM {fact_current_fees} f
  JOIN {dim_institution} i ON i.institution_key = f.institution_key
  WHERE i.cnpj_root = i.lead_cnpj_root
  GROUP BY i.lead_cnpj_root
), complained AS (
  SELECT f.quarter_code, i.lead_cnpj_root, MAX_BY(i.name, f.total) AS institution_name,
    SUM(f.total) AS complaints,
    SUM(COALESCE(f.extrapolated_upheld, f.upheld)) AS upheld
  FROM {fact_complaints} f
  JOIN {dim_institution} i ON i.institution_key = f.institution_key
  WHERE i.lead_cnpj_root IS NOT NULL AND i.institution_key <> 0
  GROUP BY f.quarter_code, i.lead_cnpj_root
)
SELECT c.quarter_code, c.lead_cnpj_root, c.institution_name, c.complaints, c.upheld,
  o.services_listed, o.services_free
FROM complained c
LEFT JOIN offered o ON o.lead_cnpj_root = c.lead_cnpj_root
""",
)
