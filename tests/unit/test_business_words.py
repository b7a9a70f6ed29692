"""The platform knows no star: nothing that a star declares is named outside of its package, but as an example."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from estrela.model.star import Star, load

PROJECT = Path(__file__).parents[2]
PLATFORM = sorted(
    path
    for folder in ("packages/estrela", "dags", "glue")
    for path in (PROJECT / folder).rglob("*.py")
    if path.relative_to(PROJECT).parts[2:3] not in (("stars",), ("feeds",))
)
ORDINARY = {"day", "fetched_on", "groups", "list", "register", "segments", "year"}
"""Declared names that are also words of a platform: units of time, groups of a pattern, segments of a log."""


def words_of(star: Star) -> set[str]:
    """Names by which a star, its sources and tables, and their requests are known."""
    names = {star.name, *star.entities, *(parameter.name for parameter in star.run_parameters)}
    names |= {declared.name for declared in (*star.sources, *star.tables, *star.marts)}
    return names | {column.key for source in star.sources for column in source.from_request}


SHIPPED = ("banking", "retail")
"""The stars of this repository; the author of another one may use any word."""
WORDS = {word for name in SHIPPED for word in words_of(load(name))} - ORDINARY


def texts_of(source: str) -> Iterator[str]:
    """Yield names and texts of a module, those of its docstrings and what follows "such as" left out."""
    nodes = list(ast.walk(ast.parse(source)))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docs:
                yield text.partition("such as")[0]
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def business_words(source: str) -> set[str]:
    """Return the words of stars that a module uses."""
    return {word for text in texts_of(source) for word in re.findall(r"[a-z0-9_]+", text)} & WORDS


def test_the_platform_names_nothing_of_a_star() -> None:
    named = {str(path.relative_to(PROJECT)): business_words(path.read_text()) for path in PLATFORM}
    assert {path: words for path, words in named.items() if words} == {}


def test_a_word_of_a_star_is_seen_in_names_and_texts() -> None:
    assert {"banking", "retail", "complaints", "fees", "fact_order_lines", "quarters", "cnpj"} <= WORDS
    assert business_words('STAR = "banking"') == {"banking"}
    assert business_words("def run(quarters): return load(cnpj=1).fees") == {"quarters", "cnpj", "fees"}
    assert business_words('"""As of banking."""\nhelp = "a name such as banking"') == set()
