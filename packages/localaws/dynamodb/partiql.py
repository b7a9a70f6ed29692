"""PartiQL's INSERT, UPDATE and DELETE, which change one item, as expressions of PutItem, UpdateItem and DeleteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html. Names of attributes and
values become placeholders. What is not translated is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.dynamodb.exceptions import MockValidationException

from localaws.dynamodb.partiql_tokens import Tokens

_COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}
_FUNCTIONS = {"begins_with": 2, "contains": 2, "attribute_type": 2, "size": 1}
_REMEMBERED = 1000
Value = dict[str, Any]
Parameters = Sequence[Value]


@dataclass(frozen=True)
class Statement:
    """A statement: its ``verb`` (INSERT, UPDATE or DELETE) and table, and expressions with placeholders.

    Values depend on the parameters of a call, those that ``?`` stands for; there must be ``parameters`` of them.
    INSERT has the placeholder of its ``item``. ``returning`` is "", ``OLD`` or ``NEW``.
    """

    verb: str
    table: str
    names: Mapping[str, str]
    values: Mapping[str, Callable[[Parameters], Value]]
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


@dataclass
class _Reader:
    """Reads a statement from left to right."""

    tokens: Tokens
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Callable[[Parameters], Value]] = field(default_factory=dict)
    parameters: int = 0
    equal: dict[str, str] = field(default_factory=dict)

    def statement(self) -> Statement:
        verb = self.tokens.word()
        if verb == "INSERT":
            return self._insert()
        if verb == "DELETE":
            self.tokens.need("FROM")
        table = self.tokens.name()
        update = self._changes() if verb == "UPDATE" else ""
        self.tokens.need("WHERE")
        terms = self._any()
        if len(terms) > 1:
            self.equal.clear()  # none of them must be true
        returning = self._returning() if self.tokens.takes("RETURNING") else ""
        self._end()
        return Statement(
            verb,
            table,
            self.names,
            self.values,
            self.parameters,
            update=update,
            condition=" OR ".join(terms),
            equal=self.equal,
            returning=returning,
        )

    def _insert(self) -> Statement:
        self.tokens.need("INTO")
        table = self.tokens.name()
        self.tokens.need("VALUE")
        if self.tokens.next()[1] != "{":
            raise self.tokens.unexpected()
        item = self._operand()
        self._end()
        return Statement("INSERT", table, self.names, self.values, self.parameters, item=item)

    def _end(self) -> None:
        if self.tokens.next()[1]:
            raise self.tokens.unexpected()

    def _changes(self) -> str:
        """Read SET and REMOVE clauses; return the update expression."""
        assigned, removed = [], []
        while True:
            if self.tokens.takes("SET"):
                assigned.append(self._assignment())
                while self.tokens.takes(","):
                    assigned.append(self._assignment())
            elif self.tokens.takes("REMOVE"):
                removed.append(self._path())
            else:
                break
        clauses = [("SET", assigned), ("REMOVE", removed)]
        if not assigned and not removed:
            raise self.tokens.unexpected()
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)

    def _assignment(self) -> str:
        path = self._path()
        self.tokens.need("=")
        value = self._operand()
        if (sign := self.tokens.next()[1]) in ("+", "-"):
            self.tokens.need(sign)
            return f"{path} = {value} {sign} {self._operand()}"
        return f"{path} = {value}"

    def _any(self) -> list[str]:
        """Read terms joined by OR."""
        terms = [self._all()]
        while self.tokens.takes("OR"):
            terms.append(self._all())
        return terms

    def _all(self) -> str:
        terms = [self._term()]
        while self.tokens.takes("AND"):
            terms.append(self._term())
        return " AND ".join(terms)

    def _term(self) -> str:
        if self.tokens.takes("NOT"):
            return f"NOT {self._apart(self._term)}"
        if self.tokens.takes("("):
            inner = self._apart(lambda: " OR ".join(self._any()))
            self.tokens.need(")")
            return f"({inner})"
        return self._comparison()

    def _apart(self, read: Callable[[], str]) -> str:
        """Read a part whose equalities need not be true."""
        equal = dict(self.equal)
        text = read()
        self.equal = equal
        return text

    def _comparison(self) -> str:
        left = self._operand()
        if left.startswith(tuple(f"{name}(" for name in ("begins_with", "contains", "attribute_type"))):
            return left
        is_not = self.tokens.takes("NOT")
        if self.tokens.takes("BETWEEN"):
            low = self._operand()
            self.tokens.need("AND")
            text = f"{left} BETWEEN {low} AND {self._operand()}"
        elif self.tokens.takes("IN"):
            text = f"{left} IN ({', '.join(self._listed())})"
        elif not is_not and self.tokens.takes("IS"):
            is_not = self.tokens.takes("NOT")
            self.tokens.need("MISSING")
            return f"attribute_exists({left})" if is_not else f"attribute_not_exists({left})"
        elif not is_not and (sign := self.tokens.next()[1]) in _COMPARISONS:
            self.tokens.need(sign)
            right = self._operand()
            for path, value in ((left, right), (right, left)):
                if sign == "=" and path in self.names and value in self.values:
                    self.equal.setdefault(self.names[path], value)
            return f"{left} {'<>' if sign == '!=' else sign} {right}"
        else:
            raise self.tokens.unexpected()
        return f"NOT {text}" if is_not else text

    def _listed(self) -> list[str]:
        end = "]" if self.tokens.takes("[") else ")"
        if end == ")":
            self.tokens.need("(")
        values = [self._operand()]
        while self.tokens.takes(","):
            values.append(self._operand())
        self.tokens.need(end)
        return values

    def _operand(self) -> str:
        """Read a path, a function or a value; return its text in an expression."""
        kind, token = self.tokens.next()
        if kind == "word" and token.lower() in {*_FUNCTIONS, "list_append"} and self.tokens.is_function():
            name = token.lower()
            self.tokens.need(token)
            self.tokens.need("(")
            given = [self._operand()]
            while self.tokens.takes(","):
                given.append(self._operand())
            self.tokens.need(")")
            return f"{name}({', '.join(given)})"
        if kind == "name" or (kind == "word" and token.upper() not in ("TRUE", "FALSE", "NULL")):
            return self._path()
        value = self._value()
        place = f":v{len(self.values)}"
        self.values[place] = value
        return place

    def _path(self) -> str:
        path = self._placeholder(self.tokens.name())
        while True:
            if self.tokens.takes("."):
                path += "." + self._placeholder(self.tokens.name())
            elif self.tokens.takes("["):
                kind, number = self.tokens.next()
                if kind != "number" or not number.isdigit():
                    raise self.tokens.unexpected()
                self.tokens.need(number)
                self.tokens.need("]")
                path += f"[{number}]"
            else:
                return path

    def _placeholder(self, name: str) -> str:
        known = {of: place for place, of in self.names.items()}
        place = known.get(name, f"#n{len(self.names)}")
        self.names[place] = name
        return place

    def _value(self) -> Callable[[Parameters], Value]:
        if self.tokens.takes("?"):
            at, self.parameters = self.parameters, self.parameters + 1
            return lambda given: given[at]
        if self.tokens.takes("["):
            parts = self._parts("]", self._value)
            return lambda given: {"L": [part(given) for part in parts]}
        if self.tokens.takes("{"):
            pairs = self._parts("}", self._pair)
            return lambda given: {"M": {name: part(given) for name, part in pairs}}
        literal = self._literal()
        return lambda _: literal

    def _literal(self) -> Value:
        sign = "-" if self.tokens.takes("-") else ""
        kind, token = self.tokens.next()
        literal: Value
        if kind == "number":
            literal = {"N": sign + token}
        elif sign:
            raise self.tokens.unexpected()
        elif kind == "text":
            literal = {"S": token[1:-1].replace("''", "'")}
        elif token.upper() in ("TRUE", "FALSE"):
            literal = {"BOOL": token.upper() == "TRUE"}
        elif token.upper() == "NULL":
            literal = {"NULL": True}
        else:
            raise self.tokens.unexpected()
        self.tokens.need(token)
        return literal

    def _pair(self) -> tuple[str, Callable[[Parameters], Value]]:
        kind, token = self.tokens.next()
        if kind != "text":
            raise self.tokens.unexpected()
        self.tokens.need(token)
        self.tokens.need(":")
        return token[1:-1].replace("''", "'"), self._value()

    def _parts(self, end: str, read: Callable[[], Any]) -> list[Any]:
        parts: list[Any] = []
        while not self.tokens.takes(end):
            if parts:
                self.tokens.need(",")
            parts.append(read())
        return parts

    def _returning(self) -> str:
        self.tokens.need("ALL")  # MODIFIED is not translated
        which = self.tokens.word()
        if which not in ("OLD", "NEW"):
            raise self.tokens.unexpected()
        self.tokens.need("*")
        return which
