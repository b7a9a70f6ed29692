"""PartiQL's INSERT, UPDATE and DELETE, which change one item, as expressions of PutItem, UpdateItem and DeleteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html. Names of attributes and
values become placeholders. What is not translated is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from moto.dynamodb.exceptions import MockValidationException

from localaws.dynamodb.partiql_conditions import Conditions
from localaws.dynamodb.partiql_operands import Operands
from localaws.dynamodb.partiql_tokens import Tokens
from localaws.dynamodb.partiql_values import Given, Parameters, Value

_REMEMBERED = 1000


@dataclass(frozen=True)
class Statement:
    """A statement: its ``verb`` (INSERT, UPDATE or DELETE) and table, and expressions with placeholders.

    Values depend on the parameters of a call, those that ``?`` stands for; there must be ``parameters`` of them.
    INSERT has the placeholder of its ``item``. ``returning`` is "", ``OLD`` or ``NEW``.
    """

    verb: str
    table: str
    names: Mapping[str, str]
    values: Mapping[str, Given]
    parameters: int
    item: str = ""
    update: str = ""
    condition: str = ""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Placeholders of the values to which attributes must be equal, by attribute; they include those of the key."""
    returning: str = ""

    def key(self, attributes: Sequence[str], parameters: Parameters) -> dict[str, Value]:
        """Return the key of the item that it changes; ``attributes`` are the table's key attributes.

        Raises MockValidationException if it does not name one item.
        """
        if any(name not in self.equal for name in attributes):
            raise MockValidationException("Where clause does not contain a mandatory equality on all key attributes")
        return {name: self.values[self.equal[name]](parameters) for name in attributes}

    def values_of(self, parameters: Parameters) -> dict[str, Value]:
        """Return the values of the placeholders. Raises MockValidationException if the number of parameters differs."""
        if self.parameters != len(parameters):
            raise MockValidationException("Number of parameters in request and statement don't match.")
        return {place: value(parameters) for place, value in self.values.items()}


def is_change(text: str) -> bool:
    """Return whether a statement is INSERT, UPDATE or DELETE."""
    return text.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")


@lru_cache(_REMEMBERED)
def statement_of(text: str) -> Statement:
    """Read a statement. Raises NotImplementedError for what is not translated."""
    return _Reader(Tokens(text)).statement()


class _Reader:
    """Reads a statement from left to right."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens, self._operands = tokens, Operands(tokens)
        self._conditions = Conditions(self._operands)

    def statement(self) -> Statement:
        verb = self._tokens.word()
        if verb == "INSERT":
            return self._insert()
        if verb == "DELETE":
            self._tokens.need("FROM")
        table = self._tokens.name()
        update = self._changes() if verb == "UPDATE" else ""
        self._tokens.need("WHERE")
        condition = self._conditions.condition()
        returning = self._returning() if self._tokens.takes("RETURNING") else ""
        self._end()
        return Statement(
            verb,
            table,
            self._operands.names,
            self._operands.values,
            self._operands.parameters,
            update=update,
            condition=condition,
            equal=self._conditions.equal,
            returning=returning,
        )

    def _insert(self) -> Statement:
        self._tokens.need("INTO")
        table = self._tokens.name()
        self._tokens.need("VALUE")
        if self._tokens.next()[1] != "{":
            raise self._tokens.unexpected()
        item = self._operands.operand()
        self._end()
        given = self._operands
        return Statement("INSERT", table, given.names, given.values, given.parameters, item=item)

    def _end(self) -> None:
        if self._tokens.next()[1]:
            raise self._tokens.unexpected()

    def _changes(self) -> str:
        """Read SET and REMOVE clauses; return the update expression."""
        assigned, removed = [], []
        while True:
            if self._tokens.takes("SET"):
                assigned.append(self._assignment())
                while self._tokens.takes(","):
                    assigned.append(self._assignment())
            elif self._tokens.takes("REMOVE"):
                removed.append(self._operands.path())
            else:
                break
        clauses = [("SET", assigned), ("REMOVE", removed)]
        if not assigned and not removed:
            raise self._tokens.unexpected()
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)

    def _assignment(self) -> str:
        path = self._operands.path()
        self._tokens.need("=")
        value = self._operands.operand()
        if (sign := self._tokens.next()[1]) in ("+", "-"):
            self._tokens.need(sign)
            return f"{path} = {value} {sign} {self._operands.operand()}"
        return f"{path} = {value}"

    def _returning(self) -> str:
        self._tokens.need("ALL")  # MODIFIED is not translated
        which = self._tokens.word()
        if which not in ("OLD", "NEW"):
            raise self._tokens.unexpected()
        self._tokens.need("*")
        return which
