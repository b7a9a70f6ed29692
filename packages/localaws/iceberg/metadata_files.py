"""Metadata files of Iceberg tables: parsed and cached when read, written once, never changed."""

from __future__ import annotations

import threading
from collections import OrderedDict

from pyiceberg.catalog import Catalog, MetastoreCatalog
from pyiceberg.serializers import Compressor, FromInputFile
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadata

from localaws.iceberg.file_io import StoreFileIO

CACHED = 256


class MetadataFiles:
    """Table metadata by location. Thread-safe."""

    def __init__(self, io: StoreFileIO) -> None:
        self._io = io
        self._cache: OrderedDict[tuple[str, int], TableMetadata] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, location: str) -> TableMetadata:
        """The metadata at ``location``; raise FileNotFoundError, or ValueError if the file is not table metadata."""
        try:
            key = (location, self._io.local_path(location).stat().st_mtime_ns)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(f"Location does not exist: {location}") from error
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        metadata = FromInputFile.table_metadata(self._io.new_input(location))
        self._keep(key, metadata)
        return metadata

    def write(self, metadata: TableMetadata, previous: str | None) -> str:
        """Store ``metadata`` in a new file of the table's metadata folder, and return its location."""
        version = MetastoreCatalog._parse_metadata_version(previous) + 1 if previous else 0
        provider = load_location_provider(metadata.location, metadata.properties)
        location = provider.new_table_metadata_file_location(version)
        compress = Compressor.get_compressor(location).bytes_compressor()
        self._io.put(location, compress(metadata.model_dump_json().encode()))
        return location

    def delete(self, location: str) -> None:
        self._io.delete(location)

    def delete_outdated(self, base: TableMetadata, metadata: TableMetadata) -> None:
        """Delete files that left the metadata log, if ``write.metadata.delete-after-commit.enabled`` is set."""
        Catalog._delete_old_metadata(self._io, base, metadata)

    def _keep(self, key: tuple[str, int], metadata: TableMetadata) -> None:
        with self._lock:
            self._cache[key] = metadata
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
