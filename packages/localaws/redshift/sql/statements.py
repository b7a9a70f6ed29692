"""The kind of a statement, and the SQL that PostgreSQL runs for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql.create_table import create_table
from localaws.redshift.sql.dialect import parsed, rendered
from localaws.redshift.sql.expressions import rewritten
from localaws.redshift.sql.merge import checked_merge
from localaws.redshift.sql.roles import create_role, drop_role, grant
from localaws.redshift.sql.words import Words, literal, quoted, table_name

QUERY, CHANGE, DEFINITION = "query", "change", "definition"
BEGIN, COMMIT, ROLLBACK, TRUNCATE = "begin", "commit", "rollback", "truncate"
LOCK = "lock"
COPY, UNLOAD, OUTSIDE = "copy", "unload", "outside a transaction"


@dataclass(frozen=True)
class Statement:
    """A statement. ``runs`` are PostgreSQL's statements, in order; the last one's result or row count is the answer.

    ``database`` is the database in CREATE or DROP DATABASE.
    """

    kind: str
    sql: str
    runs: tuple[str, ...] = field(default=())
    database: str = ""


def read_statement(sql: str, parameters: Mapping[str, str]) -> Statement:
    """Read one statement; raise SqlError, or UnsupportedError if the result is not certain to be Redshift's."""
    words = Words(sql)
    if words.ended:
        raise SqlError("syntax error at end of input")
    first = "SELECT" if words.peek() == "(" else words.peek()
    reader = _READERS.get(first)
    if reader is None:
        raise UnsupportedError(f"statement {first}", "is not on the list of supported statements")
    if first not in ("COPY", "UNLOAD") and words.has_backslash():
        raise UnsupportedError("a string literal with a backslash")
    return reader(words, parameters)


def _rows(kind: str) -> Callable[[Words, Mapping[str, str]], Statement]:
    def read(words: Words, parameters: Mapping[str, str]) -> Statement:
        tree = parsed(words.sql)
        if isinstance(tree, exp.Merge):
            checked_merge(tree)
        if not isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Values):
            raise UnsupportedError(f"statement {tree.key.upper()}")
        if isinstance(tree, exp.Select) and not tree.expressions:
            raise SqlError("syntax error at end of input")
        return Statement(kind, words.sql, (rendered(rewritten(tree, parameters)),))

    return read


def _create(words: Words, parameters: Mapping[str, str]) -> Statement:
    sql = words.sql
    words.expect("CREATE")
    replace = words.skip("OR", "REPLACE")
    if words.skip("SCHEMA"):
        return _create_schema(words)
    if words.skip("DATABASE"):
        name = words.name()
        if not words.ended:
            raise UnsupportedError(f"CREATE DATABASE with {words.peek()}")
        return Statement(OUTSIDE, sql, database=name)
    if words.skip("VIEW"):
        return _create_view(words, parameters, replace=replace)
    if words.skip("ROLE"):
        return Statement(DEFINITION, sql, create_role(words))
    temporary = words.skip("TEMPORARY") or words.skip("TEMP") or words.skip("LOCAL", "TEMP")
    if replace or not words.skip("TABLE"):
        raise UnsupportedError(f"CREATE {words.peek()}", "is not on the list of supported statements")
    return Statement(DEFINITION, sql, create_table(words, parameters, temporary=temporary))


def _create_schema(words: Words) -> Statement:
    exists = " IF NOT EXISTS" if words.skip("IF", "NOT", "EXISTS") else ""
    name = words.name()
    if not words.ended:
        raise UnsupportedError(f"CREATE SCHEMA with {words.peek()}")
    return Statement(DEFINITION, words.sql, (f"CREATE SCHEMA{exists} {quoted(name)}",))


def _create_view(words: Words, parameters: Mapping[str, str], *, replace: bool) -> Statement:
    schema, name = words.qualified_name()
    columns = f" ({', '.join(map(quoted, words.names_in_parentheses()))})" if words.peek() == "(" else ""
    words.expect("AS")
    body = words.sql[words.start :]
    if "NO SCHEMA BINDING" in " ".join(body.upper().split()):
        raise UnsupportedError("WITH NO SCHEMA BINDING")
    query = rendered(rewritten(parsed(body), parameters))
    verb = "CREATE OR REPLACE VIEW" if replace else "CREATE VIEW"
    return Statement(DEFINITION, words.sql, (f"{verb} {table_name(schema, name)}{columns} AS {query}",))


