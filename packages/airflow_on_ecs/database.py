"""Airflow's metadata database, as the environment of a container describes it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import URL


def database_url(env: Mapping[str, str], driver: str = "postgresql+psycopg") -> str:
    """Return the address from ``DATABASE_HOST``, ``_NAME``, ``_USER`` and ``_PASSWORD``, over TLS.

    A password may hold any character: the address quotes it. ``PGSSLMODE`` is PostgreSQL's ``sslmode``; where it says
    to verify the server, the driver finds the authorities by ``PGSSLROOTCERT``.
    """
    query = {"sslmode": env.get("PGSSLMODE", "require")}
    user, password = env["DATABASE_USER"], env["DATABASE_PASSWORD"]
    url = URL.create(driver, user, password, env["DATABASE_HOST"], 5432, env["DATABASE_NAME"], query)
    return url.render_as_string(hide_password=False)
