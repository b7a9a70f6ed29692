"""The /tmp of an execution environment: its own, of the size that was set, kept while warm and gone with it."""

from __future__ import annotations

import logging
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.functions import ephemeral_storage
from localaws.functions.configuration import changed
from localaws.functions.errors import LambdaError
from localaws.functions.names import Reference
from localaws.functions.process import private_tmp

CODE = """
    import errno, os, tempfile
    at_import = sorted(os.listdir("/tmp"))

    def handler(event, context):
        if "write" in event:
            with open("/tmp/" + event["write"], "w") as file:
                file.write("x")
        if "fill" in event:
            written = 0
            try:
                with open("/tmp/large", "wb", buffering=0) as file:
                    while written < event["fill"] << 20:
                        written += file.write(bytes(1 << 20))
            except OSError as error:
                return {"error": errno.errorcode[error.errno], "megabytes": os.path.getsize("/tmp/large") >> 20}
        return {"pid": os.getpid(), "tmp": sorted(os.listdir("/tmp")), "at_import": at_import,
                "folder": tempfile.gettempdir(), "variable": os.environ.get("TMPDIR"),
                "mounts": os.readlink("/proc/self/ns/mnt")}
"""
NAME = f"of-a-function-{uuid.uuid4().hex}"


@pytest.fixture
def own_tmp() -> None:
    """Skip where the kernel, or a container, allows no mount namespace."""
    if reason := ephemeral_storage.problem():
        pytest.skip(f"NO /tmp OF THEIR OWN FOR FUNCTIONS: {reason}")


@pytest.mark.usefixtures("own_tmp")
def test_a_literal_tmp_is_of_one_environment(functions: Any) -> None:
    first, second = functions.create(CODE), functions.create(CODE)
    written = functions.invoke(first, {"write": NAME})[0]
    other = functions.invoke(second, {})[0]
    assert NAME in written["tmp"]
    assert NAME not in other["tmp"]
    assert not Path("/tmp", NAME).exists()
    assert written["mounts"] != other["mounts"] != str(Path("/proc/self/ns/mnt").readlink())
    assert (written["folder"], written["variable"]) == ("/tmp", None)


@pytest.mark.usefixtures("own_tmp")
def test_files_in_tmp_stay_while_warm_and_go_with_the_environment(functions: Any) -> None:
    name = functions.create(CODE)
    first = functions.invoke(name, {"write": NAME})[0]
    warm = functions.invoke(name, {})[0]
    functions.client.update_function_configuration(FunctionName=name, Description="another revision")
    new = functions.invoke(name, {})[0]
    assert (warm["pid"], NAME in warm["tmp"]) == (first["pid"], True)
    assert new["pid"] != first["pid"]
    assert NAME not in new["tmp"]


@pytest.mark.usefixtures("own_tmp")
def test_tmp_is_empty_but_for_what_the_process_reads(functions: Any, tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    python = [sys.prefix, sys.base_prefix, str(Path(private_tmp.__file__).parent)]
    kept = private_tmp.below(os.path.realpath("/tmp"), [str(functions.server.home), *python, str(libraries)])
    variables = {"TMPDIR": "/tmp", "PYTHONPATH": f"/tmp:{libraries}"}
    name = functions.create(CODE, Environment={"Variables": variables})
    answer = functions.invoke(name, {})[0]
    assert answer["at_import"] == sorted({Path(folder).relative_to("/tmp").parts[0] for folder in kept})
    assert answer["variable"] == "/tmp"


@pytest.mark.usefixtures("own_tmp")
@pytest.mark.parametrize(("options", "megabytes"), [({}, 512), ({"EphemeralStorage": {"Size": 600}}, 600)])
def test_a_full_tmp(functions: Any, options: dict[str, Any], megabytes: int) -> None:
    name = functions.create(CODE, **options)
    assert functions.invoke(name, {"fill": 1024}) == ({"error": "ENOSPC", "megabytes": megabytes}, "")
    configuration = functions.client.get_function_configuration(FunctionName=name)
    assert configuration["EphemeralStorage"] == {"Size": megabytes}


@pytest.mark.usefixtures("own_tmp")
def test_sizes_that_lambda_refuses(functions: Any) -> None:
    name = functions.create(CODE)
    with pytest.raises(ClientError) as error:
        functions.client.update_function_configuration(FunctionName=name, EphemeralStorage={"Size": 32769})
    assert error.value.response["Error"]["Message"] == (
        "1 validation error detected: Value '32769' at 'ephemeralStorage.size' failed to satisfy constraint: "
        "Member must have value less than or equal to 32768"
    )


def test_folders_of_a_process_that_are_below_tmp(tmp_path: Path) -> None:
    outer, other = tmp_path / "outer", tmp_path / "other"
    (outer / "inner").mkdir(parents=True)
    other.mkdir()
    (tmp_path / "link").symlink_to(other)
    folders = [str(path) for path in (outer / "inner", outer, tmp_path / "link", tmp_path / "none", Path("/usr"))]
    assert private_tmp.below(str(tmp_path), folders) == [str(tmp_path / name) for name in ("link", "other", "outer")]


def test_a_home_that_is_tmp_itself() -> None:
    with pytest.raises(
        OSError, match=r"^/tmp itself contains files that a function needs: use folders below it for home"
    ):
        private_tmp.below("/tmp", ["/tmp/a", "/tmp"])


@pytest.fixture
def locked_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that allows no mount namespace."""
    program = tmp_path / "refused.py"
    program.write_text("import sys\nsys.exit('unshare: Operation not permitted')\n")
    monkeypatch.setattr(ephemeral_storage, "_PROGRAM", program)
    monkeypatch.setattr(ephemeral_storage.sys, "platform", "linux")
    cached = ephemeral_storage._problem
    monkeypatch.setattr(ephemeral_storage, "_problem", ephemeral_storage.cache(cached.__wrapped__))


@pytest.mark.usefixtures("locked_down")
def test_a_machine_without_namespaces_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        reasons = {ephemeral_storage.problem() for _ in range(3)}
    assert reasons == {"unshare: Operation not permitted"}
    assert caplog.messages == [
        "functions have a TMPDIR of their own, and share this machine's /tmp: unshare: Operation not permitted"
    ]


@pytest.mark.usefixtures("locked_down")
def test_a_size_that_cannot_be_held_is_refused() -> None:
    configuration = {"Runtime": "python3.11"}
    function = Reference("us-east-1", "123456789012", "f")
    with pytest.raises(LambdaError) as error:
        changed(configuration, {"EphemeralStorage": {"Size": 1024}}, function)
    assert error.value.args[0] == (
        "localaws does not support EphemeralStorage.Size 1024: functions share this machine's /tmp: "
        "unshare: Operation not permitted"
    )
    assert changed(configuration, {"EphemeralStorage": {"Size": 512}}, function)["EphemeralStorage"] == {"Size": 512}
