"""Operations on layers."""

from __future__ import annotations

import re
from typing import Any

from localaws.functions.configuration import with_package
from localaws.functions.errors import invalid, not_found
from localaws.functions.packages import Packages
from localaws.functions.paging import page
from localaws.functions.records import Records, now_text
from localaws.functions.wire import Call

LAYER = "layer"
MOST_LAYERS = 5
_ARN = re.compile(r"(?P<layer>arn:aws:lambda:(?P<region>[a-z0-9-]+):\d{12}:layer:[a-zA-Z0-9-_]+):(?P<version>\d+)")


def layers_of(records: Records, arns: list[str], region: str) -> list[dict[str, Any]]:
    """Return the layers of a function in the form of its configuration. Raises LambdaError."""
    if len(arns) > MOST_LAYERS:
        raise invalid(f"Cannot reference more than {MOST_LAYERS} layers.")
    seen: dict[str, str] = {}
    layers = []
    for arn in arns:
        match = _ARN.fullmatch(arn)
        if match and match["region"] != region:
            expected = f"Layers are expected to be in region {region}."
            raise invalid(f"Layers are not in the same region as the function. {expected}")
        body = records.documents.get(LAYER, match["layer"], _padded(match["version"])) if match else None
        if not match or body is None:
            raise invalid(f"Layer version {arn} does not exist.")
        if other := seen.get(match["layer"]):
            text = "Two different versions of the same layer are not allowed to be referenced in the same function."
            raise invalid(f"{text} {other} and {arn} are versions of the same layer.")
        seen[match["layer"]] = arn
        content = body["Content"]
        layers.append({"Arn": arn, "CodeSize": content["CodeSize"], "CodeSha256": content["CodeSha256"]})
    return layers


class LayerCalls:
    """PublishLayerVersion and the operations that read and delete layers."""

    def __init__(self, records: Records, packages: Packages, endpoint: str) -> None:
        self._records = records
        self._packages = packages
        self._endpoint = endpoint

    def publish_layer_version(self, call: Call) -> dict[str, Any]:
        """PublishLayerVersion."""
        package = self._packages.add(call["Content"])
        arn = _arn(call)
        with self._records.documents.transaction():
            numbers = self._records.documents.get("layer numbers", arn) or {"last": 0}
            number = numbers["last"] + 1
            body = {
                "LayerArn": arn,
                "LayerVersionArn": f"{arn}:{number}",
                "Version": number,
                "Description": call.get("Description") or "",
                "CreatedDate": now_text(),
                "LicenseInfo": call.get("LicenseInfo"),
                "CompatibleRuntimes": call.get("CompatibleRuntimes"),
                "CompatibleArchitectures": call.get("CompatibleArchitectures"),
                "Content": {
                    **with_package(package),
                    "Location": f"{self._endpoint}/.lambda-code/{package.folder}.zip",
                },
            }
            self._records.documents.put(LAYER, arn, _padded(number), body)
            self._records.documents.put("layer numbers", arn, "", {"last": number})
        return body

    def get_layer_version(self, call: Call) -> dict[str, Any]:
        """GetLayerVersion."""
        return self._version(_arn(call), call["VersionNumber"])

    def get_layer_version_by_arn(self, call: Call) -> dict[str, Any]:
        """GetLayerVersionByArn."""
        arn, _, number = call["Arn"].rpartition(":")
        return self._version(arn, number)

    def list_layer_versions(self, call: Call) -> dict[str, Any]:
        """ListLayerVersions."""
        versions = list(self._records.documents.named(LAYER, _arn(call)).values())
        return page(call, "LayerVersions", [body for body in reversed(versions) if _fits(call, body)])

    def list_layers(self, call: Call) -> dict[str, Any]:
        """ListLayers: each layer with its latest compatible version."""
        latest: dict[str, dict[str, Any]] = {}
        for (arn, _), body in self._records.documents.of_kind(LAYER).items():
            if arn.split(":")[3] == call.region and _fits(call, body):
                latest[arn] = body
        layers = [
            {"LayerName": arn.rpartition(":")[2], "LayerArn": arn, "LatestMatchingVersion": body}
            for arn, body in latest.items()
        ]
        return page(call, "Layers", layers)

    def delete_layer_version(self, call: Call) -> dict[str, Any]:
        """DeleteLayerVersion: functions that use the version keep it."""
        if int(call["VersionNumber"]) < 1:
            raise invalid("Layer Version Cannot be less than 1")
        self._records.documents.delete(LAYER, _arn(call), _padded(call["VersionNumber"]))
        return {}

    def _version(self, arn: str, number: int | str) -> dict[str, Any]:
        if int(number) < 1:
            raise invalid("Layer Version Cannot be less than 1")
        version = self._records.documents.get(LAYER, arn, _padded(number))
        if version is None:
            raise not_found("The resource you requested does not exist.")
        return version


def _arn(call: Call) -> str:
    name = call["LayerName"]
    return name if name.startswith("arn:") else f"arn:aws:lambda:{call.region}:{call.account}:layer:{name}"


def _padded(number: int | str) -> str:
    """Return a number as text that sorts like the number."""
    return f"{int(number):010d}"


def _fits(call: Call, body: dict[str, Any]) -> bool:
    runtime, architecture = call.get("CompatibleRuntime"), call.get("CompatibleArchitecture")
    fits_runtime = not runtime or runtime in (body["CompatibleRuntimes"] or [])
    return fits_runtime and (not architecture or architecture in (body["CompatibleArchitectures"] or []))
