"""Binary functions: https://trino.io/docs/current/functions/binary.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.functions.signatures import declared

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
    *(
        declared(f"hmac_{name}(varbinary, varbinary) -> varbinary", f"trino_hmac_{name}({{0}}, {{1}})")
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    *(
        function
        for name, kind in {
            "big_endian_64": "bigint",
            "big_endian_32": "integer",
            "ieee754_64": "double",
            "ieee754_32": "real",
        }.items()
        for function in (
            declared(f"to_{name}({kind}) -> varbinary", f"trino_to_{name}({{0}})"),
            declared(f"from_{name}(varbinary) -> {kind}", f"trino_from_{name}({{0}})"),
        )
    ),
    declared("to_base64url(varbinary) -> varchar", "translate(to_base64({0}), '+/', '-_')"),
    declared("from_base64url(varchar) -> varbinary", "from_base64(translate({0}, '-_', '+/'))"),
    declared("crc32(varbinary) -> bigint", "trino_crc32({0})"),
]
