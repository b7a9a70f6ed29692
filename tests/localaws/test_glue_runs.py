"""Runs of pythonshell jobs: arguments, states, errors, libraries, logs, limits."""

from __future__ import annotations

import importlib.metadata
import io
import json
import re
import subprocess
import sys
import zipfile
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from uv import find_uv_bin

OPTIONS = """
    import json, sys
    from awsglue.utils import getResolvedOptions
    print(json.dumps(getResolvedOptions(sys.argv, ["JOB_NAME", "year", "kind"])))
"""
# Ends when the file named by --go exists.
WAIT = """
    import pathlib, sys, time
    print("begun")
    while not pathlib.Path(sys.argv[sys.argv.index("--go") + 1]).exists():
        time.sleep(0.02)
"""


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return buffer.getvalue()


def wheel(name: str, module: str) -> bytes:
    info = f"{name}-1.0.dist-info"
    return archive(
        {
            f"{name}/__init__.py": module,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: boto3>=1\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        }
    )


def test_a_run_gets_the_jobs_arguments_under_its_own(jobs: Any) -> None:
    name = jobs.create(OPTIONS, DefaultArguments={"--year": "2023", "--kind": "a b"})
    run = jobs.run(name, {"--year": "2024"})
    assert run["JobRunState"] == "SUCCEEDED"
    seen = json.loads(jobs.output(run)[0])
    expected = {"JOB_NAME": name, "JOB_RUN_ID": run["Id"], "year": "2024", "kind": "a b"}
    assert seen.items() >= expected.items()
    assert run["Arguments"] == {"--year": "2024", "--kind": "a b"}
    assert re.fullmatch(r"jr_[0-9a-f]{64}", run["Id"])


def test_a_finished_run_tells_its_times_and_capacity(jobs: Any) -> None:
    run = jobs.run(jobs.create("print(1)", MaxCapacity=1.0))
    assert run["StartedOn"] <= run["CompletedOn"] == run["LastModifiedOn"]
    assert run["ExecutionTime"] >= 1
    assert run["DPUSeconds"] == run["ExecutionTime"] * 1.0
    assert (run["Attempt"], run["MaxCapacity"], run["Timeout"]) == (0, 1.0, 2880)
    assert "ErrorMessage" not in run


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            'def f():\n    x = 1\n    raise ValueError("boom")\nf()',
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 3; ValueError: boom",
        ),
        (
            "x = 1\nimport no_such_module",
            "Error Category: IMPORT_ERROR; Failed Line Number: 2;"
            " ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ("x = (", "Error Category: SYNTAX_ERROR; Failed Line Number: 1; SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)", "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 2; SystemExit: 3"),
        (
            "import sys\nfrom awsglue.utils import getResolvedOptions\ngetResolvedOptions(sys.argv, ['year'])",
            "Error Category: INVALID_ARGUMENT_ERROR; Failed Line Number: 3;"
            " GlueArgumentError: the following arguments are required: --year",
        ),
        ("import os\nos._exit(3)", "Command failed with exit code 3"),
        ("import os\nos.kill(os.getpid(), 9)", "Command failed with exit code 137 (killed by signal 9)"),
    ],
)
def test_a_failed_run_says_why(jobs: Any, script: str, message: str) -> None:
    run = jobs.run(jobs.create(script))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", message)


def test_exit_status_0_succeeds(jobs: Any) -> None:
    assert jobs.run(jobs.create("import sys\nsys.exit(0)"))["JobRunState"] == "SUCCEEDED"


def test_a_traceback_is_in_the_error_log(jobs: Any) -> None:
    run = jobs.run(jobs.create("print('before')\n1 / 0"))
    assert jobs.output(run) == ["before"]
    assert jobs.output(run, "error")[-1] == "ZeroDivisionError: division by zero"


def test_a_missing_script_is_named(jobs: Any) -> None:
    name = jobs.create("")
    jobs.glue.update_job(
        JobName=name,
        JobUpdate={"Role": "role", "Command": {"Name": "pythonshell", "ScriptLocation": f"s3://{jobs.bucket}/x.py"}},
    )
    run = jobs.run(name)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(
        f"LAUNCH ERROR | Error downloading from S3 for bucket: {jobs.bucket}, key: x.py: NoSuchKey"
    )


