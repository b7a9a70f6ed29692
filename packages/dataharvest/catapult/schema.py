"""JSON Schemas of the messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import resources
from typing import Any

from dataharvest.model.transformer import Value
from estrela.errors import DefinitionError, TransformError

CLIENT_MESSAGE = "client_message"
PORTFOLIO_MESSAGE = "portfolio_message"
ERROR_MESSAGE = "error_message"


class MessageSchema:
    """The schema of one type of message: the file ``schemas/<type>.json``, and the fields that ``values`` add to it.

    Raises DefinitionError for a value that is described neither in the file nor in its declaration.
    """

    def __init__(self, message_type: str, values: Iterable[Value] = ()) -> None:
        text = (resources.files("dataharvest.catapult") / "schemas" / f"{message_type}.json").read_text("utf-8")
        self.type, self.document = message_type, json.loads(text)
        for value in values:
            self._add(value)

    def _add(self, value: Value) -> None:
        properties = self.document["properties"]
        if value.schema is not None:
            properties[value.field] = dict(value.schema)
            self.document["required"].append(value.field)
        elif value.field not in properties:
            problem = f"has no schema; give it a schema, or use the name of a field of {self.type}"
            raise DefinitionError(f"Value({value.field!r})", problem, properties)

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator  # late: most functions write no message

        return Draft202012Validator(self.document)

    def message(self, fields: Mapping[str, str | None]) -> str:
        """Return a message as JSON, its fields in the schema's order. Raises TransformError if it is not valid.

        Whole numbers are written as JSON numbers, decimals remain text.
        """
        properties = self.document["properties"]
        written = {name: _typed(properties.get(name, {}), value) for name, value in fields.items()}
        message = {"type": self.type, **{name: written[name] for name in properties if name in written}, **written}
        fault = next(self._validator.iter_errors(message), None)
        if fault:
            field = "/".join(map(str, fault.absolute_path)) or "the message"
            raise TransformError(self.type, f"{field} does not meet {fault.validator!r} of its schema")
        return json.dumps(message, ensure_ascii=False)


def _typed(described: Mapping[str, Any], value: str | None) -> object:
    return int(value) if value is not None and "integer" in described.get("type", ()) else value
