"""Changes of the code, and the tables that are rebuilt because of them."""

from __future__ import annotations

import ast
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
        ("model/table.py", "UNKNOWN_KEY = 0", "UNKNOWN_KEY = -1", ALL),
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


def test_rewritten_docstrings_are_no_news(copy: Path, before: Mapping[str, str]) -> None:
    """Docstrings of modules, classes, functions and attributes are rewritten in every module that affects a table."""
    rewritten = {path: _with_other_docstrings(path) for path in copy.rglob("*.py")}
    assert rewritten[copy / "etl" / "transformers" / "fields.py"] > 5
    assert rewritten[copy / "model" / "table.py"] > 10
    assert digests_of(STAR, copy) == before


def _with_other_docstrings(path: Path) -> int:
    """Give every statement of the file that is a bare string another text; return their number."""
    tree = ast.parse(path.read_bytes())
    texts = [
        statement.value
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]
    for text in texts:
        text.value = "Another text."
    path.write_text(ast.unparse(tree))
    return len(texts)


def test_another_star_is_no_news(copy: Path, before: Mapping[str, str]) -> None:
    (copy / "stars" / "other").mkdir()
    (copy / "stars" / "other" / "__init__.py").touch()
    (copy / "stars" / "other" / "dim_shop.py").write_text("x = 1\n")
    (copy / "stars" / "other" / "shops.csv").write_text("a;b\n")
    assert digests_of(STAR, copy) == before
