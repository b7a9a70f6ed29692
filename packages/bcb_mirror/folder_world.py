"""A world read from a folder of real files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from bcb_mirror.errors import DataFolderError
from bcb_mirror.quarters import Quarter, quarter_of
from bcb_mirror.world import Record

# An empty file, or only a byte order mark, represents a quarter that was never published.
_NOTHING = 4


class FolderWorld:
    """Serves ``complaints/reclamacoes_*.csv``, ``fees/{J,F}/<CNPJ root>.json`` and ``institutions/`` of a folder.

    Raises DataFolderError at construction if the folder has no complaints file, and later if a file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DataFolderError(folder, "it is not a folder")
        self.folder = folder
        matches = (
            re.fullmatch(r"reclamacoes_(\d{4}T[1-4])\.csv", path.name) for path in folder.glob("complaints/*.csv")
        )
        self._quarters = sorted(quarter_of(match[1]) for match in matches if match)
        if not self._quarters:
            raise DataFolderError(folder, "it has no file complaints/reclamacoes_<year>T<quarter>.csv")

    def quarters(self) -> Sequence[Quarter]:
        return self._quarters

    def quarter_after(self, quarter: Quarter) -> Quarter | None:
        return next((later for later in self._quarters if later > quarter), None)

    def ranking(self, quarter: Quarter) -> bytes | None:
        if quarter not in self._quarters:
            return None
        content = (self.folder / "complaints" / f"reclamacoes_{quarter}.csv").read_bytes()
        return content if len(content) > _NOTHING else None

    def fees(self, person: str, cnpj: str) -> Sequence[Record]:
        path = self.folder / "fees" / person / f"{cnpj}.json"
        if not re.fullmatch(r"[FJ]\d{8}", person + cnpj) or not path.is_file():
            return []
        try:
            value = json.loads(path.read_bytes())["value"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataFolderError(self.folder, f"{path.name} is not an answer of the fees service ({error})") from error
        assert isinstance(value, list)
        return value

    def groups(self) -> Sequence[Record]:
        return self._list("GruposConsolidados*.csv", "Codigo", "Nome")

    def members(self, group: str) -> Sequence[Record]:
        return self._members.get(group, [])

    @cached_property
    def _members(self) -> dict[str, list[Record]]:
        members: dict[str, list[Record]] = {}
        for row in self._list("ListaInstituicoes*.csv", "Cnpj", "Nome", "Codigo"):
            members.setdefault(str(row["Codigo"]), []).append({"Cnpj": row["Cnpj"], "Nome": row["Nome"]})
        return members

    def segmentation(self) -> bytes | None:
        path = self._newest("Enquadramento*.tsv")
        return path.read_bytes() if path else None

    def register(self, year_month: str) -> Sequence[Record]:
        return []

    def _list(self, pattern: str, *columns: str) -> list[Record]:
        path = self._newest(pattern)
        if not path:
            return []
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter="|")
            if list(reader.fieldnames or ()) != list(columns):
                raise DataFolderError(self.folder, f"{path.name} has the columns {reader.fieldnames}, not {columns}")
            return [{column: row[column] for column in columns} for row in reader]

    def _newest(self, pattern: str) -> Path | None:
        return max(self.folder.glob(f"institutions/{pattern}"), default=None)
