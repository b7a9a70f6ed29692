"""Answers of every question on the small lake, computed by hand from its rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "banking_age_of_data": [
        ("2024-11-01 06:00",),
    ],
    "banking_last_published": [
        ("2024-11-01 07:30",),
    ],
    "banking_athena_by_day": [
        ("2024-10-31", "estrela", 0.0),
        ("2024-10-31", "primary", 1.3),
    ],
    "banking_athena_scanned": [
        (1.3,),
    ],
    "bank_fees": [
        (
            "BANCO ALFA S.A.",
            "F",
            "1101",
            "Cadastro",
            Decimal("50.00"),
            None,
            "Por Evento",
            "Por evento",
            None,
            "2020-01-01",
        ),
        (
            "BANCO ALFA S.A.",
            "J",
            "0101",
            "Cadastro",
            Decimal("0.00"),
            None,
            "Por Evento",
            "Por evento",
            None,
            "2020-01-01",
        ),
        (
            "BANCO ALFA S.A.",
            "J",
            "0201",
            "Anuidade",
            Decimal("10.00"),
            None,
            "Por Evento",
            "Por evento",
            None,
            "2020-01-01",
        ),
    ],
    "banks_with_fees": [
        ("<BETA> & D'OR", 2),
        ("BANCO ALFA S.A.", 3),
        ("BANCO DELTA LTDA.", 2),
        ("BANCO EPSILON", 1),
        ("BANCO VIP S.A.", 2),
    ],
    "banking_checks": [
        ("fact_fees", "between", "ceiling", 8, 2),
        ("dim_quarter", "unique", "year, quarter", 5, 0),
    ],
    "banking_checks_failed": [
        (1,),
    ],
    "complaints_by_quarter": [
        ("2023T3", "A", 250, 3),
        ("2023T4", "A", None, None),
        ("2024T1", "A", 200, 3),
        ("2024T2", "B", 800, 2),
        ("2024T3", "B", 1250, 3),
    ],
    "complaints_by_segment": [
        ("S1", 400, 1, "2024T3"),
        ("S3", 600, 1, "2024T3"),
        ("Not listed", 250, 1, "2024T3"),
    ],
    "complaints_by_size_group": [
        ("2023T3", "top", 100),
        ("2023T3", "secondary", 150),
        ("2024T1", "top", 120),
        ("2024T1", "secondary", 80),
        ("2024T2", "top", 500),
        ("2024T2", "secondary", 300),
        ("2024T3", "top", 400),
        ("2024T3", "secondary", 850),
    ],
    "fee_banks": [
        (5,),
    ],
    "fee_entries": [
        (10,),
    ],
    "fee_services": [
        (3,),
    ],
    "fee_share_free": [
        (0.4,),
    ],
    "fee_spread": [
        ("1101", "Cadastro", "cadastro", "F", 1, 0, 0, Decimal("50.00"), 50.0, Decimal("50.00")),
        ("0201", "Anuidade", "cartão", "J", 3, 1, 1, Decimal("0.00"), 5.0, Decimal("10.00")),
        ("0101", "Cadastro", "cadastro", "J", 5, 3, 0, Decimal("0.00"), 0.0, Decimal("30.00")),
    ],
    "banking_files_by_source": [
        ("complaints", "complaints", 1, 0, 2, 11, 10, 1, 0, "2024-11-01 06:00"),
        ("current_fees", "fees", 1, 0, 1, 8, 8, 0, 0, "2024-11-01 06:00"),
        ("fees", "fees", 1, 0, 1, 8, 8, 0, 0, "2024-11-01 06:00"),
    ],
    "free_against_listed": [
        ("BANCO VIP S.A.", 2, 2, 1.0),
        ("BANCO ALFA S.A.", 3, 1, 0.3333333333333333),
        ("BANCO DELTA LTDA.", 2, 1, 0.5),
        ("<BETA> & D'OR", 2, 0, 0.0),
        ("BANCO EPSILON", 1, 0, 0.0),
    ],
    "free_by_group": [
        ("cadastro", 3, 3, 0.5),
        ("cartão", 1, 3, 0.25),
    ],
    "banking_glue_by_day": [
        ("2024-10-31", "extract", 40),
        ("2024-10-31", "star", 38),
    ],
    "banking_glue_work": [
        (78,),
    ],
    "highest_index": [
        ("ALFA", Decimal("20.00"), 2000000, "2024T3"),
    ],
    "institutions": [
        ("<BETA> & D'OR", "bank", "S3"),
        ("ALFA (conglomerado)", "conglomerate", "S1"),
        ("GAMA (conglomerado)", "conglomerate", None),
    ],
    "banking_job_runs": [
        ("2024-10-31 06:02", "star", "SUCCEEDED", 10, 20, "star_banking/2024-10-31", ""),
        ("2024-10-31 06:01", "star", "FAILED", 9, 18, "star_banking/2024-10-31", "QualityError: ceiling"),
        ("2024-10-31 06:00", "extract_fees", "SUCCEEDED", 20, 40, "star_banking/2024-10-31", ""),
        ("2024-10-01 05:59", "extract_fees", "SUCCEEDED", 50, 100, "star_banking/2024-10-01", ""),
    ],
    "kpi_complaints": [
        ("2024-06-30", "2024T2", 800),
        ("2024-09-30", "2024T3", 1250),
    ],
    "kpi_index": [
        ("2024-06-30", "2024T2", 32.0),
        ("2024-09-30", "2024T3", 40.0),
    ],
    "kpi_upheld": [
        ("2024-06-30", "2024T2", 80),
        ("2024-09-30", "2024T3", 105),
    ],
    "kpi_upheld_share": [
        ("2024-06-30", "2024T2", 0.1),
        ("2024-09-30", "2024T3", 0.084),
    ],
    "lead_methods": [
        ("own", 600, 1, 0.48, "2024T3"),
        ("alias", 400, 1, 0.32, "2024T3"),
        ("unknown", 250, 1, 0.2, "2024T3"),
    ],
    "most_complaints": [
        ("<BETA> & D'OR", 600, 0.48, "2024T3"),
        ("ALFA", 400, 0.32, "2024T3"),
        ("GAMA", 250, 0.2, "2024T3"),
    ],
    "most_free_services": [
        ("BANCO VIP S.A.", 2, 0, 2, "2024-11-01"),
        ("BANCO DELTA LTDA.", 1, 1, 2, "2024-11-01"),
        ("BANCO ALFA S.A.", 1, 2, 3, "2024-11-01"),
        ("BANCO EPSILON", 0, 1, 1, "2024-11-01"),
        ("<BETA> & D'OR", 0, 2, 2, "2024-11-01"),
    ],
    "mostly_free_services": [
        ("Cadastro", 0.5, 3, 6),
    ],
    "quarters": [
        ("2024T3", "B", "2024-09-30"),
        ("2024T2", "B", "2024-06-30"),
        ("2024T1", "A", "2024-03-31"),
        ("2023T3", "A", "2023-09-30"),
    ],
    "ranking": [
        (1, "▲ 1", "<BETA> & D'OR", "S3", "secondary", 600, 0.48, 60, Decimal("120.00"), None, 500000, "2024T3"),
        (2, "▼ 1", "ALFA", "S1", "top", 400, 0.32, 40, Decimal("20.00"), None, 2000000, "2024T3"),
        (3, None, "GAMA", None, "secondary", 250, 0.2, 5, None, "clients not published", None, "2024T3"),
    ],
    "banking_incomplete": [
        ("dim_quarter", "all", "complaints", 0.9, 11, 10, 0, 0),
        ("fact_complaints", "2024T3", "complaints", 0.9, 11, 10, 0, 0),
    ],
    "banking_incomplete_fact_complaints": [
        ("fact_complaints", "2024T3", "complaints", 0.9, 11, 10, 0, 0),
    ],
    "banking_incomplete_fact_complaints_fact_current_fees": [
        ("fact_complaints", "2024T3", "complaints", 0.9, 11, 10, 0, 0),
    ],
    "banking_incomplete_fact_current_fees": [],
    "banking_maintenance": [
        ("2024-11-01 07:30", 2, 1, 7, 12, 3, 5, 11, 3, 3),
    ],
    "banking_rejects_by_reason": [
        ("complaints", "not a number", "Índice", 1, "<i>x</i>"),
        ("current_fees", "nothing was rejected", None, 0, None),
        ("fees", "nothing was rejected", None, 0, None),
    ],
    "banking_rows_by_source": [
        ("complaints", 10, 1),
        ("fees", 8, 0),
    ],
    "banking_rows_in": [
        (19,),
    ],
    "banking_rows_rejected": [
        (1,),
    ],
    "banking_rows_unaccounted": [
        (0,),
    ],
    "banking_runs": [
        ("2024-11-01 07:30", "star_banking/d1", 2, "banking_refined.dim_quarter, banking_refined.fact_fees"),
    ],
    "service_across_banks": [
        ("BANCO EPSILON", Decimal("30.00"), "Cadastro", 5, 0, "Por Evento", "2020-01-01"),
        ("<BETA> & D'OR", Decimal("20.00"), "Cadastro", 5, 0, "Por Evento", "2020-01-01"),
        ("BANCO ALFA S.A.", Decimal("0.00"), "Cadastro", 5, 0, "Por Evento", "2020-01-01"),
        ("BANCO DELTA LTDA.", Decimal("0.00"), "Cadastro", 5, 0, "Por Evento", "2020-01-01"),
        ("BANCO VIP S.A.", Decimal("0.00"), "Cadastro", 5, 0, "Por Evento", "2020-01-01"),
    ],
    "services": [
        ("Anuidade", "cartão"),
        ("Cadastro", "cadastro"),
    ],
    "services_complaints": [
        ("<BETA> & D'OR", 2, 600, 0.48, "2024T3", 0.8),
        ("ALFA", 3, 400, 0.32, "2024T3", 0.8),
    ],
    "services_complaints_coverage": [
        (0.8,),
    ],
    "unknown_lead": [
        (0.2,),
    ],
}
