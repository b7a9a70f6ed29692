"""Sources of every kind of origin, extracted from S3 and from small HTTP services."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from estrela.errors import (
    ExtractError,
    SettingsError,
    SourceChangedError,
    SourceRejectedError,
    SourceUnavailableError,
)
from estrela.etl.extractors.raw_extractor import ExtractStep, RawExtractor, Scope
from estrela.etl.extractors.s3_extractor import READERS
from estrela.etl.raw.deliveries import wanted
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.raw.world_record import WorldRecord
from estrela.extractor_factory import extractor_of
from estrela.model import (
    ApiSource,
    BearerToken,
    Catalogue,
    Column,
    CsvSource,
    DeliveredFile,
    Delivery,
    Download,
    Field,
    Layout,
    ListedFile,
    NumberedPages,
    Parameter,
    RestApi,
    S3Deliveries,
    S3Files,
    Text,
    Tolerance,
)
from estrela.model.origin import Origin
from estrela.model.source import Source
from estrela.world import PRODUCTION, World, world_from

LANDING = "landing"
CODE = Column("code", "string", "Code")
LAYOUT = Layout("v1", (Field("code", "code", Text()),))


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket=LANDING)
        yield client


@pytest.fixture
def raw(s3: Any) -> RawLayer:
    layer = RawLayer(s3, f"lake-{uuid.uuid4().hex}", "raw/shop")
    s3.create_bucket(Bucket=layer.bucket)
    return layer


@pytest.fixture
def prefix() -> str:
    """A separate folder of the landing bucket."""
    return f"{uuid.uuid4().hex}/"


def csv_of(origin: Origin, tolerance: Tolerance = Tolerance()) -> Source:  # noqa: B008
    return CsvSource("sales", "Sales", "sales", origin, (CODE,), (LAYOUT,), tolerance=tolerance)


def api_of(origin: Origin, **changes: Any) -> Source:
    return ApiSource("prices", "Prices", "prices", origin, (CODE,), (LAYOUT,), **changes)


def extractor(source: Source, raw: RawLayer, world: World = PRODUCTION, **scope: Any) -> RawExtractor[Any]:
    session = boto3.Session("x", "x", region_name="us-east-1")
    return extractor_of(source, raw, Scope(**scope), world, session)


def figures(source: Source, raw: RawLayer, world: World = PRODUCTION, **scope: Any) -> dict[str, Any]:
    return dict(extractor(source, raw, world, **scope).run())


def contents(raw: RawLayer, source: str = "sales") -> dict[str, bytes]:
    """Return the current contents by request."""
    return {file.request_id: raw.read(file) for file in raw.current(source)}


class TestS3Files:
    """Files in S3 by prefix and pattern."""

    def source(self, prefix: str) -> Source:
        return csv_of(S3Files(prefix, r"(?P<region>[a-z]+)/(?P<day>[0-9]{8})(_part(?P<part>[0-9]))?\.csv", LANDING))

    def put(self, raw: RawLayer, key: str, body: bytes) -> None:
        raw.s3.put_object(Bucket=LANDING, Key=key, Body=body)

    def test_new_changed_and_withdrawn_files(self, raw: RawLayer, prefix: str) -> None:
        source = self.source(prefix)
        for name in ("north/20260101.csv", "south/20260101.csv", "south/20260101_part2.csv", "readme.txt"):
            self.put(raw, prefix + name, name.encode())
        assert figures(source, raw)["new_files"] == 3
        assert contents(raw) == {
            "day=20260101,region=north": b"north/20260101.csv",
            "day=20260101,region=south": b"south/20260101.csv",
            "day=20260101,part=2,region=south": b"south/20260101_part2.csv",
        }
        (file,) = [candidate for candidate in raw.current("sales") if candidate.request["region"] == "north"]
        assert file.url == f"s3://{LANDING}/{prefix}north/20260101.csv"

        self.put(raw, f"{prefix}north/20260101.csv", b"corrected")
        raw.s3.delete_object(Bucket=LANDING, Key=f"{prefix}south/20260101_part2.csv")
        counts = figures(source, raw)
        assert (counts["new_files"], counts["unchanged"], counts["withdrawn"]) == (1, 1, 1)
        assert contents(raw) == {
            "day=20260101,region=north": b"corrected",
            "day=20260101,region=south": b"south/20260101.csv",
        }
        version = raw.version("sales")
        assert figures(source, raw)["unchanged"] == 2
        assert raw.version("sales") == version

    def test_an_unchanged_object_is_not_read_again(self, raw: RawLayer, prefix: str) -> None:
        self.put(raw, f"{prefix}north/20260101.csv", b"a")
        figures(self.source(prefix), raw)
        reads: list[str] = []
        raw.s3.meta.events.register_first(
            "before-call.s3.GetObject", lambda params, **_: reads.append(params["url_path"]), unique_id="reads"
        )
        try:
            figures(self.source(prefix), raw)
        finally:
            raw.s3.meta.events.unregister("before-call.s3.GetObject", unique_id="reads")
        assert [path for path in reads if LANDING in path] == []

    def test_two_objects_of_one_request_are_refused(self, raw: RawLayer, prefix: str) -> None:
        source = csv_of(S3Files(prefix, r"(?P<day>[0-9]{8})[a-z]?\.csv", LANDING))
        for name in ("20260101.csv", "20260101b.csv"):
            self.put(raw, prefix + name, b"a")
        with pytest.raises(SourceChangedError) as caught:
            figures(source, raw)
        assert str(caught.value) == (
            f"sales: s3://{LANDING}/{prefix}20260101b.csv: expected one object per request, received a second one for "
            f"day=20260101, after {prefix}20260101.csv"
        )

    def test_a_list_that_lost_too_much_withdraws_nothing_unless_asked_to(self, raw: RawLayer, prefix: str) -> None:
        source = self.source(prefix)
        names = [f"{prefix}north/2026010{day}.csv" for day in range(1, 5)]
        for name in names:
            self.put(raw, name, name.encode())
        figures(source, raw)
        for name in names[:3]:
            raw.s3.delete_object(Bucket=LANDING, Key=name)
        with pytest.raises(SourceChangedError) as caught:
            figures(source, raw)
        assert str(caught.value) == (
            "sales: the 4 known requests: expected data for at least 2 of them, received none for 3, such as "
            "day=20260101,region=north, day=20260102,region=north, day=20260103,region=north; if the source has really "
            "removed this data, run with full_refresh"
        )
        assert len(contents(raw)) == 4
        assert figures(source, raw, full_refresh=True)["withdrawn"] == 3
        assert list(contents(raw)) == ["day=20260104,region=north"]

    def test_a_bucket_that_denies_is_a_rejected_source(self, raw: RawLayer) -> None:
        source = csv_of(S3Files("x/", "(?P<name>.*)", "no-such-bucket"))
        with pytest.raises(
            SourceRejectedError, match="sales: s3://no-such-bucket/x/: S3 answered 404 NoSuchBucket"
        ) as caught:
            figures(source, raw)
        assert not caught.value.retriable

    def test_a_run_that_is_killed_keeps_what_came(self, raw: RawLayer, prefix: str) -> None:
        """Killed at the last of 100 files, the run keeps those before it; the next run reads only the others."""
        for number in range(100):
            self.put(raw, f"{prefix}north/{20260101 + number}.csv", f"{number}".encode())
        dead = threading.Event()

        class Killed(BaseException):
            pass

        def kill(params: dict[str, Any], **_: Any) -> None:
            if params.get("Key", "").endswith("north/20260200.csv"):
                dead.set()
            if dead.is_set():
                raise Killed

        # As after kill -9, nothing reaches S3 any more: no block that ends the run either.
        raw.s3.meta.events.register("before-parameter-build.s3", kill, unique_id="kill")
        try:
            with pytest.raises(Killed):
                figures(self.source(prefix), raw)
        finally:
            raw.s3.meta.events.unregister("before-parameter-build.s3", unique_id="kill")
        kept = len(contents(raw))
        # Lost is what is read beside the last one, and what is read but not yet in the log.
        assert 100 - 2 * READERS <= kept < 100
        assert figures(self.source(prefix), raw)["new_files"] == 100 - kept


CHANGES = st.lists(st.dictionaries(st.sampled_from(["1", "2", "3"]), st.sampled_from([b"a", b"b", b""])), max_size=4)


@pytest.mark.slow
@given(CHANGES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_state_is_what_the_folder_holds_whatever_came_before(
    s3: Any, states: list[dict[str, bytes]]
) -> None:
    """After each state of a folder, an extract stores exactly that state, and a second extract stores nothing new."""
    raw, folder = RawLayer(s3, f"lake-{uuid.uuid4().hex}", "raw/shop"), f"{uuid.uuid4().hex}/"
    s3.create_bucket(Bucket=raw.bucket)
    source = csv_of(S3Files(folder, r"(?P<name>[0-9])\.csv", LANDING))
    for state in states:
        for name in "123":
            if name in state:
                s3.put_object(Bucket=LANDING, Key=f"{folder}{name}.csv", Body=state[name])
            else:
                s3.delete_object(Bucket=LANDING, Key=f"{folder}{name}.csv")
        figures(source, raw, full_refresh=True)
        version = raw.version("sales")
        assert contents(raw) == {f"name={name}": body for name, body in state.items()}
        assert figures(source, raw)["new_files"] == 0
        assert raw.version("sales") == version


def delivery(document: Any) -> Delivery:
    files = tuple(
        DeliveredFile(file["name"], {"table": file["table"]}, file.get("sha256", "")) for file in document["files"]
    )
    return Delivery(document["id"], files, tuple(document.get("replaces", ())))


class TestS3Deliveries:
    """Deliveries with a manifest."""

    def source(self, prefix: str) -> Source:
        return csv_of(S3Deliveries(prefix, r"[^/]+/manifest\.json", delivery, "id, files[].name and .table", LANDING))

    def deliver(
        self, raw: RawLayer, prefix: str, name: str, tables: Mapping[str, bytes], *, replaces: tuple[str, ...] = ()
    ) -> None:
        files = [
            {"name": f"{table}.csv", "table": table, "sha256": hashlib.sha256(body).hexdigest()}
            for table, body in tables.items()
        ]
        for table, body in tables.items():
            raw.s3.put_object(Bucket=LANDING, Key=f"{prefix}{name}/{table}.csv", Body=body)
        manifest = json.dumps({"id": name, "files": files, "replaces": replaces})
        raw.s3.put_object(Bucket=LANDING, Key=f"{prefix}{name}/manifest.json", Body=manifest)

    def test_a_delivery_replaces_another_in_one_commit(self, raw: RawLayer, prefix: str) -> None:
        source = self.source(prefix)
        self.deliver(raw, prefix, "a", {"x": b"ax", "y": b"ay"})
        self.deliver(raw, prefix, "b", {"x": b"bx"})
        assert figures(source, raw)["new_files"] == 3
        self.deliver(raw, prefix, "c", {"x": b"cx"}, replaces=("a",))
        before = raw.version("sales")
        assert figures(source, raw)["withdrawn"] == 2
        assert raw.version("sales") == before + 1
        assert contents(raw) == {"delivery=b,table=x": b"bx", "delivery=c,table=x": b"cx"}
        assert [file.request_id for file in wanted(source, raw.files("sales"))] == list(contents(raw))

    @pytest.mark.parametrize("damage", ["missing", "changed"])
    def test_a_delivery_that_is_not_whole_leaves_what_it_replaces(
        self, raw: RawLayer, prefix: str, damage: str
    ) -> None:
        source = self.source(prefix)
        self.deliver(raw, prefix, "a", {"x": b"ax"})
        figures(source, raw)
        self.deliver(raw, prefix, "b", {"x": b"bx", "y": b"by"}, replaces=("a",))
        self.deliver(raw, prefix, "c", {"z": b"cz"})
        broken = f"{prefix}b/y.csv"
        if damage == "missing":
            raw.s3.delete_object(Bucket=LANDING, Key=broken)
            said = f"sales: s3://{LANDING}/{broken} is in a manifest, but does not exist"
        else:
            raw.s3.put_object(Bucket=LANDING, Key=broken, Body=b"other")
            said = (
                f"sales: s3://{LANDING}/{broken}: expected the sha256 {hashlib.sha256(b'by').hexdigest()}, "
                f"received the sha256 {hashlib.sha256(b'other').hexdigest()}"
            )
        with pytest.raises(ExtractError) as caught:
            figures(source, raw)
        assert [str(failure) for failure in caught.value.failures] == [said]
        assert contents(raw) == {"delivery=a,table=x": b"ax", "delivery=c,table=z": b"cz"}

        self.deliver(raw, prefix, "b", {"x": b"bx", "y": b"by"}, replaces=("a",))
        figures(source, raw)
        assert contents(raw) == {
            "delivery=b,table=x": b"bx", "delivery=b,table=y": b"by", "delivery=c,table=z": b"cz"
        }  # fmt: skip

    def test_a_manifest_of_another_shape_is_a_changed_source(self, raw: RawLayer, prefix: str) -> None:
        raw.s3.put_object(Bucket=LANDING, Key=f"{prefix}a/manifest.json", Body=b'{"id": "a"}')
        with pytest.raises(SourceChangedError) as caught:
            figures(self.source(prefix), raw)
        assert str(caught.value) == (
            f"sales: s3://{LANDING}/{prefix}a/manifest.json: expected id, files[].name and .table, "
            "received a document of another shape (KeyError: 'files')"
        )


Answer = tuple[int, bytes]


class Service(ThreadingHTTPServer):
    """Answers paths by ``answer``; ``seen`` contains each path and its Authorization header."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        self.answer, self.seen = answer, list[tuple[str, str]]()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def world(self) -> World:
        return world_from(f"http://127.0.0.1:{self.server_address[1]}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization", "")))
        status, body = self.server.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], Answer]], Service]]:
    servers: list[Service] = []

    def start(answer: Callable[[str], Answer]) -> Service:
        servers.append(Service(answer))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_any_rest_api_by_path_parameters_auth_pages_and_records(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    def answer(path: str) -> Answer:
        number = int(path.rsplit("page=", 1)[1])
        return 200, json.dumps({"data": {"rows": [{"code": f"{path}"}] if number < 3 else []}}).encode()

    service = serve(answer)
    boto3.client("secretsmanager", "us-east-1").create_secret(Name="shop/api", SecretString='{"token": "t0p"}')
    origin = RestApi(
        "https://api.shop.test/v1/shops/{shop}/prices",
        {"currency": "BRL"},
        NumberedPages(),
        parameters=(Parameter("shop", "shop", ("a/b", "c")), Parameter("kind", "kind", ("new",))),
        auth=BearerToken("shop/api", "token"),
    )
    source = api_of(origin, records="data.rows")
    assert figures(source, raw, service.world)["new_files"] == 6
    assert sorted({path for path, _ in service.seen}) == [
        f"/v1/shops/{shop}/prices?currency=BRL&kind=new&page={page}" for shop in ("a%2Fb", "c") for page in (1, 2, 3)
    ]
    assert {auth for _, auth in service.seen} == {"Bearer t0p"}
    assert {file.request_id for file in raw.current("prices")} == {"kind=new,shop=a/b", "kind=new,shop=c"}
    assert {answer.records for answer in raw.state("prices").values()} == {2}


def test_a_catalogue_of_files_in_general(raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]) -> None:
    listing = {
        "resources": [{"name": name, "url": f"https://cdn.shop.test/{name}.csv?v=1"} for name in ("a", "b", "c", "d")]
    }
    files: dict[str, Answer] = {}

    def answer(path: str) -> Answer:
        return (200, json.dumps(listing).encode()) if path == "/package" else files.get(path, (200, path.encode()))

    service = serve(answer)
    origin = Catalogue(
        "https://data.shop.test/package",
        lambda document: [
            ListedFile({"name": resource["name"]}, resource["url"]) for resource in document["resources"]
        ],
        "resources[].name and .url",
        hosts=("https://cdn.shop.test",),
    )
    source = csv_of(origin)
    figures(source, raw, service.world)
    assert contents(raw) == {f"name={name}": f"/{name}.csv?v=1".encode() for name in "abcd"}

    listing["resources"].pop()
    files["/b.csv?v=1"] = (204, b"")
    counts = figures(source, raw, service.world)
    assert (counts["withdrawn"], counts["unchanged"]) == (2, 2)
    assert list(contents(raw)) == ["name=a", "name=c"]


