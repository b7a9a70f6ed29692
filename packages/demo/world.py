"""The data source of the demo: a synthetic central bank, a folder of the real one's files, or the real one."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.processes import process

START_SECONDS = 30.0


class WorldError(Exception):
    """The requested data source is invalid or does not start."""


@dataclass(frozen=True)
class World:
    """``name`` keeps the state of different worlds apart; ``data`` is a folder of the central bank's files."""

    name: str
    doc: str
    data: Path | None = None

    @property
    def is_live(self) -> bool:
        return self.name == "live"


def world_from(environ: Mapping[str, str]) -> World:
    """Return the live world for ``LIVE=1``, files for ``DATA=<folder>``, else the synthetic world.

    Raises WorldError if the folder does not exist.
    """
    if environ.get("LIVE") == "1":
        return World("live", "Banco Central do Brasil itself")
    if not environ.get("DATA"):
        return World("synthetic", "a seeded synthetic world: invented data with the quirks of real files")
    data = Path(environ["DATA"]).expanduser().resolve()
    if not (data / "complaints").is_dir():
        raise WorldError(f"DATA={environ['DATA']} has no folder complaints/; give a folder of the central bank's files")
    return World("real", f"files of Banco Central do Brasil in {environ['DATA']}", data)


@contextlib.contextmanager
def source_host(world: World, log: Path) -> Iterator[str]:
    """Yield URL and name of the stand-in for the central bank; "" for the central bank itself.

    The port changes between runs; the lake recognises the world by its name.
    """
    if world.is_live:
        yield ""
        return
    options = ["--data", str(world.data)] if world.data else []
    with process([sys.executable, "-m", "bcb_mirror", "serve", *options], {"PYTHONUNBUFFERED": "1"}, log) as child:
        deadline = time.monotonic() + START_SECONDS
        while "answers at " not in (text := log.read_text()):
            if child.poll() is not None or time.monotonic() > deadline:
                raise WorldError(f"the mirror did not start: {text.strip()[-500:]}")
            time.sleep(0.05)
        yield f"{text.split('answers at ')[1].split()[0]}#{world.name}"
