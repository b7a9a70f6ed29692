"""Share of the complaints that can be joined to a lead institution."""

from __future__ import annotations

from estrela.model import Column, Mart
from estrela.stars.banking.dim_institution import dim_institution
from estrela.stars.banking.fact_complaints import fact_complaints

mart_lead_coverage = Mart(
    name="mart_lead_coverage",
    doc="Complaints per quarter and method by which the lead institution was found, including unknown leads",
    uses=(fact_complaints, dim_institution),
    columns=(
        Column("quarter_code", "string", "Year and quarter, such as 2021T4"),
        Column("lead_method", "string", "own, register, segmentation, alias or unknown"),
        Column("institutions", "bigint", "Institutions"),
        Column("complaints", "bigint", "All complaints"),
        Column("share", "double", "Share of the quarter's complaints, 0 to 1"),
    ),
    sql="""
WITH counted AS (
  SELECT f.quarter_code, i.lead_method, COUNT(*) AS institutions, SUM(f.total) AS complaints
  FROM {fact_complaints} f
  JOIN {dim_institution} i ON i.institution_key = f.institution_key
  GROUP BY f.quarter_code, i.lead_method
)
SELECT quarter_code, lead_method, institutions, complaints,
  CAST(complaints AS double) / NULLIF(SUM(complaints) OVER (PARTITION BY quarter_code), 0) AS share
FROM counted
""",
)
