"""Query results as text, through the library that Python users of Athena usually have."""

from __future__ import annotations

from pyathena import connect
from pyathena.error import Error as QueryError

from localaws.running import Running

__all__ = ["QueryError", "rows_of"]


def rows_of(aws: Running, workgroup: str, sql: str) -> tuple[list[str], list[list[str]]]:
    """Return column names, and rows as text (NULL is empty). Raises QueryError with Athena's own reason."""
    with (
        connect(
            work_group=workgroup,
            region_name=aws.region,
            endpoint_url=aws.endpoint,
            aws_access_key_id="localaws",
            aws_secret_access_key="localaws",  # noqa: S106 - localaws takes any
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return names, [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
