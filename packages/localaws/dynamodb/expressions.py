"""Expressions: moto reads each text several times per call, and walks and copies its tree for each validation."""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from moto.dynamodb import models, responses
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from localaws.dynamodb import assignments
from localaws.dynamodb.assignments import TEXT

_REMEMBERED = 1000
_PICKLED = "localaws_pickled"
"""Attribute of a remembered tree: itself, as bytes."""
_PARSED = "localaws_parsed"
"""Attribute of a parser of conditions: what it parsed."""
_is_node: dict[type, bool] = {}
_processed: dict[tuple[type, type], bool] = {}
"""For each class of traverser and of node: does it process the node?"""
_last = threading.local()
"""The last condition that the thread parsed."""


def install() -> None:
    """Make moto read a text once, and copy trees as a whole; before its first request to DynamoDB."""
    UpdateExpressionParser.make = staticmethod(_remembering(UpdateExpressionParser.make))
    validators.deepcopy = _copied
    lexer = _remembering_words(ConditionExpressionParser._lex_condition_expression)
    ConditionExpressionParser._lex_condition_expression = lexer
    ConditionExpressionParser.parse = _parsing_once(ConditionExpressionParser.parse)
    responses.create_condition_expression_parser = models.create_condition_expression_parser = _condition_parser
    DepthFirstTraverser.traverse_node_recursively = _traverse
    DynamoType.__deepcopy__ = _wrap_deepcopy(DynamoType.__deepcopy__)
    assignments.install()


def _remembering(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser that returns the same tree for the same text; errors are not remembered.

    Callers may share a tree, because moto changes only the copies that validators make.
    """

    def parsed(text: str) -> Any:
        tree = parse(text)
        setattr(tree, _PICKLED, pickle.dumps(tree))
        setattr(tree, TEXT, text)
        tree.find_clauses = _remembering_clauses(tree.find_clauses)
        return tree

    return lru_cache(_REMEMBERED)(parsed)


def _remembering_clauses(find: Callable[[Sequence[type]], list[Any]]) -> Callable[[Sequence[type]], list[Any]]:
    """Return a method of a remembered tree that searches it once for each list of classes."""

    @lru_cache
    def found(kinds: tuple[type, ...]) -> tuple[Any, ...]:
        return tuple(find(kinds))

    return lambda kinds: [*found(tuple(kinds))]


def _copied(tree: Any) -> Any:
    return pickle.loads(getattr(tree, _PICKLED, None) or pickle.dumps(tree))


def _wrap_deepcopy(original: Callable[[Any, dict[int, Any]], Any]) -> Callable[[Any, dict[int, Any]], Any]:
    """Return a method that copies only values with parts; moto replaces all others and never changes them."""

    def deepcopied(value: Any, memo: dict[int, Any]) -> Any:
        return original(value, memo) if isinstance(value.value, list | dict) else value

    return deepcopied


def _remembering_words(lex: Callable[[Any], deque[Any]]) -> Callable[[Any], deque[Any]]:
    """Return a method that splits the same condition into the same words, which are never changed."""

    @lru_cache(_REMEMBERED)
    def words(text: str) -> tuple[Any, ...]:
        return tuple(lex(ConditionExpressionParser(text, None, None)))

    return lambda parser: deque(words(parser.condition_expression))


def _parsing_once(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a method that parses the condition of a parser once; what it returns is never changed."""

    def parsed(parser: Any) -> Any:
        if _PARSED not in vars(parser):
            setattr(parser, _PARSED, parse(parser))
        return getattr(parser, _PARSED)

    return parsed


def _condition_parser(*given: Any) -> ConditionExpressionParser:
    """Return a parser of a condition with names and values: for the same objects, the one that the thread used last.

    moto's answer checks which names a condition uses, then passes the same objects to the backend, which evaluates it.
    """
    parser: ConditionExpressionParser | None = getattr(_last, "parser", None)
    if parser is None or any(new is not old for new, old in zip(given, _last.given, strict=True)):
        parser = ConditionExpressionParser(*given)
        _last.parser, _last.given = parser, given
    return parser


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """Process the nodes below a node, then the node itself, as moto does, which asks every node for all its bases."""
    kind = type(node)
    if kind not in _is_node:
        _is_node[kind] = issubclass(kind, Node)
    if not _is_node[kind]:
        return node
    parent = node.parent
    for at, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, at)
        _traverse(traverser, child, at)
    if _processes(traverser, kind):
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _processes(traverser: Any, kind: type) -> bool:
    pair = (type(traverser), kind)
    if pair not in _processed:
        _processed[pair] = issubclass(kind, tuple(traverser._processing_map()))
    return _processed[pair]
