"""Numbers of examples for property tests: few in make test, many in make test-long."""

from __future__ import annotations

import pytest


def few_and_many(few: int, many: int) -> pytest.MarkDecorator:
    """Parametrize a test with its number of ``examples``; the larger number is marked ``long``."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])
