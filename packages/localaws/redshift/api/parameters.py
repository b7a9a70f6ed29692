"""Named parameters: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlglot.tokens import TokenType

from localaws.redshift.errors import SqlError, ValidationError
from localaws.redshift.sql.dialect import tokens_of


def checked(parameters: Sequence[dict[str, str]], texts: Sequence[str]) -> dict[str, str]:
    """Return the values by name; raises ValidationError for a duplicate name, or a name that no statement uses."""
    values: dict[str, str] = {}
    for parameter in parameters:
        if parameter["name"] in values:
            raise ValidationError(
                f"Parameters list contains duplicate parameters. Duplicate parameters: [{parameter['name']}]"
            )
        values[parameter["name"]] = parameter["value"]
    used = {name for text in texts for name in _names(text)}
    unused = [name for name in values if name not in used]
    if unused:
        raise ValidationError(f"Parameters list contains unused parameters. Unused parameters: [{', '.join(unused)}]")
    return values


def _names(text: str) -> set[str]:
    try:
        tokens = tokens_of(text)
    except SqlError:
        return set()
    return {
        following.text
        for token, following in pairwise(tokens)
        if token.token_type is TokenType.COLON and following.start == token.end + 1
    }
