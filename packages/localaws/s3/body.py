"""Request bodies: read in blocks, decoded, and verified against the sizes and checksums that the client sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from localaws.s3.checksums import ALGORITHMS, PREFIX, Checksum, encoded, given_checksums, new_checksum
from localaws.s3.errors import S3Error

BLOCK = 1 << 18
MAX_DOCUMENT = 8 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_LINE = 16 << 10


class Stream(Protocol):
    """A source of a body."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


class Chunks:
    """A body in chunks, of HTTP or of SigV4: ``size;extension CRLF data CRLF``, a chunk of size 0, trailers.

    Signatures of chunks are not verified. ``trailers``, by lower-case name, are available after the last block.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.trailers: dict[str, str] = {}
        self._left = 0
        self._ended = False
        self._buffer = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end; raises S3Error IncompleteBody."""
        while len(self._buffer) < size and (block := self._block(size - len(self._buffer))):
            self._buffer += block
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def readline(self, size: int) -> bytes:
        """Return a line, for chunks within chunks."""
        while b"\n" not in self._buffer and len(self._buffer) < size and (block := self._block(BLOCK)):
            self._buffer += block
        end = self._buffer.find(b"\n", 0, size) + 1 or min(size, len(self._buffer))
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _block(self, size: int) -> bytes:
        if self._ended:
            return b""
        if not self._left and not self._next_chunk():
            return b""
        block = self._stream.read(min(size, self._left))
        if not block:
            raise S3Error("IncompleteBody")
        self._left -= len(block)
        if not self._left:
            self._stream.readline(_MAX_LINE)
        return block

    def _next_chunk(self) -> bool:
        line = self._stream.readline(_MAX_LINE)
        try:
            self._left = int(line.split(b";")[0].strip(), 16)
        except ValueError as error:
            raise S3Error("IncompleteBody", "The chunk's size is not a hexadecimal number.") from error
        if self._left < 0:
            raise S3Error("IncompleteBody", "The chunk's size is negative.")
        if not self._left:
            self._ended = True
            self._read_trailers()
        return not self._ended

    def _read_trailers(self) -> None:
        while line := self._stream.readline(_MAX_LINE).strip():
            name, _, value = line.decode("latin-1").partition(":")
            self.trailers[name.strip().lower()] = value.strip()


class Body:
    """The payload of one request.

    ``checksums`` (algorithm to base64) are complete after the last block of :meth:`blocks`: those that the client sent,
    each verified, and those requested with :meth:`compute`. ``md5`` is the MD5 digest.
    """

    def __init__(self, stream: Stream, headers: Mapping[str, str], *, chunked: bool) -> None:
        self._headers = headers
        self._raw: Stream = Chunks(stream) if chunked else stream
        self._sent = int(headers.get("content-length") or 0)
        self._content_sha256 = headers.get("x-amz-content-sha256", "")
        self._chunks = Chunks(self._raw) if self._is_aws_chunked() else None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.is_sized = chunked or "content-length" in headers
        # S3 writes the expected digest of a part in base64, that of an object in hexadecimal.
        self.is_part = False
        self.checksums: dict[str, str] = {}
        self._computed: set[str] = set()
        self.size = 0
        self._expected = self._expected_size(chunked)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()

    @property
    def etag(self) -> str:
        return self._md5.hexdigest()

    @property
    def announced(self) -> int | None:
        """Bytes of payload according to the headers; None if no header contains it."""
        return self._expected

    @property
    def sent(self) -> set[str]:
        """Algorithms of the checksums that the client sends, in headers or trailers; raises S3Error InvalidRequest."""
        announced = [name.strip().lower() for name in self._headers.get("x-amz-trailer", "").split(",")]
        named = {name.removeprefix(PREFIX).upper() for name in announced if name.startswith(PREFIX)}
        for algorithm in named - set(ALGORITHMS):
            text = f"The value specified in the x-amz-trailer header is not supported: {algorithm[:50]}"
            raise S3Error("InvalidRequest", text)
        return named | set(given_checksums(self._headers))

    def compute(self, algorithm: str) -> None:
        """Compute a checksum in addition to those that the client sends; call it before the first block is read."""
        self._computed.add(algorithm)

    def blocks(self) -> Iterator[bytes]:
        """Yield the payload in blocks, then verify it as a whole: S3Error for a mismatch follows the last block."""
        md5 = self._content_md5()
        running = self._running()
        sha256 = hashlib.sha256() if _SHA256.fullmatch(self._content_sha256) else None
        source = self._chunks or self._raw
        while block := source.read(BLOCK):
            self.size += len(block)
            self._md5.update(block)
            if sha256:
                sha256.update(block)
            for checksum in running.values():
                checksum.update(block)
            yield block
        while source is not self._raw and self._raw.read(BLOCK):
            # The bytes after the payload belong to this request: unread, they would be taken for the next request.
            pass
        if self._expected is not None and self.size != self._expected:
            raise S3Error("IncompleteBody")
        if sha256 and sha256.hexdigest() != self._content_sha256:
            raise S3Error("XAmzContentSHA256Mismatch")
        if md5 and md5 != self.md5:
            expected = base64.b64encode(md5).decode() if self.is_part else md5.hex()
            elements = {"ExpectedDigest": expected, "CalculatedDigest": base64.b64encode(self.md5).decode()}
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.", elements)
        self._verify(running)

    def forget_checksums(self) -> None:
        """Ignore the checksum headers: they describe something other than this payload."""
        self._headers = {name: value for name, value in self._headers.items() if not name.startswith(PREFIX)}

    def document(self) -> bytes:
        """The whole payload of a request with a small document; raises S3Error MalformedXML over 8 MB."""
        data = bytearray()
        for block in self.blocks():
            data += block
            if len(data) > MAX_DOCUMENT:
                raise S3Error("MalformedXML")
        return bytes(data)

    def discard(self) -> None:
        """Read the rest of the body, because many clients read the answer only after they have sent everything."""
        while self._raw.read(BLOCK):
            continue

    def _is_aws_chunked(self) -> bool:
        return self._content_sha256.startswith("STREAMING-") or "aws-chunked" in self._headers.get(
            "content-encoding", ""
        )

    def _expected_size(self, chunked: bool) -> int | None:
        if self._chunks:
            decoded = self._headers.get("x-amz-decoded-content-length", "")
            return int(decoded) if decoded.isdigit() else None
        return None if chunked else self._sent

    def _content_md5(self) -> bytes | None:
        given = self._headers.get("content-md5")
        if given is None:
            return None
        try:
            digest = base64.b64decode(given, validate=True)
        except binascii.Error:
            digest = b""
        if len(digest) != 16:
            raise S3Error("InvalidDigest", elements={"Content-MD5": given[:100]})
        return digest

    def _running(self) -> dict[str, Checksum]:
        """Return a running checksum for each algorithm that the client gave or announced, or that was requested."""
        return {name: new_checksum(name) for name in self.sent | self._computed}

    def _verify(self, running: dict[str, Checksum]) -> None:
        trailers = self._chunks.trailers if self._chunks else {}
        given = {**given_checksums(self._headers), **given_checksums(trailers)}
        for algorithm, checksum in running.items():
            value = encoded(checksum)
            if algorithm not in given and algorithm not in self._computed:
                raise S3Error(
                    "MalformedXML" if not self._chunks else "InvalidRequest",
                    f"The trailer {PREFIX}{algorithm.lower()} is missing.",
                )
            if given.get(algorithm, value) != value:
                raise S3Error("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
            self.checksums[algorithm] = value
