"""The conditions of a PartiQL statement as DynamoDB's condition expressions."""

from __future__ import annotations

from collections.abc import Callable

from localaws.dynamodb.partiql_operands import Operands

_COMPARISONS = {"=", "<>", "!=", "<", "<=", ">", ">="}
_TESTS = ("begins_with(", "contains(", "attribute_type(")


class Conditions:
    """Reads conditions. ``equal`` has the placeholders of the values to which attributes must be equal, by attribute.

    Methods raise NotImplementedError for what is not translated.
    """

    def __init__(self, operands: Operands) -> None:
        self._operands, self._tokens = operands, operands.tokens
        self.equal: dict[str, str] = {}

    def condition(self) -> str:
        """Read a whole condition."""
        terms = self._any()
        if len(terms) > 1:
            self.equal.clear()  # none of them must be true
        return " OR ".join(terms)

    def _any(self) -> list[str]:
        """Read terms joined by OR."""
        terms = [self._all()]
        while self._tokens.takes("OR"):
            terms.append(self._all())
        return terms

    def _all(self) -> str:
        terms = [self._term()]
        while self._tokens.takes("AND"):
            terms.append(self._term())
        return " AND ".join(terms)

    def _term(self) -> str:
        if self._tokens.takes("NOT"):
            return f"NOT {self._apart(self._term)}"
        if self._tokens.takes("("):
            inner = self._apart(lambda: " OR ".join(self._any()))
            self._tokens.need(")")
            return f"({inner})"
        return self._comparison()

    def _apart(self, read: Callable[[], str]) -> str:
        """Read a part whose equalities need not be true."""
        equal = dict(self.equal)
        text = read()
        self.equal = equal
        return text

    def _comparison(self) -> str:
        left = self._operands.operand()
        if left.startswith(_TESTS):
            return left
        is_not = self._tokens.takes("NOT")
        if self._tokens.takes("BETWEEN"):
            low = self._operands.operand()
            self._tokens.need("AND")
            text = f"{left} BETWEEN {low} AND {self._operands.operand()}"
        elif self._tokens.takes("IN"):
            text = f"{left} IN ({', '.join(self._operands.listed())})"
        elif not is_not and self._tokens.takes("IS"):
            is_not = self._tokens.takes("NOT")
            self._tokens.need("MISSING")
            return f"attribute_exists({left})" if is_not else f"attribute_not_exists({left})"
        elif not is_not and (sign := self._tokens.next()[1]) in _COMPARISONS:
            self._tokens.need(sign)
            right = self._operands.operand()
            for path, value in ((left, right), (right, left)):
                if sign == "=" and path in self._operands.names and value in self._operands.values:
                    self.equal.setdefault(self._operands.names[path], value)
            return f"{left} {'<>' if sign == '!=' else sign} {right}"
        else:
            raise self._tokens.unexpected()
        return f"NOT {text}" if is_not else text
