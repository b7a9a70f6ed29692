"""Arguments of a run: the exact error for each that is missing or wrong."""

from __future__ import annotations

import pytest

from estrela.errors import SettingsError
from estrela.model.star import star_names
from estrela.settings import Settings, settings_from
from estrela.world import ALLOWED, PRODUCTION, World, require_near, world_from

ARGUMENTS = {
    "star": "banking",
    "entity": "complaints",
    "phase": "extract",
    "lake": "lake-1",
    "run_key": "dag/2026-11-20/extract",
}


def argv(**changes: str | None) -> list[str]:
    return [word for name, value in (ARGUMENTS | changes).items() if value is not None for word in (f"--{name}", value)]


def test_the_required_arguments_are_enough() -> None:
    settings = settings_from(["job.py", *argv()])
    assert settings == Settings("banking", "complaints", "extract", "lake-1", "dag/2026-11-20/extract")


def test_optional_arguments_and_those_of_glue() -> None:
    words = argv(
        params='{"quarters": ["2022T1", "2021T4", "2022T1"]}',
        full_refresh="true",
        source_host="http://h:9#synthetic",
        athena_workgroup="estrela-dev-pipelines",
    )
    settings = settings_from([*words, "--JOB_NAME", "x", "--enable-metrics", "--entity=fees"])
    assert settings.parameters == {"quarters": ("2021T4", "2022T1")}
    assert (settings.full_refresh, settings.entity, settings.workgroup) == (True, "fees", "estrela-dev-pipelines")
    assert settings.world == World("synthetic", "http://h:9")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lake": None}, "--lake: is missing; give the name of an S3 bucket"),
        ({"lake": "Lake!"}, "--lake: 'Lake!' is not the name of an S3 bucket"),
        (
            {"phase": "load"},
            "--phase: 'load' is not one of extract, transform, star, publish, maintain, rollback, quarantine, restore",
        ),
        ({"entity": ""}, "--entity: '' is not a name such as complaints"),
        ({"run_key": "a b"}, "--run_key: 'a b' is not 1 to 400 printable ASCII characters without blanks"),
        ({"full_refresh": "yes"}, "--full_refresh: 'yes' is not true or false"),
        ({"athena_workgroup": "a b"}, "--athena_workgroup: 'a b' is not the name of an Athena workgroup"),
        ({"star": None}, "--star: is missing; give a name such as banking"),
        ({"star": "shops"}, f"--star: Star: no star is called 'shops'; allowed: {', '.join(star_names())}"),
        ({"params": "2021T4"}, "--params: '2021T4' is not JSON: Extra data: line 1 column 5 (char 4)"),
        ({"params": '["2021T4"]'}, "--params: '[\"2021T4\"]' is not a JSON object of lists of text"),
        ({"params": '{"months": []}'}, "--params: the star has no parameter 'months'; it has quarters"),
        (
            {"params": '{"quarters": "2021T4"}'},
            "--params: quarters is not a list of text; write it as ['2021T4']",
        ),
        (
            {"params": '{"quarters": ["2021T4", "2021T5"]}'},
            "--params: '2021T5' is not one of quarters; write a value as 2021T4",
        ),
        ({"source_host": "127.0.0.1:9"}, f"--source_host: '127.0.0.1:9' is not {ALLOWED}"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(change: dict[str, str | None], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from(argv(**change))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254",
        "http://user:pw@evil:80",
        "https://bcb.example",
        "https://www3.bcb.gov.br",
        "http://8.8.8.8",
        "http://0.0.0.0:80",
        "http://[fe80::1]:80",
        "http://[::ffff:169.254.169.254]:80",
        "http://2130706433",
        "ftp://127.0.0.1",
        "http://127.0.0.1/path",
        "http://127.0.0.1?q=1",
        "http://127.0.0.1:99999",
    ],
)
def test_no_setting_leads_production_to_another_host(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from(argv(source_host=address))
    assert str(caught.value) == f"--source_host: {address!r} is not {ALLOWED}"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "http://localhost:9", "http://bcb:8088", "https://10.0.0.4", "http://[::1]:80"]
)
def test_a_stand_in_is_on_a_loopback_or_private_address_or_in_the_same_network(address: str) -> None:
    assert world_from(address) == World(address, address)
    assert world_from("") == PRODUCTION


@pytest.mark.parametrize("name", ["production", "a b"])
def test_a_stand_in_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(SettingsError, match=f"#{name} is not a valid name of a stand-in"):
        world_from(f"http://127.0.0.1:9#{name}")


def test_a_host_name_that_leads_to_the_metadata_of_the_machine_is_refused() -> None:
    world = world_from("http://instance-data")
    with pytest.raises(SettingsError) as caught:
        require_near(world, lambda host: ["10.0.0.4", "169.254.169.254"])
    assert str(caught.value) == (
        "--source_host: instance-data has the address 169.254.169.254; a stand-in must be at a loopback or private"
        " address"
    )
    require_near(world, lambda host: ["10.0.0.4", "fd00::1%eth0"])
    require_near(world_from("http://localhost:9"))
    require_near(PRODUCTION, lambda host: ["8.8.8.8"])
