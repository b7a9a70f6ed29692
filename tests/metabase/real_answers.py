"""Answers of the questions on the real files of 2020T1 to 2021T4."""

from __future__ import annotations

from typing import Any

from metabase.files import load
from metabase.preview.athena import Athena
from metabase.template import Value

TOTALS = {
    "2020T1": 59_449, "2020T2": 84_799, "2020T3": 95_187, "2020T4": 95_959,
    "2021T1": 71_407, "2021T2": 70_292, "2021T3": 66_500, "2021T4": 60_314,
}  # fmt: skip
BANKS = {
    "CAIXA ECONÔMICA FEDERAL": 138_458, "BRADESCO": 80_862, "ITAU": 67_213, "SANTANDER": 63_270, "BB": 53_246,
    "C6 BANK": 30_057, "PAN": 24_310, "SAFRA": 18_935, "BMG": 15_956, "INTER": 14_187,
}  # fmt: skip
FEES_OF_LEGAL_PERSONS = {"fee_entries": 1_923, "fee_services": 82, "fee_banks": 69}


def check_questions(athena: Athena) -> None:
    """Raise AssertionError if a question's answer on the real files is not the known one."""
    site = load()

    def ask(key: str, **values: Value) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in athena.ask(key, site.question(key).query(values)).rows]

    hidden = {card.question for dashboard in site.dashboards for card in dashboard.cards if card.hide_empty}
    assert [question.key for question in site.questions if question.key not in hidden and not ask(question.key)] == []
    assert {row[0]: row[2] for row in ask("complaints_by_quarter")} == TOTALS
    assert {row[1]: row[2] for row in ask("kpi_complaints")} == TOTALS
    for name, total in BANKS.items():
        assert sum(row[2] for row in ask("kpi_complaints", institution=f"{name} (conglomerado)")) == total, name
    assert {key: ask(key, person_type="J")[0][0] for key in FEES_OF_LEGAL_PERSONS} == FEES_OF_LEGAL_PERSONS
    assert ask("most_free_services")[0][:4] == ("BANCO VIPAL S.A.", 63, 0, 63)
    for quarter in TOTALS:
        [(unknown,)] = ask("unknown_lead", period=quarter)
        assert unknown <= 0.05, f"{unknown:.1%} of the complaints of {quarter} have no known lead"
    assert ask("banking_rows_unaccounted") == [(0,)]
    assert ask("banking_checks_failed") == [(0,)]
