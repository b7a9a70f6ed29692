"""Containers of ECS task definitions on a Docker engine, as Fargate would run them."""

from __future__ import annotations

import json
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Definition = Mapping[str, Any]
"""A container of a task definition, in the format of the ECS API."""


@dataclass(frozen=True)
class Containers:
    """Containers on their own network, with one volume in place of EFS. All names begin with ``project``."""

    environ: Mapping[str, str]
    project: str

    @property
    def gateway(self) -> str:
        """Address of this machine, as containers reach it."""
        return str(self._inspect("network", self.project)["IPAM"]["Config"][0]["Gateway"])

    def build(self, tag: str, *options: str) -> None:
        """Build an image; ``options`` end with the context."""
        self._docker("build", "--quiet", "--platform", "linux/amd64", "--tag", tag, *options, seconds=1500)

    def start(self, name: str, image: str, options: Sequence[str], words: Sequence[str], env: Mapping[str, str]) -> str:
        """Start a container whose volumes are removed with it; return its name. ``env`` is on no command line."""
        full = f"{self.project}-{name}"
        variables = [word for variable in env for word in ("--env", variable)]
        base = ("--detach", "--name", full, "--label", self.project, "--network", self.project)
        self._docker("run", *base, *variables, *options, image, *words, env=env)
        return full

    def start_task(self, definition: Definition, image: str, env: Mapping[str, str], *options: str) -> str:
        """Start the container of a task definition. ``env`` is added to its environment."""
        given = {entry["name"]: entry["value"] for entry in definition["environment"]} | dict(env)
        entry, *rest = definition.get("entryPoint") or ("",)
        words = [*rest, *definition["command"]]
        given_options = (*_options(definition), *self._files(definition), f"--entrypoint={entry}", *options)
        return self.start(definition["name"], image, given_options, words, given)

    def wait(self, container: str, seconds: float = 300) -> int:
        """Wait until a container has ended and return its exit status."""
        return int(self._docker("wait", container, seconds=seconds))

    def stop(self, container: str) -> int:
        """Send SIGTERM, and SIGKILL after the container's stop timeout; return its exit status."""
        self._docker("stop", "--time", str(self._inspect("container", container)["Config"]["StopTimeout"]), container)
        return self.wait(container)

    def execute(self, container: str, *command: str) -> str:
        """Run a command in the container and return its output."""
        return self._docker("exec", container, *command)

    def address(self, container: str) -> str:
        """Return the address of a container on the network."""
        return str(self._inspect("container", container)["NetworkSettings"]["Networks"][self.project]["IPAddress"])

    def hostname(self, container: str) -> str:
        """Return the host name of a container."""
        return str(self._inspect("container", container)["Config"]["Hostname"])

    def health(self, container: str) -> str:
        """Return ``starting``, ``healthy`` or ``unhealthy``, or the container's state if it does not run."""
        state = self._inspect("container", container)["State"]
        return str(state["Health"]["Status"] if state["Running"] else state["Status"])

    def log(self, container: str) -> str:
        """Return the end of a container's output."""
        command = ["docker", "logs", "--tail", "60", container]
        return subprocess.run(
            command, env=dict(self.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        ).stdout

    def logs(self) -> str:
        """Return the ends of the logs of all containers."""
        return "\n".join(f"== {name}\n{self.log(name)}" for name in self._names())

    def open(self) -> None:
        """Create the network."""
        self._docker("network", "create", self.project)

    def close(self) -> None:
        """Remove the containers, their volumes and the network."""
        if names := self._names():
            self._docker("rm", "--force", "--volumes", *names)
        self._docker("volume", "rm", "--force", self.project)
        self._docker("network", "rm", self.project)

    def _files(self, definition: Definition) -> list[str]:
        return [
            f"--volume={self.project}:{mount['containerPath']}{':ro' if mount['readOnly'] else ''}"
            for mount in definition["mountPoints"]
            if _is_of_files(mount)
        ]

    def _names(self) -> list[str]:
        return self._docker("ps", "--all", "--filter", f"label={self.project}", "--format", "{{.Names}}").split()

    def _inspect(self, kind: str, name: str) -> Any:
        (description,) = json.loads(self._docker(kind, "inspect", name))
        return description

    def _docker(self, *words: str, env: Mapping[str, str] | None = None, seconds: float = 200) -> str:
        done = subprocess.run(
            ["docker", *words],
            env={**self.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"docker {shlex.join(words)}:\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()


@contextmanager
def containers(environ: Mapping[str, str]) -> Iterator[Containers]:
    """Yield a network without containers. At the end everything is removed, after a failure's logs were printed."""
    started = Containers(environ, f"estrela-test-{uuid.uuid4().hex[:8]}")
    started.open()
    try:
        yield started
    except BaseException:
        print(started.logs())
        raise
    finally:
        started.close()


def _options(definition: Definition) -> list[str]:
    """Return Docker's options for the settings that Fargate applies, except the environment and files."""
    options = ["--user", definition["user"], "--stop-timeout", str(definition["stopTimeout"])]
    options += ["--read-only"] if definition["readonlyRootFilesystem"] else []
    parameters = definition["linuxParameters"]
    options += ["--init"] if parameters["initProcessEnabled"] else []
    options += [f"--cap-drop={name}" for name in parameters["capabilities"]["drop"]]
    # A path without a source is a volume whose owner is that of the image's folder, as on Fargate.
    options += [f"--volume={mount['containerPath']}" for mount in definition["mountPoints"] if not _is_of_files(mount)]
    if check := definition.get("healthCheck"):
        options += ["--health-cmd", shlex.join(check["command"][1:]), "--health-retries", str(check["retries"])]
        names = {"interval": "interval", "timeout": "timeout", "startPeriod": "start-period"}
        options += [f"--health-{option}={check[name]}s" for name, option in names.items()]
    return options


def _is_of_files(mount: Mapping[str, Any]) -> bool:
    return bool(mount["sourceVolume"] == "files")
