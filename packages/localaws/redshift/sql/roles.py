"""Roles of a database, and grants to them. Grants have no effect: the administrator runs every statement.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_ROLE.html
https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
"""

from __future__ import annotations

from localaws.redshift.errors import UnsupportedError
from localaws.redshift.sql.words import Words, literal, table_name

_PRIVILEGES = (
    "ALL", "ALTER", "CREATE", "DELETE", "DROP", "EXECUTE", "INSERT", "REFERENCES", "SELECT", "TEMP", "TEMPORARY",
    "TRUNCATE", "UPDATE", "USAGE",
)  # fmt: skip
_SCOPES = ("SCHEMAS", "TABLES", "FUNCTIONS", "PROCEDURES")


def create_role(words: Words) -> tuple[str, ...]:
    """Return PostgreSQL's statements for the words after CREATE ROLE."""
    name = words.name()
    if not words.ended:
        raise UnsupportedError(f"CREATE ROLE with {words.peek()}")
    return (f"SELECT rs.create_role({literal(name)})",)


def drop_role(words: Words) -> tuple[str, ...]:
    """Return PostgreSQL's statements for the words after DROP ROLE."""
    name = words.name()
    _ = words.skip("FORCE") or words.skip("RESTRICT")
    if not words.ended:
        raise words.error()
    return (f"SELECT rs.drop_role({literal(name)})",)


def grant(words: Words) -> tuple[str, ...]:
    """Return PostgreSQL's statements for a GRANT to roles, which only checks that its objects and roles exist."""
    words.expect("GRANT")
    _take_privileges(words)
    checks = _scope(words) if words.skip("FOR") else _objects(words)
    words.expect("TO")
    checks += _take_roles(words)
    if not words.ended:
        raise UnsupportedError(f"GRANT with {words.peek()}")
    return checks


def _take_privileges(words: Words) -> None:
    while True:
        privilege = words.peek()
        if privilege not in _PRIVILEGES:
            raise UnsupportedError(f"GRANT {privilege}", "is not on the list of supported privileges")
        words.advance()
        if privilege == "ALL":
            words.skip("PRIVILEGES")
        if not words.skip(","):
            return


def _scope(words: Words) -> tuple[str, ...]:
    """Read what follows FOR: all objects of a kind, present and future, in a database or schema."""
    if words.peek() not in _SCOPES:
        raise words.error()
    words.advance()
    words.expect("IN")
    if words.skip("DATABASE"):
        return (_database(words),)
    words.expect("SCHEMA")
    return (_schema(words),)


def _objects(words: Words) -> tuple[str, ...]:
    words.expect("ON")
    if words.skip("DATABASE"):
        return (_database(words),)
    if words.skip("SCHEMA"):
        return (_schema(words),)
    words.skip("TABLE")
    return (f"SELECT {literal(table_name(*words.qualified_name()))}::regclass",)


def _database(words: Words) -> str:
    return f"SELECT rs.known_database({literal(words.name())})"


def _schema(words: Words) -> str:
    return f"SELECT {literal(words.name())}::regnamespace"


def _take_roles(words: Words) -> tuple[str, ...]:
    """Read the grantees, all of which must be roles: users and groups do not exist here."""
    checks = []
    while True:
        if not words.skip("ROLE"):
            raise UnsupportedError(f"GRANT to {words.peek()}", "is refused unless it is a role")
        checks.append(f"SELECT rs.known_role({literal(words.name())})")
        if not words.skip(","):
            return tuple(checks)
