"""The archive of Spark's classes: created by one process, completely or not at all, and again for another Java."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from localaws.glue.class_archive import ClassArchive, archive_of

JAVA = '#!/bin/sh\nfor word; do case "$word" in -XX:SharedArchiveFile=*) : > "${word#*=}";; esac; done\nexit %d\n'


def never() -> bool:
    return False


def archive(folder: Path, name: str = "one", status: int = 0) -> ClassArchive:
    """Return an archive for a Java that writes an empty archive of its own classes and exits with ``status``."""
    program = folder / "java" / "bin" / "java"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(JAVA % status)
    program.chmod(0o755)
    return ClassArchive(folder / "classes", folder / "java", name)


def written(options: str) -> bool:
    """Write the archive that the options name, as a JVM does at its normal end."""
    partial = options.partition("-XX:ArchiveClassesAtExit=")[2].partition('"')[0]
    Path(partial).write_text("classes")
    return True


def test_jvms_use_the_archive_once_it_is_made(tmp_path: Path) -> None:
    class_archive = archive(tmp_path)
    assert class_archive.options() == ""
    class_archive.make(written, never)
    folder = tmp_path / "classes"
    assert class_archive.options().startswith(f'"-XX:SharedArchiveFile={folder}/java-one.jsa:{folder}/spark-one.jsa" ')
    class_archive.make(lambda options: pytest.fail("it is there"), never)


def test_a_jvm_that_was_ended_leaves_no_archive(tmp_path: Path) -> None:
    cut = archive(tmp_path)
    cut.make(lambda options: written(options) and False, never)
    assert cut.options() == ""
    cut.make(written, never)
    assert cut.options()


def test_archives_of_another_java_are_deleted(tmp_path: Path) -> None:
    for name in ("old", "new"):
        archive(tmp_path, name).make(written, never)
    assert sorted(file.name for file in (tmp_path / "classes").glob("*.jsa")) == ["java-new.jsa", "spark-new.jsa"]


def test_a_java_that_cannot_make_archives_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CalledProcessError):
        archive(tmp_path, status=1).make(written, never)


@pytest.mark.parametrize("stops", [False, True])
def test_a_second_process_waits_for_the_first_until_stopped(tmp_path: Path, stops: bool) -> None:
    first, second = threading.Event(), threading.Event()
    begun, ended = threading.Event(), threading.Event()

    def slowly(options: str) -> bool:
        begun.set()
        assert first.wait(20)
        return written(options)

    def follow(is_stopped: Callable[[], bool]) -> None:
        archive(tmp_path).make(lambda options: pytest.fail("somebody else makes it"), is_stopped)
        ended.set()

    maker = threading.Thread(target=archive(tmp_path).make, args=(slowly, never))
    maker.start()
    assert begun.wait(20)
    waiter = threading.Thread(target=follow, args=(second.is_set,))
    waiter.start()
    assert not ended.wait(0.3)
    (second if stops else first).set()
    assert ended.wait(20)
    first.set()
    maker.join()
    waiter.join()


def test_the_name_follows_from_the_java(tmp_path: Path) -> None:
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.9"\n')
    before = archive_of(tmp_path, tmp_path)
    assert archive_of(tmp_path, tmp_path) == before
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.10"\n')
    assert archive_of(tmp_path, tmp_path).name != before.name
