"""Casts to and from JSON: https://trino.io/docs/current/functions/json.html. A JSON value is stored as its text."""

from __future__ import annotations

from collections.abc import Callable

from localaws.athena.embedded.sql.typed import Typed, cast, name_literal, text_literal
from localaws.athena.sql_errors import NotSupportedError, TypeMismatchError
from localaws.athena.types.trino import JSON, Type, field_names, is_integer

_PLAIN = frozenset({"tinyint", "smallint", "integer", "bigint", "decimal", "boolean"})
_QUOTED = frozenset({"varchar", "date", "timestamp", "timestamp with time zone"})
TextOf = Callable[[Typed], str]


def to_json(value: Typed, text_of: TextOf) -> str:
    """The JSON text of a value, NULL for NULL; `text_of` returns the varchar of values that are strings in JSON.

    Raises:
        TypeMismatchError: Trino has no such cast.
    """
    kind = value.type
    if kind == JSON:
        return value.sql
    if kind.name in _PLAIN:
        return cast(value.sql, Type("varchar"))
    if kind.name in ("double", "real"):
        return f"trino_{kind.name}_json({value.sql})"
    if kind.name in _QUOTED:
        return f"trino_json_quoted({text_of(value)})"
    if kind.name == "array":
        return _array(value, text_of)
    if kind.name == "map":
        return _map(value, text_of)
    if kind.name == "row":
        return _row(value, text_of)
    raise TypeMismatchError(f"Cannot cast {kind} to json")


def _fresh(stem: str, value: Typed) -> str:
    """A lambda parameter that differs from those in inner values, which have shorter texts."""
    return f"{stem}{len(value.sql)}"


def _array(value: Typed, text_of: TextOf) -> str:
    x = _fresh("j", value)
    item = f"coalesce({to_json(Typed(x, value.type.args[0]), text_of)}, 'null')"
    return f"('[' || coalesce(array_to_string(list_transform({value.sql}, lambda {x}: {item}), ','), '') || ']')"


def _map(value: Typed, text_of: TextOf) -> str:
    key, item = value.type.args
    if key.name not in _PLAIN | {"varchar", "double", "real"}:
        raise TypeMismatchError(f"Cannot cast {value.type} to json")
    e = _fresh("j", value)
    name = text_of(Typed(f"{e}.key", key))
    member = f"coalesce({to_json(Typed(f'{e}.value', item), text_of)}, 'null')"
    entries = f"list_transform(map_entries({value.sql}), lambda {e}: struct_pack(k := {name}, v := {member}))"
    return f"trino_json_object({entries})"


def _row(value: Typed, text_of: TextOf) -> str:
    members = []
    for name, stored, kind in zip(value.type.names, field_names(value.type), value.type.args, strict=True):
        item = to_json(Typed(f"({value.sql}).{name_literal(stored)}", kind), text_of)
        members.append(f"trino_json_quoted({text_literal(name or '')}) || ':' || coalesce({item}, 'null')")
    text = " || ',' || ".join(members)
    return f"CASE WHEN {value.sql} IS NULL THEN NULL ELSE '{{' || {text} || '}}' END"


def from_json(value: str, kind: Type) -> str:
    """The value of a JSON text as the given type; JSON null becomes NULL.

    Raises:
        TypeMismatchError: Trino has no such cast.
        NotSupportedError: an unsupported type.
    """
    if kind == JSON:
        return value
    if is_integer(kind):
        return cast(f"trino_json_to_integer({value}, '{kind.name}')", kind)
    if kind.name == "decimal":
        return cast(f"trino_json_to_decimal({value}, {kind.size[0]}, {kind.size[1]})", kind)
    if kind.name in ("double", "real", "boolean"):
        return cast(f"trino_json_to_{'boolean' if kind.name == 'boolean' else 'double'}({value})", kind)
    if kind.name == "varchar":
        text = f"trino_json_to_varchar({value})"
        return f"substring({text}, 1, {kind.size[0]})" if kind.size else text
    if kind.name in ("array", "map", "row"):
        return _nested(value, kind)
    raise TypeMismatchError(f"Cannot cast json to {kind}")


def _nested(value: str, kind: Type) -> str:
    x = f"j{len(value)}"
    if kind.name == "array":
        items = f"trino_json_items({value}, {text_literal(str(kind))})"
        return cast(f"list_transform({items}, lambda {x}: {from_json(x, kind.args[0])})", kind)
    if kind.name == "map":
        key, item = kind.args
        name = f"trino_json_quoted({x}.k)" if key.name == "varchar" else f"{x}.k"
        entry = f"struct_pack(k := {from_json(name, key)}, v := {from_json(f'{x}.v', item)})"
        members = f"trino_json_members({value}, {text_literal(str(kind))})"
        return cast(f"map_from_entries(list_transform({members}, lambda {x}: {entry}))", kind)
    if any(name is None for name in kind.names):
        raise NotSupportedError(f"CAST(json AS {kind})")
    names = ", ".join(text_literal(str(name)) for name in kind.names)
    fields = f"trino_json_fields({value}, [{names}]::VARCHAR[], {text_literal(str(kind))})"
    parts = ", ".join(
        f"{name_literal(name)} := {from_json(f'{x}[{place}]', argument)}"
        for place, (name, argument) in enumerate(zip(field_names(kind), kind.args, strict=True), 1)
    )
    built = f"CASE WHEN {x} IS NULL THEN NULL ELSE struct_pack({parts}) END"
    return cast(f"list_extract(list_transform([{fields}], lambda {x}: {built}), 1)", kind)