def test_a_job_reaches_the_server_and_sees_nothing_of_its_environment(jobs: Any) -> None:
    script = """
        import json, os, boto3
        print(json.dumps([boto3.client("sts").get_caller_identity()["Account"], os.getcwd(), sorted(os.environ)]))
    """
    run = jobs.run(jobs.create(script))
    account, cwd, names = json.loads(jobs.output(run)[0])
    assert account == "123456789012"
    assert cwd == str(jobs.server.home / "runs" / run["Id"] / "work")
    assert {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"} <= set(names)
    assert not [name for name in names if name.startswith(("PYTEST", "LOCALAWS_HOME", "VIRTUAL_ENV", "MOTO"))]


def test_libraries_and_files_come_along(jobs: Any) -> None:
    libraries = [
        jobs.put("lib/zipped.zip", archive({"zipped.py": "name = 'zip'"})),
        jobs.put("lib/single.py", "name = 'py'"),
        jobs.put("lib/whole-1.0-py3-none-any.whl", wheel("whole", "name = 'whl'")),
    ]
    arguments = {"--extra-py-files": ",".join(libraries), "--extra-files": jobs.put("conf/names.txt", "read me")}
    script = "import single, whole, zipped\nprint(zipped.name, single.name, whole.name, open('names.txt').read())"
    run = jobs.run(jobs.create(script), arguments)
    assert jobs.output(run) == ["zip py whl read me"]


def test_a_library_that_is_no_archive_is_named(jobs: Any) -> None:
    location = jobs.put("broken.zip", "not a zip")
    run = jobs.run(jobs.create("print(1)"), {"--extra-py-files": location})
    assert run["ErrorMessage"] == (
        f"--extra-py-files: {location} is not a zip archive; a .zip, .whl or .py was expected"
    )


def test_a_library_that_fails_at_import_is_reported_with_its_own_text(jobs: Any) -> None:
    location = jobs.put("lib/fragile.py", "limit = {}['limit']")
    run = jobs.run(jobs.create("import sys\nimport fragile"), {"--extra-py-files": location})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 2; KeyError: 'limit'"
    assert any("fragile.py" in line for line in jobs.output(run, "error"))


def test_a_wheel_from_s3_is_installed(jobs: Any) -> None:
    location = jobs.put("modules/installed-1.0-py3-none-any.whl", wheel("installed", "import boto3\nname = 'here'"))
    script = "import importlib.metadata, installed\nprint(installed.name, importlib.metadata.version('installed'))"
    run = jobs.run(jobs.create(script), {"--additional-python-modules": location})
    assert jobs.output(run) == ["here 1.0"]


def zip_of_wheels(*names: str) -> bytes:
    """Return a zip file as AWS describes it: wheels/, with a requirements.txt that names the first wheel."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(f"wheels/{name}-1.0-py3-none-any.whl", wheel(name, "where = __file__"))
        archive.writestr("wheels/requirements.txt", f"{names[0]}==1.0\n")
    return data.getvalue()


def test_a_zip_of_wheels_is_the_only_package_index(jobs: Any) -> None:
    location = jobs.put("modules/first.gluewheels.zip", zip_of_wheels("first", "second"))
    script = "import importlib.util, first\nprint(first.where.split('/')[-4], importlib.util.find_spec('second'))"
    offline = {"--python-modules-installer-option": "--no-index"}
    name = jobs.create(script)
    assert jobs.output(jobs.run(name, offline | {"--additional-python-modules": location})) == ["modules None"]
    missing = jobs.run(name, offline | {"--additional-python-modules": f"{location},six==1.16.0"})
    assert missing["ErrorMessage"].startswith(f"--additional-python-modules: {location}, six==1.16.0 could not be inst")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"no archive", "is not a zip archive"), (wheel("lonely", ""), "contains no wheel in its folder wheels/")],
)
def test_an_invalid_zip_of_wheels_is_reported(jobs: Any, content: bytes, problem: str) -> None:
    location = jobs.put("modules/bad.gluewheels.zip", content)
    run = jobs.run(jobs.create("print(1)"), {"--additional-python-modules": location})
    assert run["ErrorMessage"] == f"--additional-python-modules: bad.gluewheels.zip {problem}"


@pytest.fixture(scope="module")
def package_index() -> None:
    """Skip the test if no package index answers the installer, which is run here without a job run."""
    command = [find_uv_bin(), "pip", "install", "--dry-run", "--reinstall", "--python", sys.executable, "six==1.16.0"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if asked.returncode:
        pytest.skip(f"NOT TESTED, no package index answers: {asked.stderr.strip()[-300:]}")


@pytest.mark.usefixtures("package_index")
def test_a_version_from_the_index_comes_before_the_one_that_is_there(jobs: Any) -> None:
    assert importlib.metadata.version("six") != "1.16.0"
    script = "import six, urllib3\nprint(six.__version__, six.__file__.split('/')[-3], urllib3.__version__)"
    run = jobs.run(jobs.create(script), {"--additional-python-modules": "six==1.16.0, urllib3"})
    assert jobs.output(run) == [f"1.16.0 modules {urllib3.__version__}"]


@pytest.mark.usefixtures("package_index")
def test_a_version_that_the_index_lacks_is_named(jobs: Any) -> None:
    run = jobs.run(jobs.create("print(1)"), {"--additional-python-modules": "six==0.0.1"})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith("--additional-python-modules: six==0.0.1 could not be installed: ")
    assert "there is no version of six==0.0.1" in run["ErrorMessage"]


def test_a_wheel_that_does_not_install_is_named_and_the_next_run_is_not_hurt(jobs: Any) -> None:
    location = jobs.put("modules/broken-1.0-py3-none-any.whl", "not a wheel")
    name = jobs.create("print(1)")
    run = jobs.run(name, {"--additional-python-modules": location})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(f"--additional-python-modules: {location} could not be installed: ")
    assert jobs.run(name)["JobRunState"] == "SUCCEEDED"


def test_lines_appear_while_the_job_runs(jobs: Any) -> None:
    name = jobs.create(WAIT)
    run_id = jobs.start(name, {"--go": str(jobs.folder / "go")})
    run = jobs.wait(name, run_id, frozenset({"RUNNING"}))
    jobs.eventually(lambda: lines(jobs, run) == ["begun"])
    assert jobs.show(name, run_id)["JobRunState"] == "RUNNING"
    jobs.put("go", "")
    assert jobs.wait(name, run_id)["JobRunState"] == "SUCCEEDED"


def lines(jobs: Any, run: dict[str, Any]) -> list[str]:
    try:
        output: list[str] = jobs.output(run)
    except jobs.logs.exceptions.ResourceNotFoundException:
        return []
    return output


def test_a_hundred_thousand_lines_all_arrive(jobs: Any) -> None:
    run = jobs.run(jobs.create("for n in range(100_000):\n    print('line', n)"))
    assert jobs.output(run) == [f"line {n}" for n in range(100_000)]


def test_a_failed_run_is_tried_again_as_a_new_run(jobs: Any) -> None:
    name = jobs.create("raise ValueError('always')", MaxRetries=2)
    first = jobs.run(name)
    jobs.eventually(lambda: len(jobs.glue.get_job_runs(JobName=name)["JobRuns"]) == 3)
    assert jobs.wait(name, f"{first['Id']}_attempt_2")["Attempt"] == 2
    runs = jobs.glue.get_job_runs(JobName=name)["JobRuns"]
    assert [run["Attempt"] for run in runs] == [2, 1, 0]
    assert [run.get("PreviousRunId") for run in runs] == [f"{first['Id']}_attempt_1", first["Id"], None]
    assert {run["JobRunState"] for run in runs} == {"FAILED"}


def test_more_than_the_allowed_concurrent_runs_are_refused(jobs: Any) -> None:
    name = jobs.create(WAIT, ExecutionProperty={"MaxConcurrentRuns": 2})
    go = {"--go": str(jobs.folder / "go")}
    runs = [jobs.start(name, go), jobs.start(name, go)]
    with pytest.raises(
        jobs.glue.exceptions.ConcurrentRunsExceededException, match=f"Concurrent runs exceeded for {name}"
    ):
        jobs.start(name, go)
    jobs.put("go", "")
    assert [jobs.wait(name, run_id)["JobRunState"] for run_id in runs] == ["SUCCEEDED"] * 2
    assert jobs.run(name, go)["JobRunState"] == "SUCCEEDED"


def test_with_queuing_a_run_waits_for_its_turn(jobs: Any) -> None:
    name = jobs.create(WAIT, JobRunQueuingEnabled=True)
    go = {"--go": str(jobs.folder / "go")}
    first, second, third = (jobs.start(name, go) for _ in range(3))
    assert jobs.show(name, second)["JobRunState"] == "WAITING"
    jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[third])
    assert jobs.show(name, third)["JobRunState"] == "STOPPED"
    jobs.put("go", "")
    assert [jobs.wait(name, run_id)["JobRunState"] for run_id in (first, second)] == ["SUCCEEDED"] * 2


def test_runs_come_in_pages_newest_first(jobs: Any) -> None:
    name = jobs.create("print(1)")
    ids = [jobs.run(name)["Id"] for _ in range(3)]
    pages = list(jobs.glue.get_paginator("get_job_runs").paginate(JobName=name, PaginationConfig={"PageSize": 2}))
    assert [[run["Id"] for run in page["JobRuns"]] for page in pages] == [[ids[2], ids[1]], [ids[0]]]


def test_unknown_jobs_and_runs_are_named(jobs: Any) -> None:
    name = jobs.create("print(1)")
    for call, message in (
        (lambda: jobs.start("no-such-job"), "Job no-such-job not found."),
        (lambda: jobs.show("no-such-job", "jr_1"), "Job no-such-job not found."),
        (lambda: jobs.show(name, "jr_1"), "Job run jr_1 not found."),
    ):
        with pytest.raises(ClientError, match=message) as missing:
            call()
        assert missing.value.response["Error"]["Code"] == "EntityNotFoundException"


def test_each_run_that_cannot_be_stopped_is_reported(jobs: Any) -> None:
    name = jobs.create("print(1)")
    ended = jobs.run(name)["Id"]
    answer = jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[ended, "jr_1"])
    assert answer["SuccessfulSubmissions"] == []
    assert [(error["JobRunId"], error["ErrorDetail"]["ErrorCode"]) for error in answer["Errors"]] == [
        (ended, "JobRunInTerminalStateException"),
        ("jr_1", "EntityNotFoundException"),
    ]
