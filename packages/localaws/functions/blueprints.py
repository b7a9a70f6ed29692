"""Blueprints of a version's processes: interpreter, paths, and environment variables as AWS sets them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from localaws.functions import ephemeral_storage
from localaws.functions.environment import Blueprint
from localaws.functions.interpreters import interpreter, library_folder
from localaws.functions.packages import Package, Packages
from localaws.functions.records import Version


class Blueprints:
    """Creates blueprints; ``endpoint`` is the URL at which functions reach AWS, ``folder`` holds their libraries."""

    def __init__(self, packages: Packages, home: Path, folder: Path, endpoint: str) -> None:
        self._packages = packages
        self._home = home
        self._folder = folder
        self._endpoint = endpoint

    def of(self, version: Version, stream: str) -> Blueprint:
        """Return the blueprint of an environment with the log stream ``stream``."""
        shown = version.configuration
        root = self._packages.root(package_of(shown))
        layers = [self._packages.root(package_of(layer)) for layer in shown.get("Layers", [])]
        runtime = shown["Runtime"]
        # If two layers contain the same file, AWS uses that of the later layer.
        inside = [
            layer / part for layer in reversed(layers) for part in _python_folders(runtime) if (layer / part).is_dir()
        ]
        libraries = library_folder(self._folder)
        variables = {**_own(version, stream), **self._client_variables()}
        given: dict[str, str] = shown.get("Environment", {}).get("Variables", {})
        variables |= {**_paths(root, layers, libraries), **given}
        program = interpreter(runtime)
        return Blueprint(
            program,
            shown["Handler"],
            (str(root), *map(str, inside), str(libraries)),
            str(root),
            variables,
            shown["MemorySize"],
            shown["Timeout"],
            ((str(root), "/var/task"), *((str(layer), "/opt") for layer in layers)),
            0 if ephemeral_storage.problem() else shown["EphemeralStorage"]["Size"],
            ephemeral_storage.needed_folders(program, self._home, libraries, given.get("PYTHONPATH", "")),
        )

    def _client_variables(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ACCESS_KEY_ID": "localaws",
            "AWS_SECRET_ACCESS_KEY": "localaws",
            "AWS_SESSION_TOKEN": "localaws",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def package_of(shown: dict[str, Any]) -> Package:
    """Return the package of a version or layer, from its description in the API."""
    return Package(shown["CodeSha256"], shown["CodeSize"])


def _python_folders(runtime: str) -> tuple[str, ...]:
    return "python", f"python/lib/{runtime}/site-packages"


def _paths(root: Path, layers: list[Path], libraries: Path) -> dict[str, str]:
    program_folders = [str(layer / "bin") for layer in layers if (layer / "bin").is_dir()]
    shared = [str(folder / "lib") for folder in [root, *layers] if (folder / "lib").is_dir()]
    return {
        "PATH": os.pathsep.join([*program_folders, "/usr/local/bin", "/usr/bin", "/bin"]),
        "LD_LIBRARY_PATH": os.pathsep.join([str(root), *shared]),
        "LAMBDA_TASK_ROOT": str(root),
        "LAMBDA_RUNTIME_DIR": str(libraries),
    }


def _own(version: Version, stream: str) -> dict[str, str]:
    """Return Lambda's own variables: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    shown, logging = version.configuration, version.configuration["LoggingConfig"]
    level = {"AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"]} if "ApplicationLogLevel" in logging else {}
    return {
        "_HANDLER": shown["Handler"],
        "AWS_REGION": version.region,
        "AWS_DEFAULT_REGION": version.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{shown['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": version.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(shown["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": version.number,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        **level,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
