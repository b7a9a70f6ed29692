"""The curated list of conglomerates' leads: each line contains the lead, the conglomerate, and the source."""

from __future__ import annotations

import csv
import importlib.resources
import re

from estrela.stars.banking.institutions import ALIASES

COLUMNS = ["conglomerate", "lead_cnpj_root", "lead_name", "source"]


def test_each_line_has_a_normalised_name_a_root_and_a_source() -> None:
    text = (importlib.resources.files("estrela.stars.banking") / ALIASES).read_text(encoding="utf-8")
    header, *lines = csv.reader(text.splitlines(), delimiter=";", strict=True)
    assert header == COLUMNS
    for line in lines:
        assert len(line) == len(COLUMNS), line
        name, root, lead, source = line
        assert re.fullmatch(r"[A-Z0-9]+( [A-Z0-9]+)*", name), line
        assert re.fullmatch(r"\d{8}", root), line
        assert lead and len(source) > 10, line
    names = [line[0] for line in lines]
    assert sorted(set(names)) == sorted(names)
