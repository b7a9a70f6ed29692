"""``python architecture_diagram/architecture.py``: draw the resources of terraform/, one PNG file per picture."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pictures import PICTURES, Node

FOLDER = Path(__file__).parent


def draw(name: str, folder: Path) -> Path:
    """Draw a picture; return the PNG file."""
    from diagrams import Cluster, Diagram, Edge

    picture, nodes = PICTURES[name], {}
    target = folder / name
    with Diagram(
        picture.title,
        filename=str(target),
        show=False,
        direction="LR",
        outformat="png",
        graph_attr={"splines": "spline"},
    ):
        for group, members in picture.groups.items():
            if not group:
                nodes |= {key: _icon(node) for key, node in members.items()}
                continue
            with Cluster(group):
                nodes |= {key: _icon(node) for key, node in members.items()}
        for start, end, label in picture.edges:
            nodes[start] >> Edge(label=label) >> nodes[end]
    return target.with_suffix(".png")


def _icon(node: Node) -> object:
    from importlib import import_module

    module, _, name = node.icon.rpartition(".")
    return getattr(import_module(f"diagrams.{module}"), name)(node.label)


def main() -> int:
    """Draw every picture; return exit status 1 if graphviz is missing."""
    if not shutil.which("dot"):
        print(
            "The pictures need graphviz. Debian: apt-get install graphviz. macOS: brew install graphviz.",
            file=sys.stderr,
        )
        return 1
    for name in PICTURES:
        print(draw(name, FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main())
