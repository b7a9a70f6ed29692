"""Files delivered into the lake's bucket, for stars whose sources are not fetched from an API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from retail_files.files import files
from retail_files.shop import Shop

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def _retail() -> Iterator[tuple[str, bytes]]:
    for key, content in files(Shop()):
        yield f"landing/retail/{key}", content


DELIVERED: Mapping[str, Callable[[], Iterator[tuple[str, bytes]]]] = {"retail": _retail}
"""Keys and contents of the files of each star that has some."""


def deliver(s3: S3Client, bucket: str, star: str, folder: Path | None = None) -> int:
    """Put the files of a star into the bucket; return how many there are. Done again, it changes no content.

    They are those of ``folder``, under their paths in it, or else the invented ones of the star.
    """
    files = _of_folder(folder) if folder else DELIVERED.get(star, lambda: iter(()))()
    count = 0
    for key, content in files:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        count += 1
    return count


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
