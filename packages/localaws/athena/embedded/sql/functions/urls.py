"""URL functions: https://trino.io/docs/current/functions/url.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.functions.signatures import declared

FUNCTIONS = [
    *(
        declared(f"url_extract_{part}(varchar) -> varchar", f"trino_url_part_unsure({{0}}, '{part}')")
        for part in ("protocol", "host", "path", "query", "fragment")
    ),
    declared("url_extract_port(varchar) -> bigint", "CAST(trino_url_part_unsure({0}, 'port') AS BIGINT)"),
    declared("url_extract_parameter(varchar, varchar) -> varchar", "trino_url_parameter_unsure({0}, {1})"),
    declared("url_encode(varchar) -> varchar", "trino_url_encode({0})"),
    declared("url_decode(varchar) -> varchar", "trino_url_decode_unsure({0})"),
]
