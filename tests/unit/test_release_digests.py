"""Changes of the code, and the tables that are rebuilt because of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

import estrela
from estrela.etl.releases.digests import code_digests, digests_of
from estrela.model.star import load

STAR = load("banking")
FEES = {"fact_fees", "fact_current_fees"}
ALL = {table.name for table in STAR.tables}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, as another version of the wheel would contain it."""
    source = Path(estrela.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "estrela", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="module")
def before() -> Mapping[str, str]:
    """The digest of each table and mart with the present code."""
    return code_digests(STAR)


def edited(root: Path, path: str, old: str, new: str, before: Mapping[str, str]) -> set[str]:
    """Return the tables and marts whose digest changes when ``old`` becomes ``new`` in a file."""
    file = root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    after = digests_of(STAR, root)
    return {name for name in before if before[name] != after[name]}


def test_every_table_and_mart_has_a_digest_of_its_own(copy: Path, before: Mapping[str, str]) -> None:
    assert before == digests_of(STAR, copy)
    assert before.keys() == ALL | {mart.name for mart in STAR.marts}
    assert len(set(before.values())) == len(before)


@pytest.mark.parametrize(
    ("path", "old", "new", "changed"),
    [
        ("stars/banking/fact_fees.py", "from __future__", "# A remark.\nfrom __future__", set()),
        ("stars/banking/fact_fees.py", "a fee is free where its ceiling is 0.", "zero is free.", set()),
        ("stars/banking/fact_fees.py", '"ceiling") == 0', '"ceiling") == 1', FEES),
        # The digest of a fact includes the dimensions that it looks up.
        ("stars/banking/dim_quarter.py", "- 1) * 3 + 1", "- 1) * 3", {"dim_quarter", "fact_complaints"}),
        ("stars/banking/institution_aliases.csv", "\n", "\nx\n", ALL),
        ("etl/transformers/refined.py", '"1900-01-01"', '"1800-01-01"', ALL),
        ("etl/row_hash.py", "= 63", "= 62", ALL),
        ("etl/extractors/raw_extractor.py", "from __future__", "import os\nfrom __future__", set()),
    ],
)
def test_a_table_is_news_if_its_code_changed_and_not_for_a_remark(
    copy: Path, before: Mapping[str, str], path: str, old: str, new: str, changed: set[str]
) -> None:
    assert edited(copy, path, old, new, before) == changed


def test_another_star_is_no_news(copy: Path, before: Mapping[str, str]) -> None:
    (copy / "stars" / "other").mkdir()
    (copy / "stars" / "other" / "__init__.py").touch()
    (copy / "stars" / "other" / "dim_shop.py").write_text("x = 1\n")
    (copy / "stars" / "other" / "shops.csv").write_text("a;b\n")
    assert digests_of(STAR, copy) == before
