"""deploy.sh with Airflow: images, secrets, tasks that run once, DAG releases."""

from __future__ import annotations

import pytest
from deploy_stubs import ACCOUNT, Deployment
from terraform_run import ROOT

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/estrela-dev/airflow"


@pytest.fixture
def on_ecs(deployment: Deployment) -> Deployment:
    return runs_on(deployment, "ecs")


def runs_on(deployment: Deployment, where: str) -> Deployment:
    settings = deployment.folder / "terraform" / "environments" / "dev.tfvars"
    settings.write_text(f'{settings.read_text()}airflow            = "{where}"\n')
    return deployment


def order(deployment: Deployment, *words: str) -> list[int]:
    """Return the position of the last call that contains each of the words."""
    return [max(at for at, call in enumerate(deployment.calls) if word in call) for word in words]


def test_without_airflow_there_is_neither_image_nor_task(deployment: Deployment) -> None:
    assert deployment.run("apply", "--yes")[0] == 0
    assert not deployment.has_called("docker")
    assert not deployment.has_called("aws ecs")


def test_the_first_apply_makes_registry_and_secrets_before_anything_else(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--yes", NO_REGISTRY="254", NO_IMAGE="254")
    plans = [call for call in on_ecs.calls if " plan " in call]
    assert (status, len(plans)) == (0, 2), words
    assert plans[0].endswith(" -target=module.registry -target=module.secrets")
    assert "-target" not in plans[1]


def test_what_is_made_first_is_asked_for_too(on_ecs: Deployment) -> None:
    assert on_ecs.run("apply", typed="no\n", NO_REGISTRY="254")[0] == 1
    assert not on_ecs.has_called(" apply ")


def test_a_secret_without_a_value_gets_a_random_one_that_no_argument_shows(on_ecs: Deployment) -> None:
    assert on_ecs.run("apply", "--yes", EMPTY_SECRETS="estrela-dev/airflow/admin")[0] == 0
    (given,) = [call for call in on_ecs.calls if "put-secret-value" in call]
    assert (
        given
        == "aws secretsmanager put-secret-value --secret-id estrela-dev/airflow/admin --secret-string file:///dev/stdin"
    )
    assert [call for call in on_ecs.calls if call.startswith("value ")] == ["value r4nd0m"]


def test_secrets_that_have_a_value_keep_it(on_ecs: Deployment) -> None:
    on_ecs.run("apply", "--yes")
    assert not on_ecs.has_called("put-secret-value")


def test_an_image_is_the_commit_and_is_pushed_once(on_ecs: Deployment) -> None:
    on_ecs.run("apply", "--yes", NO_IMAGE="254")
    assert on_ecs.has_called(f"docker push --quiet {REGISTRY}:{SHA}")
    built, logged_in, pushed, applied = order(on_ecs, "docker build", "docker login", "docker push", " apply ")
    assert built < logged_in < pushed < applied
    assert on_ecs.has_called(f"docker login --username AWS --password-stdin {REGISTRY.partition('/')[0]}")


def test_an_image_that_is_there_is_not_built_again(on_ecs: Deployment) -> None:
    assert on_ecs.run("apply", "--yes")[0] == 0
    assert not on_ecs.has_called("docker")


@pytest.mark.parametrize(("asked", "kept"), [(OTHER, OTHER), ("current", "image_tag-of-the-state")])
def test_the_image_of_another_commit_is_kept(on_ecs: Deployment, asked: str, kept: str) -> None:
    assert on_ecs.run("apply", "--yes", "--image", asked)[0] == 0
    assert on_ecs.has_called(f"--image-ids imageTag={kept}")
    assert not on_ecs.has_called("docker")


def test_an_image_that_is_not_there_is_refused(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--yes", "--image", OTHER, NO_IMAGE="254")
    assert (status, f"--image is '{OTHER}', but estrela-dev/airflow has no such image" in words) == (2, True)
    assert not on_ecs.has_called(" apply ")


def test_database_schema_dags_and_services_follow_each_other(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--yes")
    tasks = [call for call in on_ecs.calls if "run-task" in call]
    names = ("database_roles", "airflow_setup", "dag_sync")
    assert (
        status,
        [f"run-task task_{name}-of-the-state" in call for name, call in zip(names, tasks, strict=True)],
    ) == (0, [True] * 3)
    assert f'{{"containerOverrides":[{{"name":"dag-sync","command":["sync","{SHA}"]}}]}}' in tasks[2]
    copied, synced, stable = order(on_ecs, "aws s3 cp", "dag_sync-of-the-state", "services-stable")
    assert copied < synced < stable
    assert on_ecs.has_called(f"s3://dag_bucket-of-the-state/dags/{SHA}.zip")
    assert "First run: open Airflow (urls above), switch the DAG star_banking on." in words


def test_a_service_that_was_given_up_is_started_again(on_ecs: Deployment) -> None:
    assert on_ecs.run("apply", "--yes", GIVEN_UP="airflow-scheduler")[0] == 0
    assert on_ecs.has_called("--service airflow-scheduler --force-new-deployment")


def test_a_task_that_fails_ends_it_and_names_its_log(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--yes", TASK_STATUS="1")
    assert (status, "the ECS task database_roles ended with 1; its log: /estrela-dev/database-roles" in words) == (
        8,
        True,
    )
    assert not on_ecs.has_called("airflow_setup-of-the-state")


@pytest.fixture
def with_feeds(deployment: Deployment) -> Deployment:
    settings = deployment.folder / "terraform" / "environments" / "dev.tfvars"
    settings.write_text(settings.read_text() + "feeds = true\n")
    return deployment


def test_functions_are_built_and_schemas_brought_to_the_newest_version(with_feeds: Deployment) -> None:
    assert with_feeds.run("apply", "--yes", EMPTY_SECRETS="estrela-dev/feeds/pii_key")[0] == 0
    built, applied, filled, called = order(
        with_feeds, " functions HERE=", " apply ", "put-secret-value", "lambda invoke"
    )
    assert built < applied < filled < called
    assert with_feeds.has_called("--function-name schema_functions-of-the-state")
    assert with_feeds.has_called("!ends_with(Name, '/slack')")
    assert not with_feeds.has_called("docker")


def test_a_schema_that_stays_old_is_told_after_eight_calls(with_feeds: Deployment) -> None:
    status, words = with_feeds.run("apply", "--yes", FUNCTION_ERROR="Unhandled", DEPLOY_PAUSE="0")
    assert (status, "the function schema_functions-of-the-state failed: told" in words) == (8, True)
    assert len([call for call in with_feeds.calls if "lambda invoke" in call]) == 8


def test_the_certificates_of_databases_are_there_before_what_holds_them_is_built(on_ecs: Deployment) -> None:
    assert on_ecs.run("apply", "--yes", NO_IMAGE="254")[0] == 0
    brought, built = order(on_ecs, " certificates", "docker build")
    assert brought < built


def test_a_dry_run_neither_builds_nor_calls_functions(with_feeds: Deployment) -> None:
    status, words = with_feeds.run("apply", "--dry-run")
    assert (status, "would run: aws lambda invoke" in words) == (0, True)
    assert not with_feeds.has_called("lambda invoke")
    assert not with_feeds.has_called(" functions ")


def test_without_feeds_nothing_of_functions_is_built(deployment: Deployment) -> None:
    assert deployment.run("apply", "--yes")[0] == 0
    assert not deployment.has_called(" functions ")
    assert not deployment.has_called(" certificates")
    assert not deployment.has_called("lambda invoke")


def test_services_that_do_not_come_up_are_told(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--yes", UNSTABLE="255")
    assert (status, "a service on ECS is not stable" in words) == (8, True)


def test_metabase_has_images_of_its_own_and_gets_its_dashboards_last(on_ecs: Deployment) -> None:
    settings = on_ecs.folder / "terraform" / "environments" / "dev.tfvars"
    settings.write_text(f"{settings.read_text()}metabase = true\n")
    assert on_ecs.run("apply", "--yes", NO_IMAGE="254")[0] == 0
    pushed = [call.rpartition("estrela-dev/")[2] for call in on_ecs.calls if "docker push" in call]
    assert pushed == [f"{name}:{SHA}" for name in ("airflow", "metabase", "tools")]
    assert on_ecs.has_called("--file " + str(on_ecs.folder / "packages" / "Dockerfile") + " --target tools")
    assert on_ecs.has_called("metabase/Dockerfile --build-arg IMAGE=metabase/metabase:v")
    stable, provisioned = order(on_ecs, "services-stable", "run-task task_metabase_provision")
    assert stable < provisioned


def test_dags_are_released_alone_and_rolled_back_by_one_command(on_ecs: Deployment) -> None:
    assert on_ecs.run("dags")[0] == 0
    assert on_ecs.has_called(f'"command":["sync","{SHA}"]')
    assert on_ecs.run("dags", "--release", OTHER)[0] == 0
    assert on_ecs.has_called(f'"command":["switch","{OTHER}"]')
    assert not on_ecs.has_called(" apply ")


def test_dags_of_mwaa_go_to_its_bucket(deployment: Deployment) -> None:
    on_mwaa = runs_on(deployment, "mwaa")
    assert on_mwaa.run("dags")[0] == 0
    (synced,) = [call for call in on_mwaa.calls if "s3 sync" in call]
    assert synced.endswith("/dags/ s3://dag_bucket-of-the-state/dags/")
    assert "--delete" in synced
    status, words = on_mwaa.run("dags", "--release", OTHER)
    assert (status, "--release is for Airflow on ECS" in words) == (2, True)


def test_without_airflow_no_dags_are_released(deployment: Deployment) -> None:
    status, words = deployment.run("dags")
    assert (status, "the environment dev has no Airflow" in words) == (2, True)


def test_a_dry_run_with_airflow_changes_nothing(on_ecs: Deployment) -> None:
    status, words = on_ecs.run("apply", "--dry-run", NO_REGISTRY="254", NO_IMAGE="254", EMPTY_SECRETS="estrela-dev/x")
    changing = ("docker", "put-secret", "run-task", "s3 cp", " apply ", " plan ", "update-service")
    assert (status, [call for call in on_ecs.calls if any(word in call for word in changing)]) == (0, [])
    for step in (
        "docker push",
        "the ECS task airflow_setup",
        "put-secret-value --secret-id estrela-dev/x",
        "aws s3 cp",
    ):
        assert f"would run: {step}" in words or step in words, step


def test_a_plan_and_an_apply_tell_their_cost(deployment: Deployment) -> None:
    python = deployment.folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/bash\necho "python ${1##*/}" >> "$CALLS"; echo "together 5.70"\n')
    python.chmod(0o755)
    for command, shown in (("plan", "show -json /"), ("apply", "show -json")):
        status, words = deployment.run(command, "--yes")
        assert (status, "together 5.70" in words, deployment.has_called(shown)) == (0, True, True)
    assert deployment.has_called("python cost.py")


def test_mwaa_installs_what_the_platform_needs() -> None:
    import re
    import tomllib

    project = tomllib.loads((ROOT / "packages" / "estrela" / "pyproject.toml").read_text())["project"]
    wanted = {re.split("[<>=]", need)[0] for need in project["dependencies"]}
    lines = (ROOT / "airflow" / "mwaa_requirements.txt").read_text().splitlines()
    assert {re.split("[<>=]", line)[0] for line in lines if not line.startswith("#")} == wanted
