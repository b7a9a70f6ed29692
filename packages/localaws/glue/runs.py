"""Job runs: begun, watched to their end, stopped, tried again."""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from typing import Any

from moto.glue.exceptions import ConcurrentRunsExceededException

from localaws.glue.errors import PreparationError
from localaws.glue.job_process.supervisor import kill_run
from localaws.glue.job_run import JobRun, RunHistory, new_run_id
from localaws.glue.preparation import Preparation
from localaws.glue.process import JobProcess
from localaws.glue.run_logs import RunLogs
from localaws.glue.warm_pool import WarmPool
from localaws.home import Home
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

_log = logging.getLogger(__name__)
_KEPT = frozenset({"run.json", "output.log", "error.log", "script"})
_SERVER_STOPPED = "the localaws server stopped while the run was active"
_SERVER_DIED = "the localaws server ended while the run was active; its processes were ended with it"

Key = tuple[str, str, str]


class Runs:
    """The runs of one home; a job's key is (account, region, name)."""

    def __init__(self, settings: Settings, home: Home, store: ObjectStore, endpoint: str) -> None:
        self._settings = settings
        self._history = RunHistory(home.runs)
        self._preparation = Preparation(settings, home, store, endpoint)
        self._pool = WarmPool(settings.warm, home.runs, self._preparation.start_warm, self._any_active)
        self._runs: dict[str, JobRun] = {}
        self._processes: dict[str, JobProcess] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.RLock()
        self._stopping = False

    def start(self) -> None:
        """Load the history; a run that a dead server left active ends as FAILED, and so do its processes."""
        for folder in self._history.strays():
            kill_run(folder.name)
            shutil.rmtree(folder)
        for run in self._history.load():
            self._runs[run.job_run_id] = run
            if run.active:
                kill_run(run.job_run_id)
                self._end(run, "FAILED", _SERVER_DIED)
        self._pool.start()

    def stop(self) -> None:
        """End every active run and every waiting process."""
        with self._lock:
            self._stopping = True
            active = [run for run in self._runs.values() if run.active]
        self._pool.stop()
        for run in active:
            self.stop_run((run.account, run.region, run.job_name), run.job_run_id)
        for thread in self._threads:
            thread.join()

    def begin(self, key: Key, settings: dict[str, Any], previous_run_id: str, queue: bool) -> str:
        """Start a run and return its id; raise ConcurrentRunsExceededException unless it may ``queue``."""
        with self._lock:
            most = settings["ExecutionProperty"].get("MaxConcurrentRuns", 1)
            is_full = sum(run.active and run.state != "WAITING" for run in self.of_job(key)) >= most
            if is_full and not queue:
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {key[2]}")
            account, region, name = key
            run = JobRun(new_run_id(), name, account, region, settings, previous_run_id=previous_run_id)
            if is_full:
                run.state = "WAITING"
            warm = self._pool.take() if not is_full and self._preparation.can_run_warm(run) else None
            if warm:
                run.job_run_id = warm.run_id
            self._admit(run, warm)
            return run.job_run_id

    def find(self, key: Key, run_id: str) -> JobRun | None:
        run = self._runs.get(run_id)
        return run if run and (run.account, run.region, run.job_name) == key else None

    def of_job(self, key: Key) -> list[JobRun]:
        """The runs of a job, newest first."""
        with self._lock:
            runs = [run for run in self._runs.values() if (run.account, run.region, run.job_name) == key]
        return sorted(runs, key=lambda run: run.started_on, reverse=True)

    def stop_run(self, key: Key, run_id: str) -> dict[str, str] | None:
        """Begin to stop a run; why it cannot be stopped, as Glue's ErrorDetail, else None."""
        with self._lock:
            run = self.find(key, run_id)
            if not run:
                return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Job run {run_id} not found."}
            if run.state == "WAITING":
                self._end(run, "STOPPED", "")
            elif run.state in ("STARTING", "RUNNING"):
                self._change(run, "STOPPING")
                if process := self._processes.get(run_id):
                    threading.Thread(target=process.stop, name=f"stop {run_id}", daemon=True).start()
            elif run.state != "STOPPING":
                message = f"Job run {run_id} is {run.state} and cannot be stopped."
                return {"ErrorCode": "JobRunInTerminalStateException", "ErrorMessage": message}
        return None

    def _any_active(self) -> bool:
        with self._lock:
            return any(run.active for run in self._runs.values())

    def _admit(self, run: JobRun, warm: JobProcess | None = None) -> None:
        """Store a run, and give it a thread unless it waits."""
        self._history.save(run)
        self._runs[run.job_run_id] = run
        if run.state != "WAITING":
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
            _log.exception("run %s of job %s", run.job_run_id, run.job_name)
            state, message = "ERROR", f"localaws could not run the job: {type(error).__name__}: {error}"
        with self._lock:
            process = self._processes.pop(run.job_run_id, warm)
        if process and process.alive:
            process.stop()
        self._clean(run)
        with self._lock:
            if run.state == "STOPPING":
                state, message = ("FAILED", _SERVER_STOPPED) if self._stopping else ("STOPPED", "")
            self._end(run, state, message)
            if not self._stopping:
                self._retry(run)
                self._start_waiting((run.account, run.region, run.job_name))

    def _run(self, run: JobRun, warm: JobProcess | None) -> tuple[str, str]:
        folder = self._history.folder(run.job_run_id)
        order = self._preparation.order(run, folder)
        process = warm or self._preparation.start_cold(run, folder, order)
        with self._lock:
            self._processes[run.job_run_id] = process
            if run.state == "STOPPING":
                return "STOPPED", ""
            run.running_since = time.time()
            self._change(run, "RUNNING")
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
        return ("FAILED", process.failure_message(status)) if status else ("SUCCEEDED", "")

    def _change(self, run: JobRun, state: str) -> None:
        run.state = state
        run.last_modified_on = time.time()
        self._history.save(run)

    def _end(self, run: JobRun, state: str, message: str) -> None:
        run.error_message = message
        run.completed_on = time.time()
        self._change(run, state)

    def _retry(self, run: JobRun) -> None:
        """Glue's ids for further attempts: the first one's, then ``_attempt_1``, ``_attempt_2``, ..."""
        if run.state != "FAILED" or run.attempt >= run.settings["MaxRetries"]:
            return
        attempt = run.attempt + 1
        run_id = re.sub(r"_attempt_\d+$", "", run.job_run_id) + f"_attempt_{attempt}"
        again = JobRun(run_id, run.job_name, run.account, run.region, run.settings, attempt, run.job_run_id)
        self._admit(again)

    def _start_waiting(self, key: Key) -> None:
        runs = self.of_job(key)
        waiting = [run for run in runs if run.state == "WAITING"]
        active = sum(run.active for run in runs) - len(waiting)
        if waiting and active < waiting[-1].settings["ExecutionProperty"].get("MaxConcurrentRuns", 1):
            self._change(waiting[-1], "STARTING")
            self._spawn(waiting[-1], None)

    def _clean(self, run: JobRun) -> None:
        """The logs, the script and the record stay; what the run worked with goes."""
        for entry in self._history.folder(run.job_run_id).iterdir():
            if entry.name in _KEPT:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
