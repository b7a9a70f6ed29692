"""Functions with their versions, aliases and settings, as documents in one store."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localaws.functions.documents import Documents
from localaws.functions.errors import LambdaError, not_found
from localaws.functions.names import LATEST, Reference

VERSION, ALIAS, FUNCTION = "version", "alias", "function"


@dataclass(frozen=True)
class Version:
    """One version of a function. ``configuration`` is its description in the API; ``arn`` has no qualifier."""

    arn: str
    number: str
    configuration: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the function."""
        return str(self.configuration["FunctionName"])

    @property
    def region(self) -> str:
        """Region of the function."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """Account of the function."""
        return self.arn.split(":")[4]


class Records:
    """Records of functions. Methods raise ResourceNotFoundException if a record does not exist."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    def function(self, ref: Reference) -> dict[str, Any]:
        """Return the settings of a function that its versions share: its tags and its reserved concurrency."""
        properties = self.documents.get(FUNCTION, ref.arn)
        if properties is None:
            raise not_found(f"Function not found: {ref.qualified}")
        return properties

    def put_function(self, ref: Reference, **changes: Any) -> None:
        """Change the settings of a function that its versions share."""
        self.documents.put(FUNCTION, ref.arn, "", {**(self.documents.get(FUNCTION, ref.arn) or {}), **changes})

    def exists(self, arn: str) -> bool:
        """Return whether a function with that unqualified ARN exists."""
        return self.documents.get(FUNCTION, arn) is not None

    def has(self, ref: Reference) -> bool:
        """Return whether the function, version or alias of a reference exists."""
        names = (VERSION, ALIAS) if ref.qualifier else (FUNCTION,)
        return any(self.documents.get(kind, ref.arn, ref.qualifier) is not None for kind in names)

    def functions(self, region: str) -> Iterator[str]:
        """Return the unqualified ARNs of a region's functions, sorted by name."""
        return (arn for arn, _ in self.documents.of_kind(FUNCTION) if arn.split(":")[3] == region)

    def version(self, ref: Reference) -> Version:
        """Return the version that a qualifier names; for an alias, its FunctionVersion, whatever its weights."""
        return self._version(ref, lambda alias: str(alias["FunctionVersion"]))

    def version_to_invoke(self, ref: Reference) -> Version:
        """Return the version for an invocation; for an alias with weights, a random one by weight."""
        return self._version(ref, _drawn)

    def _version(self, ref: Reference, chosen: Callable[[dict[str, Any]], str]) -> Version:
        self.function(ref)
        number = ref.qualifier or LATEST
        if alias := self.documents.get(ALIAS, ref.arn, number):
            number = chosen(alias)
        configuration = self.documents.get(VERSION, ref.arn, number)
        if configuration is None:
            raise not_found(f"Function not found: {ref.qualified}")
        return Version(ref.arn, number, configuration)

    def versions(self, arn: str) -> list[Version]:
        """Return all versions, $LATEST first."""
        versions = [Version(arn, name, body) for name, body in self.documents.named(VERSION, arn).items()]
        return sorted(versions, key=lambda version: 0 if version.number == LATEST else int(version.number))

    def put_version(self, arn: str, number: str, configuration: dict[str, Any]) -> Version:
        """Store a version under a new revision."""
        stored = {**configuration, "Version": number, "RevisionId": new_revision()}
        self.documents.put(VERSION, arn, number, stored)
        return Version(arn, number, stored)

    def alias(self, ref: Reference, name: str) -> dict[str, Any]:
        """Return one alias."""
        alias = self.documents.get(ALIAS, ref.arn, name)
        if alias is None:
            raise not_found(f"Cannot find alias arn: {ref.arn}:{name}")
        return alias

    def reserved(self, arn: str) -> int | None:
        """Return the reserved concurrency of a function, or None if it has none."""
        value = (self.documents.get(FUNCTION, arn) or {}).get("reserved")
        return None if value is None else int(value)

    def all_reserved(self, except_arn: str = "") -> int:
        """Return the sum of the reserved concurrency of all functions, without that of ``except_arn``."""
        bodies = self.documents.of_kind(FUNCTION)
        return sum(body.get("reserved") or 0 for (arn, _), body in bodies.items() if arn != except_arn)


def check_revision(given: str | None, current: dict[str, Any], operation: str = "GetFunction/GetAlias") -> None:
    """Raise PreconditionFailedException if a request expects another revision; ``operation`` returns the latest."""
    if given and given != current["RevisionId"]:
        text = (
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {operation} API to retrieve the latest Revision Id"
        )
        raise LambdaError("PreconditionFailedException", text)


def new_revision() -> str:
    """Return a new revision ID."""
    return str(uuid.uuid4())


def now_text() -> str:
    """Return the present time in the format of LastModified."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _drawn(alias: dict[str, Any]) -> str:
    weights: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    drawn = random.random()  # noqa: S311 - traffic shares are no secret
    for number, weight in weights.items():
        if drawn < weight:
            return number
        drawn -= weight
    return str(alias["FunctionVersion"])
