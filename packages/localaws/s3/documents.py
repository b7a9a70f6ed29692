"""S3's XML documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from typing import TypeAlias
from xml.etree import ElementTree

from localaws.s3.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
Node: TypeAlias = "tuple[str, str | Sequence[Node]]"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_SPECIAL = re.compile(r'[&<>"\x00-\x1f]')


def document(name: str, children: Iterable[Node], namespace: str = NAMESPACE, text: str = "") -> bytes:
    """A whole document, with ``text`` if it has no children; a child is ``(name, text)`` or ``(name, children)``."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    inner = "".join(map(_render, children)) or _escaped(text)
    element = f"<{name}{attribute}>{inner}</{name}>" if inner else f"<{name}{attribute}/>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{element}'.encode()


def _render(node: Node) -> str:
    name, content = node
    inner = _escaped(content) if isinstance(content, str) else "".join(map(_render, content))
    return f"<{name}>{inner}</{name}>"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0]) or f"&#{ord(match[0])};", text)


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses document types: without them no entity can be declared, so none can expand."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise S3Error("MalformedXML")


def parse(data: bytes, root: str) -> ElementTree.Element:
    """The document's root element without namespaces; raises S3Error MalformedXML unless its name is ``root``.

    An empty ``root`` allows every name.
    """
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(data)
        element: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise S3Error("MalformedXML") from error
    for child in element.iter():
        child.tag = child.tag.rpartition("}")[2]
    if root and element.tag != root:
        raise S3Error("MalformedXML")
    return element


def text_of(element: ElementTree.Element, name: str, default: str = "") -> str:
    """The text of a child element."""
    return element.findtext(name) or default


def iso_time(seconds: float) -> str:
    """The time as in documents, for example ``2024-05-01T12:00:00.000Z``."""
    return _iso_time(int(seconds))


@lru_cache(4096)
def _iso_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_time(seconds: float) -> str:
    """The time as in HTTP headers."""
    return formatdate(int(seconds), usegmt=True)
