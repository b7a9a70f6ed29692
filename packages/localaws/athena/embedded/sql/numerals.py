"""Number and binary literals that sqlglot's tokenizer reads differently from Trino.

Grammar: INTEGER_VALUE, DECIMAL_VALUE and BINARY_LITERAL of Trino's SqlBase.g4.
"""

from __future__ import annotations

import re

from localaws.athena.sql_errors import SqlError

_TOKEN = re.compile(
    r"""(?P<skipped>'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/)
      | (?<![\w$])[xX]'(?P<binary>[^']*)'
      | (?<![\w$])(?P<number>0[xX]\w+ | \d[\w.]*(?:(?<=[\d.][eE])[+-]\d+)?)
      | [^\W\d][\w$]*""",
    re.VERBOSE | re.DOTALL,
)
_INTEGER = re.compile(r"0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+")
_DECIMAL = re.compile(r"(?:\d(?:_?\d)*)(?:\.(?:\d(?:_?\d)*)?)?(?:[eE][+-]?\d+)?")


def plain_numerals(text: str) -> str:
    """Rewrite hexadecimal, octal, binary and grouped numbers in decimal digits, and remove spaces from binaries.

    A shorter literal is padded with spaces, so that the rest of the line keeps its position.

    Raises:
        SqlError: a name that starts with a digit.
    """
    return _TOKEN.sub(_plain, text)


def _plain(token: re.Match[str]) -> str:
    if token["binary"] is not None:
        return f"X'{''.join(token['binary'].split())}'".ljust(len(token[0]))
    number = token["number"]
    if number is None or number.isdigit():
        return token[0]
    if _INTEGER.fullmatch(number):
        return str(int(number.replace("_", ""), 0)).ljust(len(number))
    if _DECIMAL.fullmatch(number):
        return number.replace("_", "").ljust(len(number))
    raise SqlError(
        f"'{number[:60]}' is neither a number nor a name: identifiers must not start with a digit; "
        "surround the identifier with double quotes"
    )
