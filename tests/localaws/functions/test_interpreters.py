"""The Python interpreter of a runtime is one that starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localaws.functions.errors import LambdaError
from localaws.functions.interpreters import interpreter


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """A function that creates a program in a pyenv folder, whose shims are on the PATH, with a given exit status."""
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    interpreter.cache_clear()

    def make(place: str, status: int) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\nexit {status}\n")
        path.chmod(0o755)
        return path

    return make


def test_a_shim_without_a_version_is_replaced_by_an_installed_version(program: Callable[[str, int], Path]) -> None:
    program("shims/python3.14", 127)
    program("versions/3.14.0/bin/python3.14", 1)
    real = program("versions/3.14.2/bin/python3.14", 0)
    assert interpreter("python3.14") == str(real)


def test_a_python_that_does_not_start_is_refused(program: Callable[[str, int], Path]) -> None:
    program("shims/python3.14", 127)
    with pytest.raises(
        LambdaError, match=r"python3\.14 is not on the PATH; install it, or use python3\.\d+, the Python of this server"
    ):
        interpreter("python3.14")
