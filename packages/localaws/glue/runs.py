"""Job runs: start, watch, stop, retry."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

from moto.glue.exceptions import ConcurrentRunsExceededException

from localaws.glue.errors import PreparationError
from localaws.glue.job_process.supervisor import kill_run
from localaws.glue.job_run import JobRun, Key, RunHistory, new_run_id
from localaws.glue.preparation import Preparation
from localaws.glue.process import JobProcess
from localaws.glue.run_logs import RunLogs
from localaws.glue.warm_pool import WarmPool
from localaws.home import Home
from localaws.moto_state import StateNotSavedError
from localaws.s3.errors import is_disk_full
from localaws.settings import Settings

_log = logging.getLogger(__name__)
_SERVER_STOPPED = "the localaws server stopped while the run was active"
_SERVER_DIED = "the localaws server ended while the run was active; its processes were ended with it"
_DISK_FULL = "the disk with the home folder is full; free some space and start the run again"
_PAUSE = 1.0


class Runs:
    """The threads and processes of the runs of one home. Their records are in ``history``."""

    def __init__(self, settings: Settings, home: Home, preparation: Preparation, keep_logs: Callable[[], None]) -> None:
        self._settings = settings
        self.history = RunHistory(home.runs)
        self._preparation = preparation
        self._keep_logs = keep_logs
        self._pool = WarmPool(
            settings.warm,
            home.runs,
            self._preparation.start_warm,
            lambda: bool(self.history.active()),
            self._preparation.make_archive,
        )
        self._processes: dict[str, JobProcess] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.RLock()
        self._stopping = False

    def start(self) -> None:
        """Load the history; runs that an earlier server left active are killed and end as FAILED."""
        for folder in self.history.unused_folders():
            kill_run(folder.name)
            shutil.rmtree(folder)
        self.history.load()
        for run in self.history.active():
            kill_run(run.job_run_id)
            self.history.clean(run)
            self.history.end(run, "FAILED", _SERVER_DIED)
        self._pool.start()

    def stop(self) -> None:
        """End every active run and every waiting process."""
        with self._lock:
            self._stopping = True
        self._pool.stop()
        for run in self.history.active():
            self.stop_run(run.key, run.job_run_id)
        for thread in self._threads:
            thread.join()

    def begin(self, key: Key, settings: dict[str, Any], previous_run_id: str, queue: bool) -> str:
        """Start a run and return its ID.

        If the job has as many runs as it allows, the run waits (``queue``) or ConcurrentRunsExceededException is
        raised.
        """
        with self._lock:
            account, region, name = key
            run = JobRun(new_run_id(), name, account, region, settings, previous_run_id=previous_run_id)
            active = sum(other.state != "WAITING" and other.active for other in self.history.of_job(key))
            if active >= run.max_concurrent_runs:
                if not queue:
                    raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {name}")
                run.state = "WAITING"
                self.history.add(run)
            else:
                self._begin_now(run)
            return run.job_run_id

    def stop_run(self, key: Key, run_id: str) -> dict[str, str] | None:
        """Begin to stop a run; return the reason if it cannot be stopped, as Glue's ErrorDetail, else None."""
        with self._lock:
            run = self.history.find(key, run_id)
            if not run:
                return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Job run {run_id} not found."}
            if run.state == "WAITING":
                self.history.end(run, "STOPPED", "")
            elif run.state in ("STARTING", "RUNNING"):
                self.history.change(run, "STOPPING")
                if process := self._processes.get(run_id):
                    threading.Thread(target=process.stop, name=f"stop {run_id}", daemon=True).start()
            elif run.state != "STOPPING":
                message = f"Job run {run_id} is {run.state} and cannot be stopped."
                return {"ErrorCode": "JobRunInTerminalStateException", "ErrorMessage": message}
        return None

    def _begin_now(self, run: JobRun) -> None:
        """Start the run in a warm process if a suitable one is ready, and take its ID; otherwise in a new process."""
        warm = self._pool.take() if self._preparation.can_run_warm(run) else None
        if warm:
            run.job_run_id = warm.run_id
        try:
            self.history.add(run)
        except OSError:
            if warm:
                warm.stop()
            raise
        self._spawn(run, warm)

    def _spawn(self, run: JobRun, warm: JobProcess | None) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._live, args=(run, warm), name=run.job_run_id, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _live(self, run: JobRun, warm: JobProcess | None) -> None:
        try:
            state, message = self._run(run, warm)
        except PreparationError as error:
            state, message = "FAILED", str(error)
        except Exception as error:  # noqa: BLE001 - whatever happens, a run must end
            state, message = _unexpected(run, error)
        with self._lock:
            process = self._processes.pop(run.job_run_id, warm)
        if process and process.alive:
            process.stop()
        self.history.clean(run)
        with self._lock:
            if run.state == "STOPPING":
                state, message = ("FAILED", _SERVER_STOPPED) if self._stopping else ("STOPPED", "")
            is_written = self._end(run, state, message)
        while not is_written and not self._stopping:  # the disk is full: the end shows, and is kept once there is room
            time.sleep(_PAUSE)
            is_written = self.history.saved(run)
        with self._lock:
            if not self._stopping:
                self._retry(run)
                self._start_waiting(run.key)

    def _end(self, run: JobRun, state: str, message: str) -> bool:
        try:
            self.history.end(run, state, message)
        except OSError as error:
            _log.warning("the end of run %s (%s) is not written yet: %s", run.job_run_id, state, error)
            return False
        return True

    def _run(self, run: JobRun, warm: JobProcess | None) -> tuple[str, str]:
        folder = self.history.folder(run.job_run_id)
        order = self._preparation.order(run, folder)
        process = warm or self._preparation.start_cold(run, folder, order)
        with self._lock:
            self._processes[run.job_run_id] = process
            if run.state == "STOPPING":
                return "STOPPED", ""
            run.running_since = time.time()
            self.history.change(run, "RUNNING")
        process.order(order)
        files = {f"{run.log_group}/output": process.output, f"{run.log_group}/error": process.error}
        logs = RunLogs(run.account, run.region, run.job_run_id, files)
        try:
            status = process.wait(run.settings["Timeout"] * self._settings.glue_minute)
            if status is None:
                process.stop()
                return "TIMEOUT", ""
        finally:
            logs.close()
            self._try_to_keep_logs()
        return ("FAILED", process.failure_message(status)) if status else ("SUCCEEDED", "")

    def _try_to_keep_logs(self) -> None:
        """Store the log events; if the disk is full, only the server's memory and the run's own files keep them."""
        try:
            self._keep_logs()
        except (OSError, StateNotSavedError) as error:
            _log.warning("the log events of a run are not stored: %s", error)

    def _retry(self, run: JobRun) -> None:
        if run.state == "FAILED" and run.attempt < run.settings["MaxRetries"]:
            again = run.next_attempt()
            self.history.add(again)
            self._spawn(again, None)

    def _start_waiting(self, key: Key) -> None:
        runs = self.history.of_job(key)
        waiting = [run for run in runs if run.state == "WAITING"]
        active = sum(run.active for run in runs) - len(waiting)
        if waiting and active < waiting[-1].max_concurrent_runs:
            self.history.change(waiting[-1], "STARTING")
            self._spawn(waiting[-1], None)


def _unexpected(run: JobRun, error: Exception) -> tuple[str, str]:
    """State and message of a run that ended for a reason outside its script."""
    if is_disk_full(error):
        return "FAILED", f"Error Category: DISK_NO_SPACE_ERROR; {_DISK_FULL}"
    _log.error("run %s of job %s", run.job_run_id, run.job_name, exc_info=error)
    return "ERROR", f"localaws could not run the job: {type(error).__name__}: {error}"
