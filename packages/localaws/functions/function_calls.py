"""Operations on functions and their code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.blueprints import package_of
from localaws.functions.configuration import changed, new_configuration, with_package
from localaws.functions.errors import LambdaError, invalid, not_found, refused
from localaws.functions.layer_calls import layers_of
from localaws.functions.names import LATEST, Reference, reference
from localaws.functions.packages import Packages
from localaws.functions.paging import page
from localaws.functions.pools import Pools
from localaws.functions.records import (
    ALIAS,
    VERSION,
    Records,
    Version,
    check_revision,
    new_revision,
    now_text,
)
from localaws.functions.wire import Call

_CREATING = {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
_UPDATING = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}
_NOT_LISTED = ("State", "LastUpdateStatus", "RuntimeVersionConfig")
_MAX_TAGS = 50


@dataclass(frozen=True)
class Parts:
    """Objects that the operations use; ``endpoint`` is the address from which code is downloaded."""

    records: Records
    packages: Packages
    pools: Pools
    endpoint: str


def ref_of(call: Call) -> Reference:
    """Return the function that a request names."""
    return reference(call["FunctionName"], call.get("Qualifier"), call.region, call.account)


def shown(version: Version, ref: Reference | None = None) -> dict[str, Any]:
    """Return a version as the API describes it, under the ARN in the request."""
    qualifier = ref.qualifier if ref else ("" if version.number == LATEST else version.number)
    return {**version.configuration, "FunctionArn": f"{version.arn}:{qualifier}" if qualifier else version.arn}


class FunctionCalls:
    """Operations on functions, their code and their versions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._records = parts.records

    def create_function(self, call: Call) -> dict[str, Any]:
        """CreateFunction."""
        ref = ref_of(call)
        if call.get("PackageType") == "Image" or call["Code"].get("ImageUri"):
            raise refused("PackageType Image", "container images are not supported; upload a zip file")
        layers = layers_of(self._records, call.get("Layers") or [], ref.region)
        self._check_is_new(ref)
        tags = call.get("Tags") or {}
        if len(tags) > _MAX_TAGS:
            raise invalid("Number of tags exceeds resource tag limit.")
        configuration = new_configuration(call.parameters, ref, self._parts.packages.add(call["Code"]))
        if layers:
            configuration["Layers"] = layers
        with self._records.documents.transaction():
            self._check_is_new(ref)
            self._records.put_function(ref, tags=tags, published=0)
            version = self._records.put_version(ref.arn, LATEST, configuration)
            if call.get("Publish"):
                version = self.publish(ref, "")
        answer = shown(version)
        answer.pop("LastUpdateStatus")
        return {**answer, **_CREATING, "FunctionArn": ref.arn, "RevisionId": new_revision()}

    def get_function(self, call: Call) -> dict[str, Any]:
        """GetFunction."""
        ref = ref_of(call)
        version = self._records.version(ref)
        whole = self._records.function(ref)
        location = f"{self._parts.endpoint}/.lambda-code/{package_of(version.configuration).folder}.zip"
        reserved = whole.get("reserved")
        concurrency = {} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": reserved}}
        tags = {"Tags": whole["tags"]} if whole["tags"] else {}
        code = {"RepositoryType": "S3", "Location": location}
        return {"Configuration": shown(version, ref), "Code": code, **tags, **concurrency}

    def get_function_configuration(self, call: Call) -> dict[str, Any]:
        """GetFunctionConfiguration."""
        ref = ref_of(call)
        return shown(self._records.version(ref), ref)

    def list_functions(self, call: Call) -> dict[str, Any]:
        """ListFunctions."""
        listed = []
        for arn in self._records.functions(call.region):
            versions = self._records.versions(arn)
            every = bool(call.get("FunctionVersion"))
            listed += [_listed(version, every=every) for version in versions if every or version.number == LATEST]
        return page(call, "Functions", listed)

    def update_function_code(self, call: Call) -> dict[str, Any]:
        """UpdateFunctionCode."""
        ref = ref_of(call)
        if call.get("ImageUri"):
            raise invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
        if call.get("PublishTo"):
            raise refused("PublishTo", "the version $LATEST.PUBLISHED is not supported")
        self._latest(ref, call.get("RevisionId"))
        package = self._parts.packages.add(call.parameters)
        architectures = {"Architectures": call["Architectures"]} if call.get("Architectures") else {}
        with self._records.documents.transaction():
            current = self._latest(ref, call.get("RevisionId"))
            new = {**current, **with_package(package), **architectures, "LastModified": now_text()}
            if call.get("DryRun"):
                return {**new, "FunctionArn": ref.arn}
            version = self._put_latest(ref, new)
            if call.get("Publish"):
                version = self.publish(ref, "")
        return self._updated(ref, version)

    def update_function_configuration(self, call: Call) -> dict[str, Any]:
        """UpdateFunctionConfiguration."""
        ref = ref_of(call)
        with self._records.documents.transaction():
            new = changed(self._latest(ref, call.get("RevisionId")), call.parameters, ref)
            if (layers := call.get("Layers")) is not None:
                new["Layers"] = layers_of(self._records, layers, ref.region)
                if not layers:
                    del new["Layers"]
            version = self._put_latest(ref, new)
        return self._updated(ref, version)

    def delete_function(self, call: Call) -> dict[str, Any]:
        """DeleteFunction: the function, or one of its versions."""
        ref = ref_of(call)
        if ref.qualifier == LATEST:
            raise invalid("$LATEST version cannot be deleted without deleting the function.")
        if not self._records.exists(ref.arn):
            raise not_found(f"Function not found: {ref.arn}")
        if not ref.qualifier:
            self._records.documents.delete_all(ref.arn)
            self._parts.pools.retire(ref.arn)
            return {"StatusCode": 204}
        self._delete_version(ref)
        return {"StatusCode": 204}

    @atomic
    def publish_version(self, call: Call) -> dict[str, Any]:
        """PublishVersion."""
        ref = ref_of(call)
        current = self._latest(ref, call.get("RevisionId"))
        expected = call.get("CodeSha256")
        if expected and expected != current["CodeSha256"]:
            is_different = f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST"
            advice = "Please try again with the CodeSHA256 in $LATEST."
            raise invalid(f"{is_different} ({current['CodeSha256']}). {advice}")
        return shown(self.publish(ref, call.get("Description") or ""))

    def list_versions_by_function(self, call: Call) -> dict[str, Any]:
        """ListVersionsByFunction."""
        ref = ref_of(call)
        self._records.function(ref)
        versions = self._records.versions(ref.arn)
        return page(call, "Versions", [_listed(version, every=True) for version in versions])

    def get_function_code_signing_config(self, call: Call) -> dict[str, Any]:
        """GetFunctionCodeSigningConfig: no function has such a configuration."""
        ref = ref_of(call)
        self._records.function(ref)
        return {"FunctionName": ref.name}

    def publish(self, ref: Reference, description: str) -> Version:
        """Publish $LATEST as a version, unless it equals the last version."""
        with self._records.documents.transaction():
            latest = self._records.version(Reference(ref.region, ref.account, ref.name))
            number = int(self._records.function(ref).get("published", 0))
            if number:
                last = self._records.documents.get(VERSION, ref.arn, str(number))
                if last and _version_fields(last) == _version_fields(latest.configuration) | _origin(
                    latest.configuration
                ):
                    return Version(ref.arn, str(number), last)
            self._records.put_function(ref, published=number + 1)
            text = {"Description": description} if description else {}
            published = {**latest.configuration, **text, **_origin(latest.configuration)}
            return self._records.put_version(ref.arn, str(number + 1), published)

    def _latest(self, ref: Reference, revision: str | None) -> dict[str, Any]:
        if ref.qualifier and ref.qualifier != LATEST:
            raise not_found(f"Function not found: {ref.qualified}")
        current = self._records.version(Reference(ref.region, ref.account, ref.name)).configuration
        check_revision(revision, current)
        return current

    def _check_is_new(self, ref: Reference) -> None:
        if self._records.exists(ref.arn):
            raise LambdaError("ResourceConflictException", f"Function already exist: {ref.name}")

    def _delete_version(self, ref: Reference) -> None:
        with self._records.documents.transaction():
            aliases = self._records.documents.named(ALIAS, ref.arn)
            used = [name for name, alias in aliases.items() if alias["FunctionVersion"] == ref.qualifier]
            if ref.qualifier in aliases:
                raise invalid("Deletion of aliases is not currently supported.")
            if used:
                text = f"Version {ref.qualifier} is referenced by alias {used[0]}. Please remove the alias first."
                raise LambdaError("ResourceConflictException", text)
            self._records.documents.delete(VERSION, ref.arn, ref.qualifier)

    def _put_latest(self, ref: Reference, new: dict[str, Any]) -> Version:
        return self._records.put_version(ref.arn, LATEST, {**new, "RevisionId": new_revision()})

    def _updated(self, ref: Reference, version: Version) -> dict[str, Any]:
        """End the environments of replaced revisions and return the answer to an update."""
        kept = frozenset(version.configuration["RevisionId"] for version in self._records.versions(ref.arn))
        self._parts.pools.retire(ref.arn, kept)
        # AWS assigns another revision when the change is complete. A client that waits for completion sees that here
        # too.
        return {**shown(version), **_UPDATING, "RevisionId": new_revision()}


def _listed(version: Version, *, every: bool) -> dict[str, Any]:
    """Return a version as ListFunctions shows it: without its state, and qualified if all versions are listed."""
    kept = {name: value for name, value in shown(version).items() if name not in _NOT_LISTED}
    return {**kept, "FunctionArn": f"{version.arn}:{version.number}"} if every else kept


def _version_fields(configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the fields whose change makes a new version."""
    aside = ("Version", "RevisionId", "LastModified", "FunctionArn", "of_revision", "Description")
    return {name: value for name, value in configuration.items() if name not in aside}


def _origin(latest: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of $LATEST to record in a version, which may have its own description."""
    return {"of_description": latest["Description"]}
