"""A full disk under Glue jobs: a clear error, and no stored data is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import running

MIB = 1 << 20
FULL = "The disk with the home folder is full. Free some space and repeat the request."
FILL = """
    import boto3, sys
    s3, bucket = boto3.client("s3"), sys.argv[sys.argv.index("--bucket") + 1]
    for number in range(1000):
        s3.put_object(Bucket=bucket, Key=f"out/{number}", Body=b"x" * 200_000)
        print(number)
"""

# Writes into its working folder until not a single byte is free.
HOG = """
    print("begun", flush=True)
    with open("hog", "wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            while file.write(b"x" * size) == size:
                pass
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root and the right to mount")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk completely, and return the file that does so."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"x" * size)
    return path


def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_job_that_fills_the_disk_fails_clearly_and_what_was_there_stays(jobs_of: Any, small_disk: Path) -> None:
    with running(small_disk) as server:
        jobs = jobs_of(server)
        name = jobs.create(FILL)
        run = jobs.run(name, {"--bucket": jobs.bucket})
        assert (run["JobRunState"], run["ErrorMessage"]) == (
            "FAILED",
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 4; ClientError: An error occurred"
            f" (InsufficientStorage) when calling the PutObject operation: {FULL}",
        )
        s3 = server.client("s3")
        acknowledged = int(jobs.output(run)[-1]) + 1
        written = s3.list_objects_v2(Bucket=jobs.bucket, Prefix="out/")["Contents"]
        assert [summary["Size"] for summary in written] == [200_000] * acknowledged
        for entry in written:
            s3.delete_object(Bucket=jobs.bucket, Key=entry["Key"])
        hog = jobs.run(jobs.create(HOG))
        assert hog["ErrorMessage"] == (
            "Error Category: DISK_NO_SPACE_ERROR; Failed Line Number: 4; OSError: [Errno 28] No space left on device"
        )
        assert jobs.output(hog) == ["begun"]
        assert jobs.run(jobs.create("print(1)"))["JobRunState"] == "SUCCEEDED"


def test_a_full_disk_refuses_changes_and_the_end_of_a_run_is_stored_later(jobs_of: Any, small_disk: Path) -> None:
    with running(small_disk) as server:
        jobs = jobs_of(server)
        script = "import os, sys, time\nwhile os.path.exists(sys.argv[2]): time.sleep(0.02)"
        name = jobs.create(script, ExecutionProperty={"MaxConcurrentRuns": 2})
        hold = jobs.folder / "hold"
        hold.touch()
        run_id = jobs.start(name, {"--hold": str(hold)})
        jobs.wait(name, run_id, frozenset({"RUNNING"}))
        filling = fill(small_disk)
        sns = server.client("sns")
        assert refused(lambda: jobs.start(name)) == ("InsufficientStorage", FULL)
        assert refused(lambda: sns.create_topic(Name="t")) == ("InsufficientStorage", FULL)
        assert sns.list_topics()["Topics"] == []
        hold.unlink()
        assert jobs.wait(name, run_id)["JobRunState"] == "SUCCEEDED"
        filling.unlink()
        jobs.eventually(lambda: '"SUCCEEDED"' in (small_disk / "runs" / run_id / "run.json").read_text())
        assert sns.create_topic(Name="t")["TopicArn"].endswith(":t")
    with running(small_disk) as server:
        assert jobs_of(server).show(name, run_id)["JobRunState"] == "SUCCEEDED"


def test_a_run_without_room_to_begin_says_so(jobs_of: Any, small_disk: Path) -> None:
    with running(small_disk) as server:
        jobs = jobs_of(server)
        name = jobs.create("print(1)")
        run = jobs.run(name, {"--extra-files": jobs.put("large.bin", b"x" * 5 * MIB)})
        assert (run["JobRunState"], run["ErrorMessage"]) == (
            "FAILED",
            "Error Category: DISK_NO_SPACE_ERROR; the disk with the home folder is full;"
            " free some space and start the run again",
        )
        assert jobs.run(name)["JobRunState"] == "SUCCEEDED"


def test_a_script_failing_on_a_full_disk_is_distinguished_from_other_failures(jobs: Any) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full exists only on Linux")
    run = jobs.run(jobs.create("with open('/dev/full', 'w') as full:\n    full.write('x')"))
    assert run["ErrorMessage"] == (
        "Error Category: DISK_NO_SPACE_ERROR; Failed Line Number: 1; OSError: [Errno 28] No space left on device"
    )
