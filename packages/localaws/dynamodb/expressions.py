"""Update expressions: moto parses each text twice per call, and copies its tree node by node."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

_REMEMBERED = 1000


def install() -> None:
    """Make moto parse a text once, and copy trees as a whole; before its first request to DynamoDB."""
    UpdateExpressionParser.make = staticmethod(_remembering(UpdateExpressionParser.make))
    validators.deepcopy = _copied


def _remembering(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser that gives each caller a tree of its own: validators change it. Errors are not remembered."""
    parsed = lru_cache(_REMEMBERED)(lambda text: pickle.dumps(parse(text)))
    return lambda text: pickle.loads(parsed(text))


def _copied(tree: Any) -> Any:
    return pickle.loads(pickle.dumps(tree))
