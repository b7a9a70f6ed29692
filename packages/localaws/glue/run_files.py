"""Files that a run needs: its script, libraries and further files, fetched from S3."""

from __future__ import annotations

import zipfile
from pathlib import Path

from localaws.glue.errors import PreparationError
from localaws.s3.errors import S3Error
from localaws.s3.store import ObjectStore, split_uri


def fetch(store: ObjectStore, uri: str, folder: Path) -> Path:
    """Copy one object into ``folder`` under its own name; raise PreparationError if it does not exist."""
    try:
        bucket, key = split_uri(uri)
    except ValueError as error:
        raise PreparationError(f"LAUNCH ERROR | {uri!r} is not an s3:// location of a file") from error
    try:
        data = store.reads.get_bytes(bucket, key)
    except S3Error as error:
        raise PreparationError(
            f"LAUNCH ERROR | Error downloading from S3 for bucket: {bucket}, key: {key}: {error}"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / key.rpartition("/")[2]
    path.write_bytes(data)
    return path


def listed(text: str) -> list[str]:
    """The parts of a comma-separated argument."""
    return [part.strip() for part in text.split(",") if part.strip()]


def python_libraries(store: ObjectStore, uris: str, folder: Path) -> list[str]:
    """Return the paths from ``--extra-py-files``: each zip or wheel, and the folder of the single modules.

    Raises PreparationError for a file that is missing or whose content does not match its extension.
    """
    path = [str(folder)]
    for uri in listed(uris):
        library = fetch(store, uri, folder)
        if library.suffix == ".py":
            continue
        if not zipfile.is_zipfile(library):
            raise PreparationError(f"--extra-py-files: {uri} is not a zip archive; a .zip, .whl or .py was expected")
        path.append(str(library))
    return path


def jars(store: ObjectStore, uris: str, folder: Path) -> tuple[Path, ...]:
    """The files of ``--extra-jars``; raise PreparationError for a file that is missing or that Java would ignore."""
    fetched = [(uri, fetch(store, uri, folder)) for uri in listed(uris)]
    for uri, jar in fetched:
        if not zipfile.is_zipfile(jar):
            raise PreparationError(f"--extra-jars: {uri} is not a jar archive")
    return tuple(jar for _, jar in fetched)
