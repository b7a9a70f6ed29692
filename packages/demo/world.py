"""The data that the demo reads: invented or real files of the central bank, files of any other star, or the web."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.processes import process
from estrela import world as sources

START_SECONDS = 30.0
MIRRORED = "banking"
"""Star whose sources the mirror of the central bank stands in for."""


class WorldError(Exception):
    """The requested data source is invalid or does not start."""


@dataclass(frozen=True)
class World:
    """``name`` keeps the state of different worlds apart.

    ``data`` is a folder of the central bank's files, which the mirror serves. ``files`` is a folder whose files are put
    into the lake's bucket under their paths. ``stand_in`` is the address of a running service that answers in place of
    the sources' hosts.
    """

    name: str
    doc: str
    data: Path | None = None
    files: Path | None = None
    stand_in: str = ""

    @property
    def has_mirror(self) -> bool:
        """Return whether the mirror answers for the sources' hosts."""
        return self.name in ("synthetic", "real")


def world_from(environ: Mapping[str, str]) -> World:
    """Return the world that ``LIVE``, or ``DATA`` and ``SOURCE_HOST``, ask for; without them, an invented one.

    Raises WorldError for a folder that does not exist, SettingsError for an address that is no stand-in's.
    """
    star, data, stand_in = (environ.get(name, "") for name in ("STAR", "DATA", "SOURCE_HOST"))
    is_mirrored = star in ("", MIRRORED)
    if environ.get("LIVE") == "1":
        return World("live", "Banco Central do Brasil itself" if is_mirrored else "the sources themselves")
    if not data and (is_mirrored or not stand_in):
        return World("synthetic", "a seeded synthetic world: invented data with the quirks of real files")
    return _mirrored(data) if is_mirrored else _own(star, data, stand_in)


def _mirrored(data: str) -> World:
    folder = Path(data).expanduser().resolve()
    if not (folder / "complaints").is_dir():
        raise WorldError(f"DATA={data} has no folder complaints/; set a folder of the central bank's files")
    return World("real", f"files of Banco Central do Brasil in {data}", folder)


def _own(star: str, data: str, stand_in: str) -> World:
    folder = Path(data).expanduser().resolve() if data else None
    if folder and not folder.is_dir():
        raise WorldError(f"DATA={data} is not a folder; set one with files for the lake's bucket")
    name = f"own-{star}"
    if stand_in:
        sources.world_from(f"{stand_in}#{name}")
    parts = (f"files in {data}" if data else "", stand_in)
    return World(name, " and ".join(filter(None, parts)), files=folder, stand_in=stand_in)


@contextlib.contextmanager
def source_host(world: World, log: Path) -> Iterator[str]:
    """Yield the address and name of what stands in for the sources' hosts; "" for these hosts themselves.

    The port changes between runs; the lake recognises the world by its name.
    """
    if not world.has_mirror:
        yield f"{world.stand_in}#{world.name}" if world.stand_in else ""
        return
    options = ["--data", str(world.data)] if world.data else []
    with process([sys.executable, "-m", "bcb_mirror", "serve", *options], {"PYTHONUNBUFFERED": "1"}, log) as child:
        deadline = time.monotonic() + START_SECONDS
        while "answers at " not in (text := log.read_text()):
            if child.poll() is not None or time.monotonic() > deadline:
                raise WorldError(f"the mirror did not start: {text.strip()[-500:]}")
            time.sleep(0.05)
        yield f"{text.split('answers at ')[1].split()[0]}#{world.name}"
