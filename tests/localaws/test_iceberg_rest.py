"""The Iceberg REST catalog, call by call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from localaws.running import Running

SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "long", "required": False, "doc": "the key"}]}


@dataclass(frozen=True)
class Rest:
    """Plain HTTP requests to one namespace of the catalog."""

    base: str
    namespace: str
    bucket: str

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        url = f"{self.base}/{path.replace('NS', self.namespace)}"
        return requests.request(method, url, json=body, params=query, timeout=30)

    def create(self, name: str, **extra: Any) -> dict[str, Any]:
        response = self.call("POST", "namespaces/NS/tables", {"name": name, "schema": SCHEMA, **extra})
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    def commit(self, name: str, requirements: list[Any], *updates: Any) -> requests.Response:
        return self.call("POST", f"namespaces/NS/tables/{name}", {"requirements": requirements, "updates": updates})


def error(response: requests.Response) -> tuple[int, str, str]:
    refusal = response.json()["error"]
    assert refusal["code"] == response.status_code
    return response.status_code, refusal["type"], refusal["message"]


def set_property(name: str, value: str) -> dict[str, Any]:
    return {"action": "set-properties", "updates": {name: value}}


@pytest.fixture
def rest(aws: Running, bucket: str) -> Rest:
    namespace = f"ns_{uuid.uuid4().hex[:8]}"
    client = Rest(f"{aws.endpoint}/iceberg/v1", namespace, bucket)
    properties = {"location": f"s3://{bucket}/{namespace}", "comment": "tests", "owner": "ana"}
    client.call("POST", "namespaces", {"namespace": [namespace], "properties": properties})
    return client


def test_config_names_a_prefix_under_which_the_catalog_answers(rest: Rest) -> None:
    config = rest.call("GET", "config", warehouse=f"s3://{rest.bucket}/house").json()
    prefix = config["overrides"]["prefix"]
    assert "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}" in config["endpoints"]
    assert not [endpoint for endpoint in config["endpoints"] if "views" in endpoint]
    rest.call("POST", "namespaces/NS/properties", {"removals": ["location"]})
    table = rest.call("POST", f"{prefix}/namespaces/NS/tables", {"name": "t", "schema": SCHEMA}).json()
    assert table["metadata"]["location"] == f"s3://{rest.bucket}/house/{rest.namespace}.db/t"
    assert rest.call("GET", "config").json()["overrides"] == {"prefix": "catalogs/123456789012"}
    assert rest.call("HEAD", "catalogs/123456789012/namespaces/NS/tables/t").status_code == 204


def test_a_namespace_is_a_glue_database(rest: Rest, aws: Running) -> None:
    database = aws.client("glue").get_database(Name=rest.namespace)["Database"]
    assert (database["Description"], database["Parameters"]) == ("tests", {"owner": "ana"})
    changed = rest.call("POST", "namespaces/NS/properties", {"removals": ["owner", "x"], "updates": {"comment": "new"}})
    assert changed.json() == {"removed": ["owner"], "updated": ["comment"], "missing": ["x"]}
    properties = rest.call("GET", "namespaces/NS").json()["properties"]
    assert properties == {"location": f"s3://{rest.bucket}/{rest.namespace}", "comment": "new"}
    assert rest.call("HEAD", "namespaces/NS").status_code == 204
    assert rest.call("DELETE", "namespaces/NS").status_code == 204
    assert rest.call("HEAD", "namespaces/NS").status_code == 404


def test_a_created_table_is_in_the_glue_catalog(rest: Rest, aws: Running) -> None:
    created = rest.create("T", properties={"comment": "a table"})
    table = aws.client("glue").get_table(DatabaseName=rest.namespace, Name="t")["Table"]
    assert table["Parameters"] == {"table_type": "ICEBERG", "metadata_location": created["metadata-location"]}
    assert (table["TableType"], table["Description"]) == ("EXTERNAL_TABLE", "a table")
    assert table["StorageDescriptor"]["Location"] == f"s3://{rest.bucket}/{rest.namespace}/t"
    assert table["StorageDescriptor"]["Columns"] == [
        {
            "Name": "a",
            "Type": "bigint",
            "Comment": "the key",
            "Parameters": {
                "iceberg.field.id": "1",
                "iceberg.field.optional": "true",
                "iceberg.field.current": "true",
            },
        }
    ]
    assert "PartitionKeys" not in table


def test_a_commit_keeps_the_previous_location_and_the_log(rest: Rest, aws: Running) -> None:
    first = rest.create("t")["metadata-location"]
    second = rest.commit("t", [], set_property("x", "1")).json()
    parameters = aws.client("glue").get_table(DatabaseName=rest.namespace, Name="t")["Table"]["Parameters"]
    assert parameters["metadata_location"] == second["metadata-location"]
    assert parameters["previous_metadata_location"] == first
    assert [entry["metadata-file"] for entry in second["metadata"]["metadata-log"]] == [first]


def test_a_commit_without_a_change_writes_nothing(rest: Rest) -> None:
    table = rest.create("t", properties={"x": "1"})
    same = rest.commit("t", [], {"action": "remove-properties", "removals": ["nope"]}).json()
    assert same["metadata-location"] == table["metadata-location"]


def test_old_metadata_files_go_where_the_table_asks_for_it(rest: Rest, aws: Running) -> None:
    rest.create(
        "t",
        properties={"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "2"},
    )
    for number in range(5):
        rest.commit("t", [], set_property("n", str(number)))
    files = list((aws.home / "s3" / rest.bucket / rest.namespace / "t" / "metadata").glob("*.metadata.json"))
    assert sorted(int(file.name[:5]) for file in files) == [3, 4, 5]


def test_a_staged_table_exists_only_once_it_is_committed(rest: Rest) -> None:
    staged = rest.create("t", **{"stage-create": True})["metadata"]
    assert rest.call("HEAD", "namespaces/NS/tables/t").status_code == 404
    updates = [
        {"action": "assign-uuid", "uuid": staged["table-uuid"]},
        {"action": "upgrade-format-version", "format-version": 2},
        {"action": "add-schema", "schema": staged["schemas"][0]},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-location", "location": staged["location"]},
    ]
    created = rest.commit("t", [{"type": "assert-create"}], *updates).json()["metadata"]
    assert {**created, "last-updated-ms": 0} == {**staged, "last-updated-ms": 0}
    assert error(rest.commit("t", [{"type": "assert-create"}], *updates)) == (
        409,
        "CommitFailedException",
        "Table already exists",
    )


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        (
            {"type": "assert-table-uuid", "uuid": "00000000-0000-0000-0000-000000000000"},
            "Table UUID does not match: 00000000-0000-0000-0000-000000000000 != ",
        ),
        (
            {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 5},
            "Requirement failed: branch or tag main is missing, expected 5",
        ),
        (
            {"type": "assert-current-schema-id", "current-schema-id": 3},
            "Requirement failed: current schema id has changed: expected 3, found 0",
        ),
        (
            {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 9},
            "Requirement failed: last assigned field id has changed: expected 9, found 1",
        ),
    ],
)
def test_a_requirement_that_does_not_hold_fails_the_commit(
    rest: Rest, requirement: dict[str, Any], message: str
) -> None:
    table = rest.create("t")
    status, kind, text = error(rest.commit("t", [requirement], set_property("x", "1")))
    assert (status, kind) == (409, "CommitFailedException")
    assert text.startswith(message)
    assert rest.call("GET", "namespaces/NS/tables/t").json()["metadata-location"] == table["metadata-location"]


def test_a_commit_to_several_tables_is_all_or_nothing(rest: Rest) -> None:
    rest.create("one")
    rest.create("two")
    schema_is = [{"type": "assert-current-schema-id", "current-schema-id": 0}]

    def change(name: str, requirements: list[Any]) -> dict[str, Any]:
        identifier = {"namespace": [rest.namespace], "name": name}
        return {"identifier": identifier, "requirements": requirements, "updates": [set_property("x", "1")]}

    wrong = [{"type": "assert-current-schema-id", "current-schema-id": 8}]
    failed = rest.call(
        "POST", "transactions/commit", {"table-changes": [change("one", schema_is), change("two", wrong)]}
    )
    assert error(failed)[:2] == (409, "CommitFailedException")
    assert properties(rest, "one") == properties(rest, "two") == {}
    done = rest.call("POST", "transactions/commit", {"table-changes": [change(n, schema_is) for n in ("one", "two")]})
    assert done.status_code == 204
    assert properties(rest, "one") == properties(rest, "two") == {"x": "1"}


def properties(rest: Rest, name: str) -> dict[str, str]:
    table_properties: dict[str, str] = (
        rest.call("GET", f"namespaces/NS/tables/{name}").json()["metadata"].get("properties", {})
    )
    return table_properties


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "namespaces/nowhere", None, (404, "NoSuchNamespaceException", "Namespace does not exist: nowhere")),
        ("GET", "namespaces/a%1Fb", None, (404, "NoSuchNamespaceException", "Namespace does not exist: a.b")),
        ("GET", "namespaces/NS/tables/no", None, (404, "NoSuchTableException", "Table does not exist: NS.no")),
        ("DELETE", "namespaces/NS/tables/no", None, (404, "NoSuchTableException", "Table does not exist: NS.no")),
        ("GET", "namespaces/NS/views/v", None, (404, "NoSuchViewException", "View does not exist: NS.v")),
        ("POST", "namespaces", {"namespace": ["NS"]}, (409, "AlreadyExistsException", "Namespace already exists: NS")),
        ("DELETE", "namespaces/NS", None, (409, "NamespaceNotEmptyException", "Namespace is not empty: NS")),
        (
            "POST",
            "namespaces/NS/tables",
            {"name": "t", "schema": SCHEMA},
            (409, "AlreadyExistsException", "Table already exists: NS.t"),
        ),
        (
            "POST",
            "namespaces",
            {"namespace": ["a", "b"]},
            (400, "BadRequestException", "namespace ['a', 'b'] has to have exactly one level: it is a Glue database"),
        ),
        (
            "POST",
            "namespaces/NS/tables",
            {"name": "v3", "schema": SCHEMA, "properties": {"format-version": "3"}},
            (400, "BadRequestException", "format-version 3 is not supported; tables have format-version 2"),
        ),
        (
            "POST",
            "namespaces/NS/tables",
            {"name": "x", "schema": SCHEMA, "location": "file:///etc"},
            (
                400,
                "BadRequestException",
                "location 'file:///etc/metadata' is not an object on S3; s3://bucket/key was expected",
            ),
        ),
        (
            "POST",
            "namespaces/NS/tables",
            {"name": "x"},
            (400, "BadRequestException", "the request lacks the field 'schema'"),
        ),
        (
            "POST",
            "namespaces/NS/register",
            {"name": "x", "metadata-location": "s3://BUCKET/none.metadata.json"},
            (404, "NotFoundException", "Location does not exist: s3://BUCKET/none.metadata.json"),
        ),
        (
            "POST",
            "namespaces/NS/properties",
            {"removals": ["a"], "updates": {"a": "1"}},
            (422, "UnprocessableEntityException", "properties to remove and to set at once: ['a']"),
        ),
        (
            "PUT",
            "namespaces/NS",
            None,
            (405, "UnsupportedOperationException", "PUT /iceberg/v1/namespaces/NS is not an operation of this catalog"),
        ),
    ],
)
def test_errors_are_those_of_the_specification(
    rest: Rest, method: str, path: str, body: dict[str, Any] | None, expected: tuple[int, str, str]
) -> None:
    rest.create("t")
    names = {"NS": rest.namespace, "BUCKET": rest.bucket}
    status, kind, message = error(rest.call(method, path, replaced(body, names)))
    assert (status, kind, message) == (*expected[:2], replaced(expected[2], names))


def replaced(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, real in names.items():
            value = value.replace(name, real)
    if isinstance(value, list):
        return [replaced(item, names) for item in value]
    if isinstance(value, dict):
        return {key: replaced(item, names) for key, item in value.items()}
    return value


def test_an_unknown_update_is_refused_by_name(rest: Rest) -> None:
    rest.create("t")
    status, kind, message = error(rest.commit("t", [], {"action": "fly"}))
    assert (status, kind) == (400, "BadRequestException")
    assert "fly" in message


def test_lists_come_in_pages(rest: Rest) -> None:
    for name in "abcde":
        rest.create(name)
    seen, token = [], ""
    while token is not None:
        answer = rest.call("GET", "namespaces/NS/tables", pageSize="2", pageToken=token).json()
        seen.append([identifier["name"] for identifier in answer["identifiers"]])
        token = answer.get("next-page-token")
    assert seen == [["a", "b"], ["c", "d"], ["e"]]
    assert rest.call("GET", "namespaces/NS/views").json() == {"identifiers": []}


def test_a_table_that_is_not_iceberg_is_not_found(rest: Rest, aws: Running) -> None:
    aws.client("glue").create_table(DatabaseName=rest.namespace, TableInput={"Name": "plain"})
    assert rest.call("GET", "namespaces/NS/tables").json()["identifiers"] == []
    refusal = error(rest.call("GET", "namespaces/NS/tables/plain"))
    assert refusal == (404, "NoSuchTableException", f"Table is not an Iceberg table: {rest.namespace}.plain")
    assert error(rest.call("DELETE", "namespaces/NS"))[1] == "NamespaceNotEmptyException"


def test_a_dropped_table_can_be_registered_again(rest: Rest) -> None:
    table = rest.create("t")
    assert rest.call("DELETE", "namespaces/NS/tables/t", purgeRequested="false").status_code == 204
    body = {"name": "again", "metadata-location": table["metadata-location"]}
    assert rest.call("POST", "namespaces/NS/register", body).json()["metadata"] == table["metadata"]
    assert rest.call("DELETE", "namespaces/NS/tables/again", purgeRequested="true").status_code == 204
    assert error(rest.call("POST", "namespaces/NS/register", body))[1] == "NotFoundException"


def test_a_table_moves_to_another_name_once(rest: Rest) -> None:
    table = rest.create("old")
    body = {
        "source": {"namespace": [rest.namespace], "name": "old"},
        "destination": {"namespace": [rest.namespace], "name": "new"},
    }
    assert rest.call("POST", "tables/rename", body).status_code == 204
    assert rest.call("GET", "namespaces/NS/tables/new").json()["metadata"] == table["metadata"]
    assert error(rest.call("POST", "tables/rename", body))[1] == "NoSuchTableException"


def test_a_change_through_glue_in_between_fails_no_later_commit(rest: Rest, aws: Running) -> None:
    rest.create("t")
    glue = aws.client("glue")
    table = glue.get_table(DatabaseName=rest.namespace, Name="t")["Table"]
    kept = {key: table[key] for key in ("Name", "Parameters", "StorageDescriptor", "TableType")}
    rest.commit("t", [], set_property("x", "1"))
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(DatabaseName=rest.namespace, TableInput=kept, VersionId=table["VersionId"])
    assert properties(rest, "t") == {"x": "1"}


def test_metrics_and_token_requests_are_accepted(rest: Rest) -> None:
    rest.create("t")
    assert rest.call("POST", "namespaces/NS/tables/t/metrics", {"report-type": "scan-report"}).status_code == 204
    assert rest.call("POST", "oauth/tokens").json()["token_type"] == "bearer"


def test_a_table_whose_files_are_gone_can_still_be_dropped(rest: Rest, aws: Running) -> None:
    table = rest.create("t")
    (aws.home / "s3" / table["metadata-location"].removeprefix("s3://")).unlink()
    gone = (404, "NotFoundException", f"Location does not exist: {table['metadata-location']}")
    assert error(rest.call("DELETE", "namespaces/NS/tables/t", purgeRequested="true")) == gone
    assert rest.call("DELETE", "namespaces/NS/tables/t").status_code == 204


def test_a_bucket_of_the_name_iceberg_is_a_bucket(aws: Running) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="iceberg")
    s3.put_object(Bucket="iceberg", Key="v1/config", Body=b"mine")
    assert s3.get_object(Bucket="iceberg", Key="v1/config")["Body"].read() == b"mine"
