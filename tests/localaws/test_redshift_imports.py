"""Imports for Redshift's first request, while another thread imports modules for Athena."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ASK_WHILE_SQLGLOT_IS_IMPORTED = """
import sys, threading, time
from pathlib import Path
from werkzeug.test import Client
from localaws import s3
from localaws.home import Home
from localaws.redshift import results  # what takes longer
from localaws.lazy_redshift import LazyRedshift
from localaws.settings import Settings

half_way = threading.Event()

class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "sqlglot.dialects.dialect" and threading.current_thread() is other:
            half_way.set()
            time.sleep(2)

def import_for_athena():
    import localaws.athena.embedded.sql.dialect

home = Home(Path(sys.argv[1]))
redshift = LazyRedshift(Settings(home=home.root), home, s3.open_store(home), lambda service: None)
other = threading.Thread(target=import_for_athena)
sys.meta_path.insert(0, Slow)
other.start()
half_way.wait(30)
answer = Client(redshift.services()["redshift-data"]).post("/", headers={"X-Amz-Target": "RedshiftData.Unknown"})
other.join()
print(answer.status_code, answer.text)
"""


def test_the_first_request_may_come_while_the_parser_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_WHILE_SQLGLOT_IS_IMPORTED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("501 "), done.stderr
    assert "does not implement Unknown of redshift-data" in done.stdout
    assert done.stderr == ""
