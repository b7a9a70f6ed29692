"""Airflow's metadata database, configured in the environment of a container."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import URL


def database_url(env: Mapping[str, str], driver: str = "postgresql+psycopg") -> str:
    """Return the URL for ``DATABASE_HOST``, ``_NAME``, ``_USER`` and ``_PASSWORD``, with TLS.

    The password may contain any character; it is quoted in the URL. ``PGSSLMODE`` is PostgreSQL's ``sslmode``. If it
    requires verification of the server, the driver reads the certificate authorities from ``PGSSLROOTCERT``.
    """
    query = {"sslmode": env.get("PGSSLMODE", "require")}
    user, password = env["DATABASE_USER"], env["DATABASE_PASSWORD"]
    url = URL.create(driver, user, password, env["DATABASE_HOST"], 5432, env["DATABASE_NAME"], query)
    return url.render_as_string(hide_password=False)
