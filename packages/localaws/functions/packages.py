"""Deployment packages: zip files, stored by their hash, and unpacked for the environments that run them."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.functions.errors import LambdaError, invalid

MAX_ZIPPED = 52_428_800
MAX_UNZIPPED = 262_144_000
_MAX_NAME = 1024


@dataclass(frozen=True)
class Package:
    """One zip file: ``sha256`` is base64 text, as in the API; ``size`` is in bytes."""

    sha256: str
    size: int

    @property
    def folder(self) -> str:
        """Name of the folder with the package."""
        return base64.b64decode(self.sha256).hex()


class Packages:
    """Zip files in one folder; ``read_object`` returns the bytes of an S3 object by bucket, key and version."""

    def __init__(self, folder: Path, read_object: Callable[[str, str, str], bytes]) -> None:
        self._folder = folder
        self._read_object = read_object

    def add(self, code: Mapping[str, Any]) -> Package:
        """Store the zip file of a request, from ``ZipFile`` or an S3 object. Raises LambdaError."""
        data = code.get("ZipFile")
        if data is None:
            data = self._from_s3(code)
        elif len(data) > MAX_ZIPPED:
            raise LambdaError("RequestEntityTooLargeException", f"Zipped size must be smaller than {MAX_ZIPPED} bytes")
        package = Package(base64.b64encode(hashlib.sha256(data).digest()).decode(), len(data))
        if not (self._folder / package.folder).exists():
            self._unpack(data, package)
        return package

    def zip_file(self, package: Package) -> bytes:
        """Return the zip file, byte for byte."""
        return (self._folder / package.folder / "package.zip").read_bytes()

    def root(self, package: Package) -> Path:
        """Return the folder of the unpacked files."""
        return self._folder / package.folder / "root"

    def _from_s3(self, code: Mapping[str, Any]) -> bytes:
        bucket, key = code.get("S3Bucket"), code.get("S3Key")
        if not bucket or not key:
            raise invalid("Please provide a source for function code.")
        try:
            return self._read_object(bucket, key, code.get("S3ObjectVersion") or "")
        except LookupError as error:
            text = f"Error occurred while GetObject. S3 Error Code: {error.args[0]}. S3 Error Message: {error.args[1]}"
            raise invalid(text) from error

    def _unpack(self, data: bytes, package: Package) -> None:
        """Unpack into a temporary folder and rename it at the end, so that a kill leaves no partial package."""
        partial = self._folder / f".{package.folder}.{os.urandom(4).hex()}"
        try:
            partial.mkdir(parents=True)
            (partial / "package.zip").write_bytes(data)
            _extract(data, partial / "root")
            try:
                partial.rename(self._folder / package.folder)
            except OSError:
                if not (self._folder / package.folder).exists():
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _extract(data: bytes, root: Path) -> None:
    root.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = file.infolist()
            if sum(entry.file_size for entry in entries) >= MAX_UNZIPPED:
                raise invalid(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
            for entry in entries:
                _check_name(entry.filename)
                path = Path(file.extract(entry, root))
                mode = stat.S_IMODE(entry.external_attr >> 16)
                if mode and not entry.is_dir():
                    path.chmod(mode)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        text = "Could not unzip uploaded file. Please check your file, then try to upload again."
        raise invalid(text) from error


def _check_name(name: str) -> None:
    """Refuse an entry whose path leads out of the package."""
    if name.startswith("/") or ".." in name.split("/") or len(name) > _MAX_NAME:
        raise invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
