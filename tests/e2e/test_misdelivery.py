"""Wrong deliveries are requested again or reported, and analysts see the same tables as before."""

from __future__ import annotations

from pathlib import Path

import pytest
from deployed_platform import STEPS, DeployedPlatform, deployed_platform

from bcb_mirror.faults import Fault
from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import serving
from bcb_mirror.synthetic_world import SyntheticWorld

pytestmark = [pytest.mark.slow, pytest.mark.long]
WORLD = SyntheticWorld(seed=7, institutions=20, first=Quarter(2021, 3), last=Quarter(2022, 1), others=6)
REFUSED = (
    "banking_trusted.complaints is not published: at most 0% of a file's rows rejected on row fails on"
    " 1 rows, for example {url}/rdrweb/rest/ext/ranking/arquivo?ano=2022&periodicidade=TRIMESTRAL&periodo=1"
    "&tipo=Bancos%20e%20financeiras line 1, row = "
)
REASON = "the header has NUL characters, as UTF-16 text has; allowed: utf-8 or windows-1252"
KEPT_OF_A_FAILURE = ("banking_ops.completeness", "banking_ops.files", "banking_ops.rejects")


def published(platform: DeployedPlatform) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return the published rows and snapshots, without the tables that record failures."""
    seen = {name: rows for name, rows in platform.tables().items() if name not in KEPT_OF_A_FAILURE}
    return seen, {name: platform.refs(name)["main"] for name in seen}


def test_a_file_in_another_encoding_is_reported_and_changes_nothing(home: Path) -> None:
    with deployed_platform(home, warm=1) as platform, serving(WORLD) as bank:
        assert [platform.run(*step, "first") for step in STEPS] == ["SUCCEEDED"] * 3
        before = published(platform)

        for passing in ("throttled", "empty", "slow"):
            bank.mirror.faults.add(Fault(passing, count=1, seconds=1))
        bank.mirror.faults.add(Fault("wrong_encoding", match="arquivo.*ano=2022"))
        assert platform.run("extract", "complaints", "next", source_host=f"{bank.url}#small") == "SUCCEEDED"
        assert [platform.run(*step, "next") for step in STEPS[:2]] == ["SUCCEEDED"] * 2
        said = platform.run(*STEPS[2], "next")
        assert said.startswith("FAILED")
        assert "HeldBackError" in said
        assert "banking: the new data of complaints was refused and the old data is kept; everything else is" in said
        assert REFUSED.format(url=bank.url) in said
        assert REASON in said
        assert published(platform) == before
        lacking = platform.shown()["completeness"]
        assert [row for row in lacking if "fact_complaints" in row and "2022T1" in row], "readers see what is missing"
