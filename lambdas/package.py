"""``python lambdas/package.py``: builds the functions into ``dist/``: layers of libraries, and one zip per function.

The libraries are those pinned in uv.lock, without boto3, which Lambda's runtimes include, for Python 3.13 on Amazon
Linux 2023. uv.lock has hashes only for the wheels of this project's Python, so the hashes of other wheels are not
checked. Builds are reproducible: the same code gives the same bytes. Each layer contains the certificates with which
functions verify their database, which terraform/certificates.py writes to ``dist/``. ``--here`` builds the layers for
the Python and operating system of this machine, without certificates.
https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
FOR_LAMBDA = ("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28")
SHIPPED = ("boto3",)
UNSTABLE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
"""Installed files that contain the method and time of the installation."""
CERTIFICATES = "certificates/rds.pem"
"""Path in a layer, which Lambda unpacks below /opt."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The timestamp of every zip member, so that the time of a build does not change the bytes."""


@dataclass(frozen=True)
class Layer:
    """The libraries of ``package``: ``options`` of uv's export, and the included parts of the platform's packages."""

    package: str
    options: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]]


DATAHARVEST = Layer("dataharvest", (), {"dataharvest": ("",), "estrela": ("__init__.py", "errors.py", "hooks")})
# without the libraries for Parquet files and REST APIs, as functions only register files and load none
ESTRELA = Layer("estrela", ("--extra", "ledger", "--prune", "pyarrow", "--prune", "requests"), {"estrela": ("",)})
LAYERS = (DATAHARVEST, ESTRELA)


def main() -> int:
    """Build everything, and print the paths."""
    DIST.mkdir(exist_ok=True)
    if "--here" in sys.argv[1:]:
        layers = [build_layer(DIST, layer) for layer in LAYERS]
    else:
        layers = [build_layer(DIST, layer, FOR_LAMBDA, DIST / "rds.pem") for layer in LAYERS]
    for path in (*layers, *build_functions(DIST)):
        print(path)
    return 0


def build_layer(folder: Path, layer: Layer, target: tuple[str, ...] = (), certificates: Path | None = None) -> Path:
    """Install the libraries for a ``target`` (options of uv; none: this machine) and zip them below ``python/``.

    ``certificates`` are added as :data:`CERTIFICATES`.
    """
    path = folder / f"{layer.package}-libraries.zip"
    with tempfile.TemporaryDirectory(prefix="layer-") as name:
        installed, requirements = Path(name, "python"), Path(name, "requirements.txt")
        requirements.write_text(_requirements(layer, with_hashes=not target))
        options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(installed), *target)
        _run("-m", "uv", "pip", "install", *options, "--requirement", str(requirements))
        members = {f"python/{path.relative_to(installed)}": path for path in _stable(installed)}
        members |= {f"python/{path.relative_to(ROOT / 'packages')}": path for path in _own(layer)}
        members |= {CERTIFICATES: certificates} if certificates else {}
        _zip(members, path)
    return path


def build_functions(folder: Path) -> Iterator[Path]:
    """Zip each handler; yield the zip files, named after the functions."""
    handlers = [path for pattern in ("*/handler.py", "large/*/handler.py") for path in (ROOT / "lambdas").glob(pattern)]
    for handler in sorted(handlers):
        target = folder / f"{handler.parent.name}.zip"
        _zip({"handler.py": handler}, target)
        yield target


def _own(layer: Layer) -> Iterator[Path]:
    for package, parts in layer.own.items():
        for part in parts:
            path = ROOT / "packages" / package / part
            yield from (_stable(path) if path.is_dir() else (path,))


def _stable(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in UNSTABLE and path.suffix != ".pyc" and "bin" not in path.parts[-2:-1]:
            yield path


def _requirements(layer: Layer, *, with_hashes: bool) -> str:
    pruned = [word for name in SHIPPED for word in ("--prune", name)]
    plain = ["--frozen", "--quiet", "--no-header", "--no-annotate", "--no-emit-workspace"]
    plain += [] if with_hashes else ["--no-hashes"]
    return _run("-m", "uv", "export", "--package", layer.package, *layer.options, *plain, *pruned)


def _zip(members: dict[str, Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(members.items()):
            member = zipfile.ZipInfo(name, EARLIEST)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, path.read_bytes())


def _run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lambdas/package.py: {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
