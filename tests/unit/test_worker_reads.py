"""Python workers retry reading a file after transient faults of S3, and only after those."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
import tenacity
from botocore.exceptions import ClientError, ResponseStreamingError

from estrela.etl.readers.worker_reads import BATCH_BYTES, BATCH_FILES, READS, _batches

SLOW_DOWN = ClientError({"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "GetObject")
DENIED = ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "GetObject")
CUT = ResponseStreamingError(error="connection broken")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that would have been waited; nothing waits."""
    waited: list[float] = []
    monkeypatch.setattr(tenacity.nap.time, "sleep", waited.append)
    yield waited


class Store:
    """Answers each read with the next of ``faults``, and afterwards with the content."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.reads = list(faults), 0

    def read(self, uri: str) -> tuple[bytes]:
        self.reads += 1
        if self.faults:
            raise self.faults.pop(0)
        return (uri.encode(),)

    def contents(self) -> list[bytes]:
        asked = pa.RecordBatch.from_pydict({"name": ["a"], "uri": ["s3://lake/a"], "size": [11]})
        return [
            content for batch in _batches(self.read, ["content"], [asked]) for content in batch["content"].to_pylist()
        ]


def test_a_fault_that_passes_is_waited_out(waits: list[float]) -> None:
    assert Store(SLOW_DOWN, CUT).contents() == [b"s3://lake/a"]
    assert len(waits) == 1


@pytest.mark.parametrize(("fault", "reads"), [(DENIED, 1), (FileNotFoundError("a"), 1), (SLOW_DOWN, READS)])
def test_a_fault_that_stays_is_raised_as_it_came(fault: Exception, reads: int) -> None:
    store = Store(*[fault] * 20)
    with pytest.raises(type(fault)) as raised:
        store.contents()
    assert (raised.value, store.reads) == (fault, reads)


def test_files_are_held_and_handed_over_in_parts_of_bounded_number_and_size() -> None:
    sizes = [1] * (BATCH_FILES + 1) + [BATCH_BYTES, BATCH_BYTES + 1, 5, 6]
    uris = [f"file:/{at}" for at in range(len(sizes))]
    asked = pa.RecordBatch.from_pydict({"name": uris, "uri": uris, "size": sizes})
    parts = [batch["content"].to_pylist() for batch in _batches(Store().read, ["content"], [asked])]

    assert [len(part) for part in parts] == [BATCH_FILES, 1, 1, 1, 2]
    assert [content.decode() for part in parts for content in part] == uris
