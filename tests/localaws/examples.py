"""A property is tested with few examples in make test, and with many in make test-long."""

from __future__ import annotations

import pytest


def few_and_many(few: int, many: int) -> pytest.MarkDecorator:
    """Give a test its number of ``examples``; the many are marked ``long``."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])
