"""A private ``/tmp`` for a process, in a Linux mount namespace: limited in size, and removed with its last process.

``private_tmp.py MEGABYTES FOLDERS`` tests whether it works and prints the error; folders are joined like PATH. Imports
only the standard library, because it runs under the Python of each function.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

# Values of linux/sched.h, linux/mount.h and linux/capability.h.
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_NO_SUID, _NO_DEVICES, _BIND, _RECURSIVE, _PRIVATE = 1 << 1, 1 << 2, 1 << 12, 1 << 14, 1 << 18
_CAPABILITIES_3 = 0x20080522


def enter(megabytes: int, folders: Iterable[str]) -> None:
    """Give this single-threaded process an empty ``/tmp``; those of ``folders`` that are below it stay visible.

    Raises OSError if namespaces are not allowed, or if one of the folders is ``/tmp`` itself.
    """
    tmp = os.path.realpath("/tmp")  # noqa: S108
    kept = below(tmp, folders)
    libc = ctypes.CDLL(None, use_errno=True)
    has_new_user = _unshare(libc)
    _mount(libc, "none", "/", _RECURSIVE | _PRIVATE)
    opened = [(folder, os.open(folder, os.O_PATH | os.O_DIRECTORY)) for folder in kept]
    _mount(libc, "tmpfs", tmp, _NO_SUID | _NO_DEVICES, f"size={megabytes}m,mode=1777")
    for folder, descriptor in opened:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - pathlib costs milliseconds of each start
        _mount(libc, f"/proc/self/fd/{descriptor}", folder, _BIND | _RECURSIVE)
        os.close(descriptor)
    if has_new_user:
        _drop_capabilities(libc)


def below(tmp: str, folders: Iterable[str]) -> list[str]:
    """Return the existing folders below ``tmp``, by name and with links resolved, without folders inside others."""
    named = {name for folder in folders for name in (os.path.abspath(folder), os.path.realpath(folder))}  # noqa: PTH100
    if tmp in named:
        raise OSError(
            f"{tmp} itself contains files that a function needs: use folders below it for home and environment"
        )
    kept: list[str] = []
    for name in sorted(named):  # a folder comes before what is in it
        is_inside = any(name.startswith(f"{folder}/") for folder in kept)
        if name.startswith(f"{tmp}/") and not is_inside and os.path.isdir(name):  # noqa: PTH112
            kept.append(name)
    return kept


def _unshare(libc: ctypes.CDLL) -> bool:
    """Enter a mount namespace; return whether that needed a user namespace too, as for every user but root."""
    user, group = os.geteuid(), os.getegid()
    if not libc.unshare(_NEW_MOUNTS):
        return False
    _check(libc.unshare(_NEW_MOUNTS | _NEW_USER), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)
    return True


def _mount(libc: ctypes.CDLL, source: str, target: str, flags: int, options: str = "") -> None:
    kind = b"tmpfs" if options else None
    result = libc.mount(source.encode(), os.fsencode(target), kind, ctypes.c_ulong(flags), options.encode() or None)
    _check(result, f"mount of {target}")


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Drop the capabilities that a new user namespace grants, so that a handler has no more rights than its user."""
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
    _check(libc.capset(header, nothing), "capset")


def _check(result: int, call: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        enter(int(sys.argv[1]), sys.argv[2].split(os.pathsep))
    except OSError as error:
        sys.exit(error.strerror or str(error))
