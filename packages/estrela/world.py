"""The world from which a lake takes its data: the declared hosts, or one stand-in for all of them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from estrela.errors import SettingsError

DECLARED = "production"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
SINGLE_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
NEAR = "a loopback or private address"
ALLOWED = f"the address of a stand-in, http(s)://host:port, on {NEAR} or in the same network"


@dataclass(frozen=True)
class World:
    """``base_url`` replaces scheme and host of every source; with ``""``, the declared hosts are used.

    ``name`` identifies a world. A stand-in keeps its name when its port changes between runs.
    """

    name: str = DECLARED
    base_url: str = ""


PRODUCTION = World()


def world_from(text: str) -> World:
    """Read ``http://host:port`` or ``http://host:port#name``; ``""`` is production. Raises SettingsError.

    A stand-in must have a loopback or private address, or a host name without a dot, as containers have them, so that
    no setting can direct production to another host. Without ``#name``, host and port are the name.
    """
    if not text:
        return PRODUCTION
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    is_plain = parts.username is None and not parts.path.strip("/") and not parts.query and port != -1
    if parts.scheme not in ("http", "https") or not is_plain or not _is_stand_in(parts.hostname or ""):
        raise SettingsError("--source_host", f"{text[:100]!r} is not {ALLOWED}")
    base_url = f"{parts.scheme}://{parts.netloc}"
    name = parts.fragment or base_url
    if name == DECLARED or (parts.fragment and not NAME.fullmatch(name)):
        raise SettingsError("--source_host", f"#{name[:100]} is not a valid name of a stand-in; use letters and digits")
    return World(name, base_url)


def addresses_of(host: str) -> list[str]:
    """Return the addresses to which a host name resolves now; empty if there is none."""
    try:
        return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None)})
    except OSError:
        return []


def require_near(world: World, resolve: Callable[[str], Iterable[str]] = addresses_of) -> None:
    """Raise SettingsError if a stand-in's host name resolves to an address that is not loopback or private.

    ``instance-data`` on EC2, for example, resolves to a link-local address.
    """
    if not world.base_url:
        return
    host = urlsplit(world.base_url).hostname or ""
    far = [
        address for address in resolve(host) if not _is_local_address(ipaddress.ip_address(address.partition("%")[0]))
    ]
    if far:
        raise SettingsError("--source_host", f"{host} has the address {far[0][:50]}; a stand-in must be at {NEAR}")


def _is_stand_in(host: str) -> bool:
    try:
        return _is_local_address(ipaddress.ip_address(host))
    except ValueError:
        return SINGLE_LABEL.fullmatch(host) is not None and not host.isdigit()


def _is_local_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return _is_local_address(address.ipv4_mapped)
    return (address.is_loopback or address.is_private) and not (address.is_link_local or address.is_unspecified)
