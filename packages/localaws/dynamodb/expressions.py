"""Update expressions: moto parses each text twice per call, and copies its tree node by node for each validation."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

_REMEMBERED = 1000
_PICKLED = "localaws_pickled"
"""Attribute of a remembered tree: itself, as bytes."""


def install() -> None:
    """Make moto parse a text once, and copy trees as a whole; before its first request to DynamoDB."""
    UpdateExpressionParser.make = staticmethod(_remembering(UpdateExpressionParser.make))
    validators.deepcopy = _copied


def _remembering(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser that returns the same tree for the same text; errors are not remembered.

    Callers may share a tree, because moto changes only the copies that validators make.
    """

    def parsed(text: str) -> Any:
        tree = parse(text)
        setattr(tree, _PICKLED, pickle.dumps(tree))
        return tree

    return lru_cache(_REMEMBERED)(parsed)


def _copied(tree: Any) -> Any:
    return pickle.loads(getattr(tree, _PICKLED, None) or pickle.dumps(tree))
