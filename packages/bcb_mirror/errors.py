"""Errors of the mirror itself, in contrast to the faults that it simulates on request."""

from __future__ import annotations

from collections.abc import Iterable


class MirrorError(Exception):
    """An error that the command line prints as one line, without a traceback."""


class DataFolderError(MirrorError):
    """A folder of real files that cannot be served."""

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"data folder {folder}: {reason}; it needs complaints/reclamacoes_<year>T<quarter>.csv and may have "
            "fees/J/<CNPJ root>.json, fees/F/<CNPJ root>.json and institutions/"
        )


class PortTakenError(MirrorError):
    """Another process listens on the requested port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken by another process; stop it, or take a free port with --port 0"
        )


class QuarterError(MirrorError):
    """A text that is not a quarter, or a quarter that cannot be used here."""


class WorldError(MirrorError):
    """Invalid parameters of a synthetic world."""


class FaultError(MirrorError):
    """A fault that the mirror cannot simulate."""


class DamageError(MirrorError):
    """A damage that the mirror cannot apply."""

    def __init__(self, kind: object, known: Iterable[str]) -> None:
        super().__init__(f"damage {kind!r} is unknown; known are {', '.join(sorted(known))}")


class BulkError(MirrorError):
    """A bulk file that cannot be written."""