def _drop(words: Words, parameters: Mapping[str, str]) -> Statement:
    words.expect("DROP")
    if words.skip("ROLE"):
        return Statement(DEFINITION, words.sql, drop_role(words))
    kind = words.peek()
    if kind not in ("TABLE", "VIEW", "SCHEMA", "DATABASE"):
        raise UnsupportedError(f"DROP {kind}", "is not on the list of supported statements")
    words.advance()
    exists = "IF EXISTS " if words.skip("IF", "EXISTS") else ""
    if kind == "DATABASE":
        return Statement(OUTSIDE, words.sql, database=f"-{words.name()}")
    dropped = [table_name(*words.qualified_name())]
    while words.skip(","):
        dropped.append(table_name(*words.qualified_name()))
    how = " CASCADE" if words.skip("CASCADE") else ""
    words.skip("RESTRICT")
    if not words.ended:
        raise words.error()
    return Statement(DEFINITION, words.sql, (f"DROP {kind} {exists}{', '.join(dropped)}{how}",))


def _alter(words: Words, parameters: Mapping[str, str]) -> Statement:
    from localaws.redshift.sql.alter_table import alter_table

    words.expect("ALTER")
    if not words.skip("TABLE"):
        raise UnsupportedError(f"ALTER {words.peek()}", "is not on the list of supported statements")
    return Statement(DEFINITION, words.sql, alter_table(words))


def _grant(words: Words, parameters: Mapping[str, str]) -> Statement:
    return Statement(DEFINITION, words.sql, grant(words))


def _truncate(words: Words, parameters: Mapping[str, str]) -> Statement:
    words.expect("TRUNCATE")
    words.skip("TABLE")
    name = table_name(*words.qualified_name())
    if not words.ended:
        raise words.error()
    return Statement(TRUNCATE, words.sql, (f"TRUNCATE {name}",))


def _lock(words: Words, parameters: Mapping[str, str]) -> Statement:
    """LOCK always locks in ACCESS EXCLUSIVE mode: https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html."""
    words.expect("LOCK")
    words.skip("TABLE")
    locked = [table_name(*words.qualified_name())]
    while words.skip(","):
        locked.append(table_name(*words.qualified_name()))
    if not words.ended:
        raise words.error()
    return Statement(LOCK, words.sql, (f"LOCK TABLE {', '.join(locked)}",))


def _transaction(kind: str) -> Callable[[Words, Mapping[str, str]], Statement]:
    def read(words: Words, parameters: Mapping[str, str]) -> Statement:
        words.advance()
        _ = words.skip("TRANSACTION") or words.skip("WORK")
        if not words.ended:
            raise UnsupportedError(f"{kind.upper()} with {words.peek()}")
        return Statement(kind, words.sql)

    return read


def _set(words: Words, parameters: Mapping[str, str]) -> Statement:
    words.expect("SET")
    name = words.name()
    _ = words.skip("TO") or words.skip("=")
    if name == "search_path":
        schemas = [words.string() if words.is_string() else words.name()]
        while words.skip(","):
            schemas.append(words.string() if words.is_string() else words.name())
        path = ", ".join(quoted(schema.strip("'\"")) for schema in schemas)
        return Statement(DEFINITION, words.sql, (f"SET search_path = {path}, rs, pg_catalog",))
    if name == "query_group":
        value = words.string() if words.is_string() else words.name()
        return Statement(DEFINITION, words.sql, (f"SET rs.query_group = {literal(value)}",))
    raise UnsupportedError(f"SET {name}", "is not on the list of supported settings")


def _maintenance(words: Words, parameters: Mapping[str, str]) -> Statement:
    verb = words.peek()
    words.advance()
    while words.peek() in ("FULL", "SORT", "DELETE", "REINDEX", "RECLUSTER", "ONLY", "VERBOSE"):
        words.advance()
    name = "" if words.ended else " " + table_name(*words.qualified_name())
    if not words.ended:
        raise UnsupportedError(f"{verb} with {words.peek()}")
    kind = OUTSIDE if verb == "VACUUM" else DEFINITION
    return Statement(kind, words.sql, (f"{verb}{name}",))


def _raw(kind: str) -> Callable[[Words, Mapping[str, str]], Statement]:
    def read(words: Words, parameters: Mapping[str, str]) -> Statement:
        if parameters:
            raise UnsupportedError(f"a parameter in {kind.upper()}")
        return Statement(kind, words.sql)

    return read


_READERS: Mapping[str, Callable[[Words, Mapping[str, str]], Statement]] = {
    "SELECT": _rows(QUERY),
    "WITH": _rows(QUERY),
    "INSERT": _rows(CHANGE),
    "UPDATE": _rows(CHANGE),
    "DELETE": _rows(CHANGE),
    "MERGE": _rows(CHANGE),
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    "GRANT": _grant,
    "TRUNCATE": _truncate,
    "LOCK": _lock,
    "BEGIN": _transaction(BEGIN),
    "START": _transaction(BEGIN),
    "COMMIT": _transaction(COMMIT),
    "END": _transaction(COMMIT),
    "ROLLBACK": _transaction(ROLLBACK),
    "ABORT": _transaction(ROLLBACK),
    "SET": _set,
    "ANALYZE": _maintenance,
    "VACUUM": _maintenance,
    "COPY": _raw(COPY),
    "UNLOAD": _raw(UNLOAD),
}
