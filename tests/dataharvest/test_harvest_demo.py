"""``make harvest``: the functions run in processes of the local AWS, with duplicated, delayed and reordered events."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_the_demo_ends_with_every_message_right() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo.harvest"],
        env={**os.environ, "TRANSACTIONS": "20000"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every client and portfolio has exactly one valid message" in done.stdout
    large = r"great: transactions loaded in [5-9] chunks; the values of 1100 portfolios came from"
    assert re.search(large, done.stdout)
    (page,) = re.findall(r"The dashboard of the deliveries: (.+)", done.stdout)
    assert "Invented data: no name and no figure here is real." in Path(page).read_text()
