"""Login parameters and transient SQLSTATEs of PostgreSQL. Without SQLAlchemy, as Lambda functions import it at each
cold start.
"""

from __future__ import annotations

from estrela.hooks.secret import Secret

CONNECT_SECONDS = 10
PASSING_STATES = ("08", "40", "53", "57", "58", "55P03")
"""Prefixes of transient SQLSTATEs: connection, rollback, out of resources, operator intervention, system error, lock
not available.
"""


def login_of(secret: Secret) -> dict[str, str]:
    """Return libpq's parameters from a secret in the format of Amazon RDS. Raises SettingsError."""
    names = {"user": "username", "password": "password", "host": "host", "port": "port", "dbname": "dbname"}
    return {name: secret.field(field) for name, field in names.items()}
