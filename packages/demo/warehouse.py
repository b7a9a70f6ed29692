"""``python -m demo.warehouse``: parties deliver over three days, and every file reaches the warehouse once.

Events are duplicated, reordered, late and lost; one file is damaged and sent again the day after, one arrives two days
late, rows of the core system are changed and deleted. On a last day without deliveries, all files are listed again. A
second run on the same state delivers every file anew.
"""

from __future__ import annotations

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from backoffice_parties.company import Company
from backoffice_parties.files import branch_file, damaged, settlement_files
from backoffice_parties.share import share
from demo.figures import show_rows
from demo.warehouse_check import ACCOUNT, FILES, NOT_IN_BALANCE, UNSETTLED, verdicts
from demo.warehouse_delivery import change_core, drop_files, share_rates
from demo.warehouse_stack import Stack, deploy_warehouse
from estrela.errors import EstrelaError, JobError
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD, RECONCILE
from estrela.model.feeds import feeds
from localaws.errors import LocalAwsError
from localaws.postgres_server import postgres
from localaws.running import running
from metabase.files import HERE, load
from metabase.invented import marked
from metabase.preview.postgres import Postgres
from metabase.preview.render import preview

PROJECT = Path(__file__).resolve().parents[2]
HOME = PROJECT / ".demo" / "warehouse"
MISDELIVERY = "duplicates=0.4,lose=0.3,reorder,delay=1s"
DAYS = 3
LAST_DAY = "the last day"
DAMAGED, LATE = "card_settlements/elo_2026-11-03.csv.gz", "card_settlements/visa_2026-11-02.csv.gz"
"""The first is truncated on day 1 and sent again on day 2; the second, of day 0, arrives on day 2."""
AT_ONCE = 4
QUIET_SECONDS, LONGEST_WAIT = 1.5, 20.0


@dataclass(frozen=True)
class Demo:
    """A company, the folder of its FTPS share, and the warehouse."""

    console: Console
    company: Company
    folder: Path
    stack: Stack
    name: str

    def deliver(self, day: int) -> None:
        """Let every party deliver its data for a day."""
        company, s3 = self.company, self.stack.aws.client("s3")
        files = dict([*settlement_files(company, day), branch_file(company, day)])
        if day == 1:
            files[DAMAGED] = damaged(files[DAMAGED])
        if day == DAYS - 1:
            files |= {key: content for at in (0, 1) for key, content in settlement_files(company, at)
                      if key in (DAMAGED, LATE)}  # fmt: skip
        if day == 0:
            del files[LATE]
        drop_files(s3, files)
        share_rates(company, day, self.folder)
        change_core(company, day, self.stack.core)

    def load_day(self, day: str) -> list[JobError]:
        """Run the steps of every feed, several feeds in parallel; return the errors."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [error for errors in pool.map(lambda feed: self._steps(feed, day), feeds()) for error in errors]

    def _steps(self, feed: str, day: str) -> list[JobError]:
        phases = [EXTRACT, LOAD, ARCHIVE]
        if day == LAST_DAY and getattr(feeds()[feed].origin, "reconcile", None):
            phases.append(RECONCILE)
        failures = []
        for phase in phases:
            try:
                self.stack.run(feed, phase, f"{self.name}/{day.replace(' ', '_')}")
            except JobError as error:
                failures.append(error)
        return failures

    def settle_events(self) -> None:
        """Wait until the function receives no more events; files whose events are lost are found by the listings."""
        database, deadline, seen, since = self.stack.database, time.monotonic() + LONGEST_WAIT, -1, time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - since < QUIET_SECONDS:
            [row] = database.query("SELECT coalesce(sum(events_seen), 0) AS events FROM ledger.files")
            if row["events"] != seen:
                seen, since = row["events"], time.monotonic()
            time.sleep(0.2)
        database.engine.dispose()


def main() -> int:
    """Run the demo; return 0 if nothing is lost or duplicated. An expected error is printed as one line."""
    # SIGTERM unwinds the demo like an interrupt, so that no process is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=180) if not sys.stdout.isatty() else Console()
    try:
        return _run(console)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except (EstrelaError, LocalAwsError) as error:
        console.print(f"[red]warehouse:[/] {error}", soft_wrap=True)
        return 1


def _run(console: Console) -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with ExitStack() as stack, console.status("starting PostgreSQL, the FTPS share and the local AWS"):
        dsn = stack.enter_context(postgres(HOME / "postgres"))
        served = stack.enter_context(share(HOME))
        aws = stack.enter_context(running(HOME / "aws", misdeliver=MISDELIVERY, seed=7))
        deployed = deploy_warehouse(aws, dsn, served.secret, PROJECT)
        again = deployed.database.query("SELECT count(*) AS files FROM ledger.files")[0]["files"]
        console.print(
            f"[bold]Estrela[/], the warehouse, after {time.monotonic() - started:.0f} s of set-up; its state is in "
            f".demo/warehouse{f', where {again} files were registered by earlier runs' if again else ''}"
        )
        demo = Demo(console, Company(), served.folder, deployed, f"demo-{again}")
        _play(demo)
        code = _report(demo)
        console.print(
            f"{time.monotonic() - started:.0f} s in all. estrela ledger explain FILE says what happened to a file."
        )
        return code


def _play(demo: Demo) -> None:
    """Play all days, and one more day without deliveries."""
    for day, name in enumerate((*(f"day {day}" for day in range(DAYS - 1)), LAST_DAY, "a day without new data")):
        started = time.monotonic()
        if day < DAYS:
            demo.deliver(day)
        demo.settle_events()
        failures = demo.load_day(name)
        demo.console.print(f"{name}: {time.monotonic() - started:.0f} s, {len(failures)} steps failed")
        for error in failures:
            demo.console.print(f"  {error.message}", soft_wrap=True, highlight=False)


def _report(demo: Demo) -> int:
    """Print the files, the account and the verdicts, and draw the dashboard; return the exit status."""
    database, console = demo.stack.database, demo.console
    for title, sql in (("Files", FILES), ("Account of rows: in = loaded + rejected", ACCOUNT)):
        rows = database.query(sql)
        names = list(rows[0]) if rows else ["none"]
        show_rows(console, title, names, [[_text(value) for value in row.values()] for row in rows])
    checks = verdicts(demo.stack, demo.company, DAYS)
    lines = [
        [check.feed, *map(str, (*check.loaded, *check.expected)), "yes" if check.is_right else "NO"] for check in checks
    ]
    columns = ["table", "rows", "total", "rows expected", "total expected", "equal"]
    show_rows(console, "Contents of the tables, and what the sources delivered", columns, lines)
    drawn = preview(marked(load(HERE / "warehouse")), Postgres(database), HOME / "warehouse.html")
    console.print(f"The dashboard of the files and the warehouse: {drawn.path}", soft_wrap=True)
    left = [database.query(sql)[0]["files"] for sql in (NOT_IN_BALANCE, UNSETTLED)]
    database.engine.dispose()
    if any(left) or not all(check.is_right for check in checks):
        console.print(f"[red]{left[0]} files lack rows, {left[1]} are not loaded and archived, or a table is wrong[/]")
        return 1
    console.print("[green]Every file is accounted for; no row is lost or loaded twice.[/]")
    return 0


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)[:90]


if __name__ == "__main__":
    sys.exit(main())
