"""``python -m fake_metabase --port 3000 --state state.json``: runs the fake in place of a real Metabase."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from cheroot.wsgi import Server

from fake_metabase.app import FakeMetabase
from fake_metabase.state import State
from metabase.provision.descriptions import described_tables


def main() -> None:
    parser = argparse.ArgumentParser("fake_metabase")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--state", type=Path, default=None, help="file that keeps the state")
    arguments = parser.parse_args()
    lake = {table.path: list(table.columns) for table in described_tables("banking")}
    state = State(lake, setup_token=os.environ.get("MB_SETUP_TOKEN", ""), file=arguments.state)
    server = Server((arguments.host, arguments.port), FakeMetabase(state))
    # The first process of a container ignores signals for which it has no handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
    except (KeyboardInterrupt, SystemExit):
        server.stop()


if __name__ == "__main__":
    main()
