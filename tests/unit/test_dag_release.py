"""DAG releases: a reader sees either the whole new release or the one before, wherever the writer is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from airflow_on_ecs.dag_release import KEPT, DagReleases, main

OLD, NEW = "a" * 40, "b" * 40
FILES = ("dags/stars.py", "dags/maintenance.py", "packages/estrela/__init__.py")
KILLED = """
import os, signal, sys
from airflow_on_ecs.dag_release import main
left = int(sys.argv[1])
WRITES = ("open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree")

def hook(event, arguments):
    global left
    if event in WRITES and sys.argv[2] in str(arguments):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
sys.exit(main(["--folder", sys.argv[2], "sync", sys.argv[3]], sys.argv[4], lambda url, to: os.link(url, to)))
"""


def archive(folder: Path, sha: str, **changed: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{sha}.zip", "w") as file:
        for name in FILES:
            file.writestr(name, changed.get(Path(name).stem, f"RELEASE = '{sha}'\n"))


def copy(url: str, target: Path) -> None:
    target.write_bytes(Path(url).read_bytes())


def sync(folder: Path, sha: str, **changed: str) -> int:
    archive(folder.parent / "source", sha, **changed)
    return main(["--folder", str(folder), "sync", sha], str(folder.parent / "source"), copy)


def seen(folder: Path) -> set[str]:
    """Return the files behind the link, with their release."""
    return {f"{path.relative_to(folder / 'current')} {path.read_text()}" for path in folder.glob("current/**/*.py")}


def whole(sha: str) -> set[str]:
    return {f"{name} RELEASE = '{sha}'\n" for name in FILES}


BROKEN = "dags/stars.py is not valid Python: invalid syntax (<unknown>, line 1)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dags"
    path.mkdir()
    return path


def test_a_release_is_brought_and_seen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sync(folder, OLD) == 0
    assert (seen(folder), capsys.readouterr().out) == (whole(OLD), f"current release: {OLD}\n")
    assert sync(folder, NEW) == 0
    assert sync(folder, NEW) == 0
    assert (seen(folder), DagReleases(folder).names) == (whole(NEW), [OLD, NEW])


def test_a_release_is_rolled_back_by_one_command(folder: Path) -> None:
    sync(folder, OLD)
    sync(folder, NEW)
    assert main(["--folder", str(folder), "switch", OLD], "") == 0
    assert seen(folder) == whole(OLD)


def test_killed_at_every_step_readers_see_one_whole_release_and_the_next_run_completes(folder: Path) -> None:
    """For every n, the process kills itself before its n-th change to the folder."""
    sync(folder, OLD)
    archive(folder.parent / "source", NEW)
    for step in range(200):
        for path in (folder / "releases" / NEW, folder / "current"):
            subprocess.run(["rm", "-rf", str(path)], check=True)
        DagReleases(folder).switch(OLD)
        source = str(folder.parent / "source")
        command = [sys.executable, "-c", KILLED, str(step), str(folder), NEW, source]
        status = subprocess.run(command, capture_output=True, check=False).returncode
        assert seen(folder) in (whole(OLD), whole(NEW)), f"killed before change {step}"
        assert (status, seen(folder)) == (0, whole(NEW)) or status == -signal.SIGKILL
        assert main(["--folder", str(folder), "sync", NEW], source, copy) == 0
        assert (seen(folder), DagReleases(folder).names) == (whole(NEW), [OLD, NEW])
        assert not list((folder / "releases").glob(".*"))
        if status == 0:
            break
    assert step > 8


@pytest.mark.parametrize(
    ("sha", "changed", "problem"),
    [
        (
            NEW,
            {"stars": "def"},
            f"release {NEW}: {BROKEN}",
        ),
        ("main", {}, "'main' is not a commit: 7 to 40 hexadecimal digits"),
    ],
)
def test_a_release_that_cannot_be_right_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], sha: str, changed: dict[str, str], problem: str
) -> None:
    sync(folder, OLD)
    assert sync(folder, sha, **changed) == 1
    assert capsys.readouterr().err == f"dag_release: {problem}; readers still see {OLD}\n"
    assert (seen(folder), DagReleases(folder).names) == (whole(OLD), [OLD])


def test_a_release_that_is_gone_is_named_with_those_that_are_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sync(folder, OLD)
    assert main(["--folder", str(folder), "switch", NEW], "") == 1
    message = capsys.readouterr().err
    assert message == f"dag_release: release {NEW} does not exist; existing releases: {OLD}; readers still see {OLD}\n"


def test_the_newest_releases_and_the_current_one_are_kept(folder: Path) -> None:
    names = [f"{number:07x}" for number in range(KEPT + 3)]
    for number, name in enumerate(names):
        sync(folder, name)
        os.utime(folder / "releases" / name, (number, number))
    assert DagReleases(folder).names == names[-KEPT:]
