"""deploy.sh with stand-ins for its tools: the commands that it runs, its refusals, and the files that it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from deploy_stubs import ACCOUNT, Deployment, without_keys


def test_it_explains_itself_and_runs_nothing(deployment: Deployment) -> None:
    status, words = deployment.run("--help")
    assert status == 0
    assert words.startswith("usage: deploy.sh [plan | apply | destroy | outputs | dags]")
    assert deployment.calls == []


def test_a_plan_is_the_default_and_applies_nothing(deployment: Deployment) -> None:
    assert deployment.run()[0] == 0
    assert deployment.has_called("terraform/environments/dev.tfvars")
    assert not deployment.has_called(" apply ")


def test_what_is_applied_is_the_plan_that_was_made(deployment: Deployment) -> None:
    status, _ = deployment.run("apply", "--yes")
    (planned,) = [call.partition("-out=")[2] for call in deployment.calls if "-out=" in call]
    assert status == 0
    assert any(call.endswith(f" apply {planned}") for call in deployment.calls)
    assert f"aws-dev-{ACCOUNT}" in planned


def test_each_environment_and_target_has_a_state_of_its_own(deployment: Deployment) -> None:
    deployment.run("--env", "prod", "--region", "sa-east-1")
    assert deployment.has_called(f"-backend-config=bucket=estrela-state-{ACCOUNT}-sa-east-1")
    assert deployment.has_called("-backend-config=key=prod.tfstate")
    assert deployment.has_called("-backend-config=use_lockfile=true")


def test_the_state_bucket_is_made_once_private_encrypted_and_versioned(deployment: Deployment) -> None:
    deployment.run(NO_STATE_BUCKET="254")
    calls = [call for call in deployment.calls if "s3api" in call]
    for words in ("create-bucket", "Status=Enabled", "RestrictPublicBuckets=true", "aws:kms", "aws:SecureTransport"):
        assert any(words in call for call in calls), words
    Path(deployment.env["CALLS"]).unlink()
    deployment.run()
    assert [call for call in deployment.calls if "s3api" in call] == [
        f"aws s3api get-bucket-policy --bucket estrela-state-{ACCOUNT}-us-east-1"
    ]


def test_a_state_bucket_that_was_left_half_made_is_completed(deployment: Deployment) -> None:
    deployment.run(NO_STATE_POLICY="254")
    assert not deployment.has_called("create-bucket")
    for words in ("Status=Enabled", "RestrictPublicBuckets=true", "aws:kms", "aws:SecureTransport"):
        assert deployment.has_called(words), words


def test_a_bucket_outside_of_the_first_region_names_its_place(deployment: Deployment) -> None:
    deployment.run("--region", "sa-east-1", NO_STATE_BUCKET="254")
    assert deployment.has_called("LocationConstraint=sa-east-1")


@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
def test_a_dry_run_changes_nothing_and_says_what_would(deployment: Deployment, command: str) -> None:
    status, words = deployment.run(command, "--dry-run", NO_STATE_BUCKET="254")
    assert status == 0
    assert deployment.changes == []
    assert "would run: aws s3api create-bucket" in words
    assert ("would run: terraform" in words, "s3cret" in words) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["aply"], "'aply' is neither a command nor an option; see deploy.sh -h"),
        (["--env"], "--env needs a value; see deploy.sh -h"),
        (["--env", "stage"], "--env is 'stage', but there is no "),
        (["--target", "azure"], "--target is 'azure'; allowed: aws, local"),
        (["destroy", "--destroy", "prod"], "--destroy is 'prod', but the environment is 'dev'"),
    ],
)
def test_wrong_usage_is_told_and_applies_nothing(deployment: Deployment, arguments: list[str], problem: str) -> None:
    status, words = deployment.run(*arguments)
    assert (status, f"deploy.sh: {problem}" in words) == (2, True), words
    assert not deployment.has_called(" apply ")


def test_all_missing_tools_are_named_at_once(deployment: Deployment) -> None:
    for name in ("terraform", "make"):
        (Path(deployment.env["PATH"]) / name).unlink()
    status, words = deployment.run()
    assert (status, words.startswith("deploy.sh: not on the PATH: terraform make;")) == (3, True), words


def test_another_account_is_refused(deployment: Deployment) -> None:
    status, words = deployment.run("apply", "--yes", AWS_ACCOUNT_ID="999999999999")
    assert status == 4
    assert f"the credentials are of account {ACCOUNT}, but AWS_ACCOUNT_ID is 999999999999" in words
    assert deployment.changes == []


def test_without_credentials_and_terminal_the_variables_are_named(deployment: Deployment) -> None:
    status, words = without_keys(deployment).run()
    assert status == 2
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in words


def test_what_the_command_line_finds_is_not_asked_for(deployment: Deployment) -> None:
    assert without_keys(deployment).run(AWS_PROFILE="work")[0] == 0


def test_credentials_are_asked_for_on_a_terminal_and_never_shown(deployment: Deployment) -> None:
    status, words = without_keys(deployment).run("plan", typed="AKIA\nhush\n\n")
    assert status == 0
    assert "AWS secret access key: " in words
    assert "hush" not in words
    assert not deployment.has_called("hush")


def test_credentials_that_aws_refuses_end_it(deployment: Deployment) -> None:
    status, words = without_keys(deployment).run("plan", typed="wrong\nhush\n\n")
    assert (status, "AWS does not accept these credentials" in words) == (2, True)


@pytest.mark.parametrize(("answer", "status"), [(ACCOUNT, 0), ("yes", 1), ("", 1)])
def test_an_apply_asks_for_the_account(deployment: Deployment, answer: str, status: int) -> None:
    assert deployment.run("apply", typed=f"{answer}\n")[0] == status
    assert deployment.has_called(" apply ") is (status == 0)


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_nothing_is_applied_where_nobody_can_be_asked(deployment: Deployment, command: str) -> None:
    status, words = deployment.run(command)
    assert (status, "nobody to ask" in words, deployment.has_called(" apply ")) == (1, True, False)


def test_a_destroy_asks_though_yes_is_given(deployment: Deployment) -> None:
    assert deployment.run("destroy", "--yes", typed=f"{ACCOUNT}\n")[0] == 1
    assert not deployment.has_called(" apply ")
    assert deployment.run("destroy", "--yes", typed="dev\n")[0] == 0
    assert deployment.has_called(" -destroy")
    assert deployment.has_called(" apply ")


def test_a_destroy_that_names_its_environment_asks_nothing(deployment: Deployment) -> None:
    assert deployment.run("destroy", "--destroy", "dev")[0] == 0
    assert deployment.has_called(" apply ")


def test_a_destroy_builds_nothing(deployment: Deployment) -> None:
    deployment.run("destroy", "--destroy", "dev")
    assert not deployment.has_called("make ")
    assert deployment.has_called(" -destroy -refresh=false")


def test_no_plan_no_apply(deployment: Deployment) -> None:
    status, words = deployment.run("apply", "--yes", PLAN_STATUS="1")
    assert (status, "terraform plan failed" in words, deployment.has_called(" apply ")) == (5, True, False)


def test_a_failed_apply_says_how_to_go_on(deployment: Deployment) -> None:
    status, words = deployment.run("apply", "--yes", APPLY_STATUS="1")
    assert (status, "mend the cause and run the same command again" in words) == (6, True)
    assert not deployment.has_called(" output")


def test_an_interrupted_apply_lets_terraform_end(deployment: Deployment) -> None:
    command = ["bash", str(deployment.folder / "deploy.sh"), "apply", "--yes"]
    env = deployment.env | {"APPLY_WAITS": "1"}
    # A background job of a shell ignores SIGINT, and processes started from it would inherit that.
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    signal.signal(signal.SIGINT, heeded)
    with started as process:
        deadline = time.monotonic() + 30
        while "waits" not in deployment.calls:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, words = process.communicate(timeout=30)
    assert (process.returncode, "interrupted: run the same command again" in words) == (130, True), words


def test_prod_is_deployed_from_a_commit(deployment: Deployment) -> None:
    status, words = deployment.run("apply", "--env", "prod", "--yes", UNCOMMITTED=" M README.md")
    assert (status, "prod is deployed from a commit" in words, deployment.has_called(" apply ")) == (7, True, False)
    status, words = deployment.run("apply", "--yes", UNCOMMITTED=" M README.md")
    assert (status, "uncommitted changes are deployed under the name of commit 0123456789ab" in words) == (0, True)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_sourced_script_leaves_the_shell_as_it_was(deployment: Deployment, shell: str) -> None:
    path = shutil.which(shell)
    if not path:
        pytest.skip(f"NOT TESTED, {shell} is not installed")
    sourced = f"cd {deployment.folder} && source ./deploy.sh --env none"
    after = "echo status $?; echo $- ${account:-clean}; false; echo on"
    done = subprocess.run(
        [path, "-c", f"{sourced}; {after}"], env=deployment.env, capture_output=True, text=True, check=False
    )
    status, flags, last = done.stdout.splitlines()
    assert (status, last) == ("status 2", "on")
    assert flags.endswith(" clean")
    assert "e" not in flags.split()[0]


def test_a_local_target_needs_localaws(deployment: Deployment) -> None:
    status, words = deployment.run("--target", "local")
    assert (status, "localaws is not installed; run: make setup" in words) == (3, True)


def test_a_local_target_is_started_and_addressed(deployment: Deployment) -> None:
    localaws = deployment.folder / ".venv" / "bin" / "localaws"
    localaws.parent.mkdir(parents=True)
    localaws.write_text(
        '#!/bin/bash\necho "localaws $*" >> "$CALLS"\ncase $1 in status) [ -f "$HOME/up" ] ;; up) : > "$HOME/up" ;;\n'
        "env) echo 'export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=localaws' ;;\nesac\n"
    )
    localaws.chmod(0o755)
    status, words = without_keys(deployment).run("apply", "--target", "local", "--yes", AWS_PROFILE="work")
    assert status == 0, words
    assert deployment.has_called("localaws up --home")
    assert deployment.has_called("terraform/environments/local.tfvars")
    assert deployment.has_called("-backend-config=use_path_style=true")
