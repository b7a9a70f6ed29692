"""Deployment packages: the same code gives the same bytes, and handlers run on Lambda's Python with the layer."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
from harvest_world import CREDENTIALS, World
from moto.server import ThreadedMotoServer
from test_handlers import (
    HANDLERS,
    test_a_delivery_passes_through_every_function,  # noqa: F401 - it runs here once more
)

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"
ROOT = Path(__file__).parents[2]
SHIPPED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
"""Content of Lambda's runtime besides the layer: boto3 and its dependencies, all pure Python."""
pytestmark = pytest.mark.long


def packaging() -> Any:
    spec = importlib.util.spec_from_file_location("package", ROOT / "lambdas" / "package.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks for it there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def python() -> str:
    """A Python 3.13 of this machine."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which("python3.13"), *map(str, sorted(pyenv.glob("3.13*/bin/python3.13")))]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    pytest.skip("the handlers are NOT tested on Lambda's Python: no python3.13 on the PATH or below ~/.pyenv/versions")


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer for Lambda, unpacked."""
    folder = tmp_path_factory.mktemp("layer")
    module = packaging()
    shutil.unpack_archive(module.build_layer(folder, module.DATAHARVEST, module.FOR_LAMBDA), folder / "opt")
    shipped = folder / "shipped"
    shipped.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in SHIPPED:
        (shipped / name).symlink_to(installed / name)
    return folder


@pytest.fixture
def world(new_world: Callable[..., Any]) -> Iterator[World]:
    """A world whose AWS can also be reached by other processes."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        with new_world() as fresh_world:
            yield fresh_world
    server.stop()


@pytest.fixture
def call(world: World, python: str, layer: Path) -> Callable[..., Any]:
    path = os.pathsep.join([str(layer / "opt" / "python"), str(layer / "shipped")])
    environment = {
        **CREDENTIALS, **world.environment, "PYTHONPATH": path, "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
    }  # fmt: skip

    def call(function: str, *records: dict[str, Any]) -> Any:
        done = subprocess.run(
            [python, str(Path(__file__).parent / "run_handler.py"), str(HANDLERS[function].parent)],
            input=json.dumps({"Records": list(records)}, default=str),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        output = json.loads(done.stdout.splitlines()[-1])
        assert output["python"] == [3, 13]
        return output["answer"]

    return call


def test_the_same_code_gives_the_same_bytes(tmp_path: Path) -> None:
    module = packaging()
    certificates = tmp_path / "rds.pem"
    certificates.write_text(CERTIFICATE)
    builds = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        layers = [module.build_layer(folder, layer, module.FOR_LAMBDA, certificates) for layer in module.LAYERS]
        paths = [*layers, *module.build_functions(folder)]
        builds.append({path.name: path.read_bytes() for path in paths})
    assert len(builds[0]) == len(module.LAYERS) + len(list((ROOT / "lambdas").rglob("handler.py")))
    assert [name for name in builds[0] if builds[0][name] != builds[1][name]] == []
    for layer in layers:
        assert ZipFile(layer).read(module.CERTIFICATES).decode() == CERTIFICATE
