"""Measures a page in headless Chromium at two widths, without a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--allow-file-access-from-files", "--virtual-time-budget=60000", "--run-all-compositor-stages-before-draw",
)  # fmt: skip
WIDTHS = (1280, 390)
MEASURE = Path(__file__).parent / "measure.js"


def binary() -> str | None:
    """Return Chromium's path, under one of its names, or None if it is not installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass(frozen=True)
class Measured:
    """Content of a frame of ``width`` pixels, as measured by measure.js."""

    width: int
    content: dict[str, Any]


def measure(page: Path, folder: Path, *, dark: bool = False) -> list[Measured]:
    """Measure the page in one frame per width, after all charts were drawn."""
    frames = "".join(
        f'<iframe src="{page.as_uri()}" style="width:{width}px;height:900px;border:0"></iframe>' for width in WIDTHS
    )
    frame = folder / f"frame-{dark}.html"
    axe = json.dumps((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")).replace("<", "\\u003c")
    scripts = f'<script type="application/json" id="axe">{axe}</script><script>{MEASURE.read_text()}</script>'
    frame.write_text(f'{frames}<pre id="out"></pre>{scripts}', encoding="utf-8")
    scheme = ("--blink-settings=preferredColorScheme=0",) if dark else ()
    command = [str(binary()), *FLAGS, *scheme, f"--user-data-dir={folder / 'profile'}", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    output = re.search(r'<pre id="out">(.+?)</pre>', done.stdout, re.DOTALL)
    assert output, f"the page was not measured: {done.stderr[-500:]}"
    measurements = json.loads(html.unescape(output.group(1)))
    assert isinstance(measurements, list), measurements
    return [Measured(width, content) for width, content in zip(WIDTHS, measurements, strict=True)]
