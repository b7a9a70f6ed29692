"""Releases of the DAGs in a folder that many containers read; each release becomes visible as a whole.

``python -m airflow_on_ecs.dag_release --folder /dags COMMAND``, where COMMAND is ``sync SHA`` (download the release
``<DAG_RELEASES>/SHA.zip`` and switch to it), ``switch SHA`` (switch to an existing release), ``list`` or ``current``.

A release is a folder ``releases/SHA``; ``current`` is a symbolic link to one of them. The link is replaced by an atomic
rename, so readers see the old release or the new one. A killed run leaves folders whose names start with a dot; the
next run removes them.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SHA = re.compile(r"[0-9a-f]{7,40}")
KEPT = 5


class DagReleaseError(Exception):
    """A release cannot be added or switched to."""


@dataclass(frozen=True)
class DagReleases:
    """The releases below ``folder``. Only one writer at a time is allowed; readers need no lock."""

    folder: Path

    @property
    def current(self) -> str | None:
        """The release that readers see, or None before the first one."""
        link = self.folder / "current"
        return link.readlink().name if link.is_symlink() else None

    @property
    def names(self) -> list[str]:
        """All complete releases, oldest first."""
        paths = [path for path in self._releases.glob("*") if not path.name.startswith(".")]
        return [path.name for path in sorted(paths, key=lambda path: path.stat().st_mtime)]

    def add(self, sha: str, archive: Path) -> None:
        """Unpack a release into a temporary folder, and rename it once it is complete and its DAGs compile."""
        self._remove_leftovers()
        target = self._release(sha)
        if target.exists():
            return
        self._releases.mkdir(exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=self._releases))
        with zipfile.ZipFile(archive) as files:
            files.extractall(part)
        _require_dags(part, sha)
        part.chmod(0o755)
        part.rename(target)

    def switch(self, sha: str) -> None:
        """Make readers see the release ``sha``. Raises DagReleaseError if it does not exist."""
        if not self._release(sha).is_dir():
            known = ", ".join(self.names) or "none"
            raise DagReleaseError(f"release {sha} does not exist; existing releases: {known}")
        link = self.folder / f".current-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases") / sha)
        link.replace(self.folder / "current")

    def prune(self) -> None:
        """Remove old releases, except the current one and the four newest others."""
        for name in [name for name in self.names if name != self.current][: -(KEPT - 1)]:
            hidden = self._releases / f".old-{name}"
            self._release(name).rename(hidden)  # readers never see it half removed
            shutil.rmtree(hidden)

    @property
    def _releases(self) -> Path:
        return self.folder / "releases"

    def _release(self, sha: str) -> Path:
        if not SHA.fullmatch(sha):
            raise DagReleaseError(f"'{sha}' is not a commit: 7 to 40 hexadecimal digits")
        return self._releases / sha

    def _remove_leftovers(self) -> None:
        for path in self._releases.glob(".*"):
            shutil.rmtree(path)
        for link in self.folder.glob(".current-*"):
            link.unlink()


def _require_dags(release: Path, sha: str) -> None:
    """Raise DagReleaseError unless the release has DAGs and all its Python files compile."""
    if not list((release / "dags").glob("*.py")):
        raise DagReleaseError(f"release {sha} has no DAG in dags/")
    for path in sorted(release.rglob("*.py")):
        try:
            ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            raise DagReleaseError(f"release {sha}: {path.relative_to(release)} is not valid Python: {error}") from error


def download(url: str, target: Path) -> None:
    """Download the object ``s3://bucket/key`` to a file."""
    import boto3

    bucket, _, key = url.removeprefix("s3://").partition("/")
    boto3.client("s3").download_file(bucket, key, str(target))


def main(arguments: Sequence[str], source: str, fetch: Callable[[str, Path], None] = download) -> int:
    """Run a command and print the releases; return 0, or 1 after printing the reason for a refusal."""
    given = _parser().parse_args(arguments)
    releases = DagReleases(given.folder)
    try:
        if given.command == "sync":
            _sync(releases, given.sha, lambda target: fetch(f"{source}/{given.sha}.zip", target))
        elif given.command == "switch":
            releases.switch(given.sha)
    except DagReleaseError as error:
        print(f"dag_release: {error}; readers still see {releases.current}", file=sys.stderr)
        return 1
    print("\n".join(releases.names) if given.command == "list" else f"current release: {releases.current}")
    return 0


def _sync(releases: DagReleases, sha: str, fetch: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "release.zip"
        if sha not in releases.names:
            fetch(archive)
        releases.add(sha, archive)
    releases.switch(sha)
    releases.prune()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dag_release", description="Install DAG releases and switch between them.")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the releases")
    commands = parser.add_subparsers(dest="command", required=True)
    sync = commands.add_parser("sync", help="download a release if necessary, and switch to it")
    switch = commands.add_parser("switch", help="switch to an installed release")
    for command in (sync, switch):
        command.add_argument("sha", help="commit of the release, 7 to 40 hexadecimal digits")
    commands.add_parser("list", help="list the installed releases")
    commands.add_parser("current", help="show the current release")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("DAG_RELEASES", "")))
