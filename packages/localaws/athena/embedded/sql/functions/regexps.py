r"""Regular expressions: https://trino.io/docs/current/functions/regexp.html.

Trino uses Java's syntax, DuckDB RE2's. A pattern is accepted only if both interpret it alike. If the result could
differ for some subjects (a line break with `.` or `$`, a character beyond ASCII with `\w`), such a subject stops the
query.
"""

from __future__ import annotations

import re
import warnings

from localaws.athena.embedded.sql.functions.signatures import Call, written
from localaws.athena.embedded.sql.typed import Typed, coerce, text_literal
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError
from localaws.athena.types.trino import BIGINT, BOOLEAN, VARCHAR, array

_TOKEN = re.compile(
    r"""\\[dDwWsSbnrt]            # classes and controls
      | \\[^A-Za-z0-9]            # an escaped sign
      | \[\^?(?:[^\[\]\\&]|\\[dwsnrt]|\\[^A-Za-z0-9])+\]
      | \(\?: | \((?!\?) | \)
      | [*+?]\?? (?![*+?])        # greedy or lazy, never possessive
      | \{\d+(?:,\d*)?\}\?? (?![*+?])
      | [.^$|]
      | [^\\()\[\]{}*+?.^$|]""",
    re.VERBOSE,
)
_SPACE_BEYOND = r"[\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
_LINE_BREAK = r"[\n\r\x{85}\x{2028}\x{2029}]"
_BEYOND_ASCII = r"[^\x00-\x7F]"


def checked(pattern: str) -> tuple[str, str]:
    """Return the pattern, and an RE2 pattern of the subjects for which RE2 and Java may differ ('' if none).

    Raises:
        NotSupportedError: syntax that the two may interpret differently.
    """
    body, flags = (pattern[4:], "(?i)") if pattern.startswith("(?i)") else (pattern, "")
    at, guards = 0, set()
    while at < len(body):
        match = _TOKEN.match(body, at)
        if match is None:
            raise NotSupportedError(f"regular expression '{pattern}'")
        guards |= _guards(match[0])
        at = match.end()
    if flags and re.search(r"[^\x00-\x7F]", body):
        raise NotSupportedError(f"regular expression '{pattern}'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(body)
    except re.error:
        raise NotSupportedError(f"regular expression '{pattern}'") from None
    return flags + body, "|".join(sorted(guards))


def _guards(token: str) -> set[str]:
    guards = set()
    if token in (".", "$"):
        guards.add(_LINE_BREAK)
    if re.search(r"\\[wWbdD]", token):
        guards.add(_BEYOND_ASCII)
    if re.search(r"\\[sS]", token):
        guards.add(_SPACE_BEYOND)
    return guards


def _may_match_nothing(pattern: str) -> bool:
    """Return whether a pattern can match the empty string: Java and RE2 advance differently after such a match."""
    parser = re._parser  # type: ignore[attr-defined]
    return parser.parse(pattern.removeprefix("(?i)")).getwidth()[0] == 0


def _groups(pattern: str) -> int:
    return re.compile(pattern.removeprefix("(?i)")).groups


def _prepared(call: Call, *, nonempty: bool = False, most: int = 2) -> tuple[str, str]:
    if not 2 <= len(call.args) <= most or call.args[0].type.name not in ("varchar", "unknown"):
        raise call.unexpected("varchar, pattern")
    pattern, guard = checked(call.literal(1, "a pattern"))
    if nonempty and _may_match_nothing(pattern):
        raise NotSupportedError(f"function {call.name} with a pattern that matches the empty string")
    subject = coerce(call.args[0], VARCHAR).sql
    return (f"trino_subject_unsure({subject}, {text_literal(guard)})" if guard else subject), pattern


def _group(call: Call, pattern: str) -> int:
    group = call.number(2, "a group") if len(call.args) > 2 else 0
    if not 0 <= group <= _groups(pattern):
        raise InvalidArgumentError(f"Pattern has {_groups(pattern)} groups. Cannot access group {group}")
    if group and re.search(r"[|?*]|\{0", pattern):
        raise NotSupportedError("regular expression group that may take no part in the match")
    return group


@written("regexp_like(varchar, pattern literal) -> boolean")
def _like(call: Call) -> Typed:
    subject, pattern = _prepared(call)
    return Typed(f"regexp_matches({subject}, {text_literal(pattern)})", BOOLEAN)


@written("regexp_extract(varchar, pattern literal[, group]) -> varchar")
def _extract(call: Call) -> Typed:
    subject, pattern = _prepared(call, most=3)
    extraction = f"regexp_extract({subject}, {text_literal(pattern)}, {_group(call, pattern)})"
    return Typed(f"CASE WHEN regexp_matches({subject}, {text_literal(pattern)}) THEN {extraction} END", VARCHAR)


@written("regexp_extract_all(varchar, pattern literal[, group]) -> array(varchar)")
def _extract_all(call: Call) -> Typed:
    subject, pattern = _prepared(call, nonempty=True, most=3)
    return Typed(f"regexp_extract_all({subject}, {text_literal(pattern)}, {_group(call, pattern)})", array(VARCHAR))


@written("regexp_replace(varchar, pattern literal[, replacement literal]) -> varchar")
def _replace(call: Call) -> Typed:
    subject, pattern = _prepared(call, nonempty=True, most=3)
    given = call.literal(2, "a replacement") if len(call.args) > 2 else ""
    replacement = _replacement(given, _groups(pattern))
    return Typed(f"regexp_replace({subject}, {text_literal(pattern)}, {text_literal(replacement)}, 'g')", VARCHAR)


def _replacement(text: str, groups: int) -> str:
    r"""Convert Java's `$1` to RE2's `\1`."""
    pieces = re.findall(r"\$\d+|\\[^A-Za-z0-9]|[^$\\]", text)
    if "".join(pieces) != text or any(p[0] == "$" and (len(p) > 2 or int(p[1:]) > groups) for p in pieces):
        raise NotSupportedError(f"regular expression replacement '{text}'")
    plain = [f"\\{p[1:]}" if p[0] == "$" else p[-1] for p in pieces]
    return "".join("\\\\" if p == "\\" else p for p in plain)


@written("regexp_count(varchar, pattern literal) -> bigint")
def _count(call: Call) -> Typed:
    subject, pattern = _prepared(call, nonempty=True)
    return Typed(f"len(regexp_extract_all({subject}, {text_literal(pattern)}, 0))", BIGINT)


@written("regexp_split(varchar, pattern literal) -> array(varchar)")
def _split(call: Call) -> Typed:
    subject, pattern = _prepared(call, nonempty=True)
    return Typed(f"string_split_regex({subject}, {text_literal(pattern)})", array(VARCHAR))


FUNCTIONS = [_like, _extract, _extract_all, _replace, _count, _split]
