"""The configuration of a version, made from the parameters of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from localaws.functions import ephemeral_storage
from localaws.functions.constraints import RUNTIMES
from localaws.functions.errors import invalid, refused
from localaws.functions.interpreters import interpreter
from localaws.functions.names import LATEST, Reference
from localaws.functions.packages import Package
from localaws.functions.records import new_revision, now_text
from localaws.functions.report_lines import runtime_version_arn
from localaws.functions.wire import known_runtimes

MAX_VARIABLES = 4096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_RESERVED = (
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
)  # fmt: skip
# Settings that would change how a function runs and that are not implemented: they are refused.
REFUSED = {
    "FileSystemConfigs": "EFS is not supported",
    "ImageConfig": "container images are not supported",
    "CodeSigningConfigArn": "code signatures are not verified",
    "TenancyConfig": "environments are not isolated by tenant",
    "CapacityProviderConfig": "functions run only on this machine",
    "DurableConfig": "durable executions are not supported",
    "RuntimeConfig": "functions run on a Python of this machine, in its installed version",
    "AcceleratorConfig": "accelerators are not supported",
    "PublishTo": "the version $LATEST.PUBLISHED is not supported",
}
# Settings of which some values are refused.
IN_PART = {
    "PackageType": "`Image` is refused: container images are not supported",
    "Runtime": "refused unless it is a Python version that is installed on this machine",
    "EphemeralStorage": "sizes other than 512 MB are refused if functions cannot have their own `/tmp`",
    "SnapStart": "`PublishedVersions` is refused: environments do not start from snapshots",
    "LoggingConfig": "`SystemLogLevel` values other than INFO are refused",
}
# Settings that are stored and returned, and have no other effect.
WITHOUT_EFFECT = {
    "VpcConfig": "networks are not simulated; only the existence of the subnets is checked",
    "TracingConfig": "X-Ray is not supported",
    "KMSKeyArn": "code and environment variables are not encrypted",
    "Architectures": "native code must be built for the architecture of this machine",
    "Role": "permissions are not enforced; functions get the credentials of this server",
}
_PLAIN = ("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "DeadLetterConfig", "KMSKeyArn")


def new_configuration(given: Mapping[str, Any], ref: Reference, package: Package) -> dict[str, Any]:
    """Return the configuration of a new function's $LATEST. Raises LambdaError."""
    if given.get("PackageType") == "Image" or "ImageUri" in given["Code"]:
        raise refused("PackageType Image", "container images are not supported; upload a zip file")
    if not given.get("Runtime") or not given.get("Handler"):
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    base = {
        "FunctionName": ref.name,
        "FunctionArn": ref.arn,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": ephemeral_storage.DEFAULT_SIZE},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{ref.name}"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        **with_package(package),
    }
    return changed(base, given, ref)


def with_package(package: Package) -> dict[str, Any]:
    """Return the fields of a configuration that describe its code."""
    return {"CodeSha256": package.sha256, "CodeSize": package.size}


def changed(configuration: Mapping[str, Any], given: Mapping[str, Any], ref: Reference) -> dict[str, Any]:
    """Return a configuration with the settings of a request applied, except layers, which the caller adds.

    Raises LambdaError.
    """
    for name, why in REFUSED.items():
        if given.get(name):
            raise refused(name, why)
    if given.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        raise refused("SnapStart.ApplyOn PublishedVersions", "environments do not start from snapshots")
    size = given.get("EphemeralStorage", {}).get("Size", ephemeral_storage.DEFAULT_SIZE)
    if size != ephemeral_storage.DEFAULT_SIZE and (reason := ephemeral_storage.problem()):
        raise refused(f"EphemeralStorage.Size {size}", f"functions share this machine's /tmp: {reason}")
    if given.get("Runtime"):
        _check_runtime(given["Runtime"])
    new = {**configuration, **{name: given[name] for name in _PLAIN if given.get(name) not in (None, {})}}
    if not new.get("DeadLetterConfig", {}).get("TargetArn"):  # an empty ARN removes it, an empty document does not
        new.pop("DeadLetterConfig", None)
    if not new.get("KMSKeyArn"):
        new.pop("KMSKeyArn", None)
    new |= {name: given[name] for name in ("Architectures", "EphemeralStorage", "TracingConfig") if given.get(name)}
    new |= _documents(given, ref)
    arn = runtime_version_arn(new["Runtime"], ref.region)
    return {
        **new,
        "RuntimeVersionConfig": {"RuntimeVersionArn": arn},
        "LastModified": now_text(),
        "RevisionId": new_revision(),
    }


def _documents(given: Mapping[str, Any], ref: Reference) -> dict[str, Any]:
    """Return the settings that are checked or completed with defaults."""
    documents: dict[str, Any] = {}
    if "Environment" in given:
        documents["Environment"] = {"Variables": _variables(given["Environment"].get("Variables") or {})}
    if "LoggingConfig" in given:
        documents["LoggingConfig"] = _logging(given["LoggingConfig"], ref)
    if "VpcConfig" in given:
        documents["VpcConfig"] = _vpc(given["VpcConfig"], ref)
    return documents


def _check_runtime(runtime: str) -> None:
    if runtime not in known_runtimes():
        constraint = f"Member must satisfy enum value set: [{RUNTIMES}] or be a valid ARN"
        raise invalid(f"Value {runtime} at 'runtime' failed to satisfy constraint: {constraint}")
    interpreter(runtime)


def _variables(given: dict[str, str]) -> dict[str, str]:
    reserved = [name for name in given if name in _RESERVED]
    start = "Lambda was unable to configure your environment variables because the environment variables you have"
    if reserved:
        text = "contains reserved keys that are currently not supported for modification. Reserved keys used in this"
        raise invalid(f"{start} provided {text} request: {', '.join(reserved)}")
    if bad := next((name for name in given if not re.fullmatch(r"[a-zA-Z]\w+", name)), None):
        constraint = "Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+"
        text = f"1 validation error detected: Value '{bad}' at 'environment.variables' failed to satisfy constraint: "
        raise invalid(text + constraint)
    measured = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > MAX_VARIABLES:
        raise invalid(f"{start} provided exceeded the 4KB limit. String measured: {measured}")
    return given


def _logging(given: dict[str, str], ref: Reference) -> dict[str, str]:
    as_json = given.get("LogFormat") == "JSON"
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if as_json else {}
    if not as_json and (given.get("ApplicationLogLevel") or given.get("SystemLogLevel")):
        raise invalid("To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON.")
    if given.get("SystemLogLevel", "INFO") != "INFO":
        raise refused(
            f"LoggingConfig.SystemLogLevel {given['SystemLogLevel']}", "system logs are always written at level INFO"
        )
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{ref.name}", **levels, **given}


def _vpc(given: dict[str, Any], ref: Reference) -> dict[str, Any]:
    from moto.ec2.exceptions import InvalidSubnetIdError
    from moto.ec2.models import ec2_backends

    subnets = given.get("SubnetIds") or []
    backend = ec2_backends[ref.account][ref.region]
    try:
        vpcs = [backend.get_subnet(subnet).vpc_id for subnet in subnets]
    except InvalidSubnetIdError as error:
        code, _, text = str(error).partition(": ")
        raise invalid(
            f"Error occurred while DescribeSubnets. EC2 Error Code: {code}. EC2 Error Message: {text}"
        ) from error
    return {
        "SubnetIds": [],
        "SecurityGroupIds": [],
        "Ipv6AllowedForDualStack": False,
        **given,
        "VpcId": vpcs[0] if vpcs else "",
    }
