"""``python glue/package.py``: build the platform's wheel and its libraries for Glue jobs into ``dist/``.

The libraries are the dependencies pinned in uv.lock, without those that AWS Glue provides, in one zip of wheels. Glue
installs them with ``--no-index``, so a run needs neither PyPI nor access to the internet. The same code gives the same
bytes. https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html (Appendix A)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
SHIPPED = ("boto3", "requests", "urllib3")
"""Dependencies of the platform that Glue 5.1 provides. They and their own dependencies are not in the zip."""
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
"""Platforms of wheels that run on Amazon Linux 2023 under Glue 5.1 (Appendix B of the page above)."""
PYTHON_VERSION = "3.11"
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Timestamp of every member, so that the build time does not change the bytes."""


def main() -> int:
    """Build both files and print their paths."""
    DIST.mkdir(exist_ok=True)
    for path in (build_wheel(DIST), build_libraries(DIST)):
        print(path)
    return 0


def build_wheel(folder: Path) -> Path:
    """Build the platform's wheel into ``folder``."""
    _run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT / "packages" / "estrela")
    return next(folder.glob("estrela-*.whl"))


def build_libraries(folder: Path) -> Path:
    """Download the wheels of the dependencies, checked against the hashes of uv.lock, and zip them into ``folder``."""
    target = folder / "estrela.gluewheels.zip"
    with tempfile.TemporaryDirectory(prefix="estrela-wheels-") as name:
        wheels = Path(name)
        requirements = wheels / "requirements.txt"
        requirements.write_text(_requirements())
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        into = ["--dest", name, "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", PYTHON_VERSION]
        _run("-m", "pip", "download", "--requirement", str(requirements), *into, *platforms)
        _zip(sorted(wheels.iterdir()), target)
    return target


def _requirements() -> str:
    pruned = [word for name in SHIPPED for word in ("--prune", name)]
    plain = ["--frozen", "--quiet", "--no-header", "--no-annotate", "--no-emit-workspace"]
    return _run("-m", "uv", "export", "--package", "estrela", *plain, *pruned)


def _zip(files: list[Path], target: Path) -> None:
    """Write ``files`` as ``wheels/<name>`` without compression, because wheels are already compressed."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(f"wheels/{file.name}", EARLIEST), file.read_bytes())


def _run(*arguments: str, cwd: Path = ROOT) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"glue/package.py: {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