def test_answers_that_are_all_empty_at_once_are_not_believed(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    empty: set[str] = set()

    def answer(path: str) -> Answer:
        shop = path.rpartition("=")[2]
        return 200, json.dumps({"value": [] if shop in empty else [{"code": shop}]}).encode()

    service = serve(answer)
    source = api_of(RestApi("https://shop.test/p", parameters=(Parameter("shop", "shop", tuple("abcde")),)))
    figures(source, raw, service.world)
    empty.update("abc")
    with pytest.raises(SourceChangedError, match="received none for 3, such as shop=a, shop=b, shop=c; "):
        figures(source, raw, service.world)
    assert {answer.records for answer in raw.state("prices").values()} == {1}
    empty.discard("c")
    figures(source, raw, service.world)
    assert {name for name, answer in raw.state("prices").items() if answer.is_empty} == {"shop=a", "shop=b"}


def test_values_that_no_longer_exist_are_withdrawn(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    shops = ["a", "b"]

    def answer(path: str) -> Answer:
        rows = [{"code": shop} for shop in shops] if path.startswith("/shops") else [{"code": path}]
        return 200, json.dumps({"value": rows}).encode()

    service = serve(answer)
    lists = ApiSource("shops", "Shops", "prices", RestApi("https://shop.test/shops"), (CODE,), (LAYOUT,))
    source = api_of(
        RestApi("https://shop.test/prices", parameters=(Parameter("shop", "shop", each=((lists, "code"),)),))
    )
    for declared in (lists, source):
        figures(declared, raw, service.world)
    shops.remove("a")
    for declared in (lists, source):
        figures(declared, raw, service.world)
    assert list(contents(raw, "prices")) == ["shop=b"]
    history: list[RawFile] = raw.files("prices")
    assert [(file.request_id, file.withdrawn) for file in history[-1:]] == [("shop=a", True)]


def test_a_list_that_cannot_be_read_withdraws_nothing(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    listed: object = [{"code": "a"}, {"code": "b"}]

    def answer(path: str) -> Answer:
        rows = listed if path.startswith("/shops") else [{"code": path}]
        return 200, json.dumps({"value": rows}).encode()

    service = serve(answer)
    lists = ApiSource("shops", "Shops", "prices", RestApi("https://shop.test/shops"), (CODE,), (LAYOUT,))
    source = api_of(
        RestApi("https://shop.test/prices", parameters=(Parameter("shop", "shop", each=((lists, "code"),)),))
    )
    for declared in (lists, source):
        figures(declared, raw, service.world)
    listed = {"moved": "elsewhere"}
    for declared in (lists, source):
        figures(declared, raw, service.world)
    assert list(contents(raw, "prices")) == ["shop=a", "shop=b"]


def test_a_lake_takes_data_from_one_world(raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]) -> None:
    service = serve(lambda path: (200, b"code\n1\n"))
    source = csv_of(Download("https://shop.test/sales.csv"))

    def step(world: World) -> ExtractStep:
        return ExtractStep("sales", [extractor(source, raw, world)], world, WorldRecord(raw.s3, raw.bucket))

    stand_in = World("synthetic", service.world.base_url)
    step(stand_in).run()
    step(World("synthetic", service.world.base_url)).run()
    asked = len(service.seen)
    for other in (PRODUCTION, service.world):
        with pytest.raises(SettingsError) as caught:
            step(other).run()
        assert str(caught.value) == (
            f"--source_host: the lake {raw.bucket} has data of synthetic, and must not be mixed with data of"
            f" {other.name}; choose an empty lake"
        )
    assert len(service.seen) == asked


def test_an_extract_asks_no_stand_in_whose_name_leads_elsewhere(raw: RawLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: [(2, 1, 6, "", ("169.254.169.254", 80))])
    world = world_from("http://instance-data")
    record = WorldRecord(raw.s3, raw.bucket)
    with pytest.raises(SettingsError, match="instance-data has the address 169"):
        ExtractStep("sales", [extractor(csv_of(Download("https://shop.test/f")), raw, world)], world, record).run()
    assert record.name() == ""


def test_a_lake_whose_world_is_unknown_takes_no_data(raw: RawLayer) -> None:
    raw.s3.put_object(Bucket=raw.bucket, Key="raw/shop/sales/objects/a", Body=b"a")
    with pytest.raises(SettingsError) as caught:
        WorldRecord(raw.s3, raw.bucket).claim(PRODUCTION)
    assert str(caught.value) == (
        f"--source_host: the lake {raw.bucket} has raw data, but no ops/world.json, which records the origin of the "
        "data; choose an empty lake, or write that object"
    )
    raw.s3.put_object(Bucket=raw.bucket, Key="ops/world.json", Body=b'{"world": "production"}')
    WorldRecord(raw.s3, raw.bucket).claim(PRODUCTION)


def test_a_large_answer_is_stored_in_bounded_memory(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer larger than one part is uploaded to S3 in parts, byte for byte."""
    body = b"code\n" + bytes(range(48, 58)) * 2_000_000
    service = serve(lambda path: (200, body))
    parts: list[int] = []
    raw.s3.meta.events.register("before-parameter-build.s3.UploadPart", lambda **_: parts.append(1), unique_id="parts")
    try:
        figures(csv_of(Download("https://shop.test/sales.csv")), raw, service.world)
    finally:
        raw.s3.meta.events.unregister("before-parameter-build.s3.UploadPart", unique_id="parts")
    (file,) = raw.current("sales")
    assert (file.size, file.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert raw.read(file) == body
    assert len(parts) == 3


def test_a_service_that_is_down_fails_the_extract_and_is_recorded(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    service = serve(lambda path: (410, b"gone"))
    with pytest.raises(SourceRejectedError):
        figures(csv_of(Download("https://shop.test/sales.csv")), raw, service.world)
    assert not issubclass(SourceRejectedError, SourceUnavailableError)
    (key,) = [entry["Key"] for entry in raw.s3.list_objects_v2(Bucket=raw.bucket)["Contents"]]
    assert key.startswith("raw/shop/sales/asked/")


def test_a_source_has_answered_when_all_requests_were_answered_with_or_without_news(
    raw: RawLayer, serve: Callable[[Callable[[str], Answer]], Service]
) -> None:
    status, long_ago = [200], datetime(2020, 1, 1, tzinfo=UTC)
    service = serve(lambda path: (status[0], b'{"value": [{"code": "a"}]}'))
    source = api_of(RestApi("https://shop.test/p", optional=True))
    assert raw.answered_at("prices") is None

    def answers(**scope: Any) -> bool:
        raw.note_answered("prices", long_ago)
        figures(source, raw, service.world, **scope)
        return raw.answered_at("prices") != long_ago

    assert (answers(), answers()) == (True, True)
    assert not answers(parameters={"months": ("2026-11",)}), "a part of it was asked"
    status[0] = 410
    assert not answers(), "an optional source may fail, which is no answer"
