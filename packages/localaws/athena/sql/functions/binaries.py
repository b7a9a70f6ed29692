"""Binary functions: https://trino.io/docs/current/functions/binary.html."""

from __future__ import annotations

from localaws.athena.sql.functions.signatures import declared

FUNCTIONS = [
    declared("to_utf8(varchar) -> varbinary", "encode({0})"),
    declared("from_utf8(varbinary) -> varchar", "trino_from_utf8({0})"),
    declared("to_hex(varbinary) -> varchar", "hex({0})"),
    declared("from_hex(varchar) -> varbinary", "unhex({0})"),
    declared("to_base64(varbinary) -> varchar", "to_base64({0})"),
    declared("from_base64(varchar) -> varbinary", "from_base64({0})"),
    declared("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    declared("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    declared("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
    declared("sha512(varbinary) -> varbinary", "trino_sha512({0})"),
    declared("crc32(varbinary) -> bigint", "trino_crc32({0})"),
]
