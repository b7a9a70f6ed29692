"""Errors of localaws itself, as opposed to the errors of the AWS APIs."""

from __future__ import annotations


class LocalAwsError(Exception):
    """An error that the command line prints as one line, without a traceback."""


class PortTakenError(LocalAwsError):
    """Another process listens on the requested port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken by another process; stop it, or choose a free port with --port"
        )


class CertificateError(LocalAwsError):
    """HTTPS was requested without a certificate, or with a certificate that cannot be used."""


class HomeNotWritableError(LocalAwsError):
    """The home folder cannot be created or written to."""

    def __init__(self, home: object, reason: str) -> None:
        super().__init__(f"home folder {home} is not writable ({reason}); choose another with --home or LOCALAWS_HOME")


class HomeInUseError(LocalAwsError):
    """Another server already runs on this home folder."""

    def __init__(self, home: object, owner: str) -> None:
        super().__init__(
            f"home folder {home} is in use by {owner}; run 'localaws down --home {home}' or choose another --home"
        )


class HomeStateError(LocalAwsError):
    """Stored state that this version cannot read."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"stored state {path} cannot be read ({reason}); the file was not changed: "
            "start the version that wrote it, or move the file away to start without it"
        )


class JavaMissingError(LocalAwsError):
    """No Java of the required version was found."""

    def __init__(self, program: str, wanted: str, looked_at: list[str], advice: str) -> None:
        super().__init__(f"{program} needs {wanted}; looked at {', '.join(looked_at)}; {advice}")


class TrinoMissingError(LocalAwsError):
    """No Trino server is unpacked on this machine."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}; run 'make trino' to download it, set TRINO_HOME to an unpacked Trino, "
            "or pass --trino URL of a running one"
        )


class TrinoSetupError(LocalAwsError):
    """localaws cannot create the catalogs of this Trino."""

    def __init__(self, url: str, catalog: str, reason: str) -> None:
        super().__init__(
            f"the Trino at {url} has no catalog {catalog}, and localaws cannot create it ({reason}); "
            "start it with catalog.management=dynamic (the public image: CATALOG_MANAGEMENT=dynamic)"
        )


class TrinoStartError(LocalAwsError):
    """Trino did not start, or does not answer."""


class StartError(LocalAwsError):
    """The server process ended, or timed out, before its first answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"localaws did not start: {reason}")


class PostgresInUseError(LocalAwsError):
    """Another process runs PostgreSQL on the folder."""

    def __init__(self, folder: object) -> None:
        super().__init__(
            f"the PostgreSQL in {folder} is in use by another process; stop that process or choose another folder"
        )


class PostgresStartError(LocalAwsError):
    """PostgreSQL did not start."""

    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(f"PostgreSQL did not start in {folder}: {reason}")
