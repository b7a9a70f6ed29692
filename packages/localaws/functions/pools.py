"""Pools of warm environments: reused, created up to the concurrency limit, ended when idle."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from localaws.functions.environment import Environment
from localaws.functions.errors import LambdaError

IDLE_SECONDS = 300.0
_PAUSE = 5.0


@dataclass(frozen=True)
class PoolKey:
    """Version and revision: environments with the same key are interchangeable."""

    arn: str
    version: str
    revision: str


@dataclass
class _Pool:
    idle: list[Environment] = field(default_factory=list)
    retired: bool = False


class Pools:
    """Environments of all functions; ``limit`` is the account's concurrency limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._pools: defaultdict[PoolKey, _Pool] = defaultdict(_Pool)
        self._busy: Counter[str] = Counter()
        self._reserving: set[str] = set()
        self._all: set[Environment] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._reaper = threading.Thread(target=self._reap, name="idle functions", daemon=True)
        self._reaper.start()

    def acquire(
        self, key: PoolKey, reserved: int | None, unreserved: int, make: Callable[[], Environment]
    ) -> tuple[Environment, bool]:
        """Return an environment and whether it is new. Raises TooManyRequestsException.

        ``unreserved`` is the concurrency that functions without a reserved concurrency share.
        """
        with self._lock:
            self._check(key.arn, reserved, unreserved)
            pool = self._pools[key]
            while pool.idle:
                warm = pool.idle.pop()
                if warm.alive:
                    self._busy[key.arn] += 1
                    return warm, False
                self._all.discard(warm)
                threading.Thread(target=warm.close, daemon=True).start()
            self._busy[key.arn] += 1
        try:
            environment = make()
        except BaseException:
            with self._lock:
                self._busy[key.arn] -= 1
            raise
        with self._lock:
            self._all.add(environment)
        return environment, True

    def release(self, key: PoolKey, environment: Environment) -> None:
        """Return an environment to its pool. It is closed if its process ended or its version was replaced."""
        with self._lock:
            self._busy[key.arn] -= 1
            pool = self._pools[key]
            keep = environment.alive and not pool.retired and not self._stopped.is_set()
            if keep:
                environment.idle_since = time.monotonic()
                pool.idle.append(environment)
            else:
                self._all.discard(environment)
        if not keep:
            environment.close()

    def retire(self, arn: str, except_revisions: frozenset[str] = frozenset()) -> None:
        """End the idle environments of a function's replaced revisions; busy ones end after their invocation."""
        ended = []
        with self._lock:
            for key, pool in self._pools.items():
                if key.arn == arn and key.revision not in except_revisions:
                    pool.retired = True
                    ended += pool.idle
                    pool.idle = []
            self._all.difference_update(ended)
        for environment in ended:
            environment.close()

    def busy(self, arn: str) -> int:
        """Return the number of running invocations."""
        return self._busy[arn]

    def stop(self) -> None:
        """End every environment, busy or not."""
        self._stopped.set()
        self._reaper.join()
        with self._lock:
            ended, self._all = self._all, set()
        for environment in ended:
            environment.close()

    def _check(self, arn: str, reserved: int | None, unreserved: int) -> None:
        if self._stopped.is_set():
            raise LambdaError("TooManyRequestsException", "Rate Exceeded.", "ConcurrentInvocationLimitExceeded")
        if reserved is None:
            self._reserving.discard(arn)
            busy = sum(number for name, number in self._busy.items() if name not in self._reserving)
            if busy >= unreserved:
                raise LambdaError("TooManyRequestsException", "Rate Exceeded.", "ConcurrentInvocationLimitExceeded")
            return
        self._reserving.add(arn)
        if self._busy[arn] >= reserved:
            reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
            raise LambdaError("TooManyRequestsException", "Rate Exceeded.", reason)

    def _reap(self) -> None:
        while not self._stopped.wait(_PAUSE):
            ended = []
            with self._lock:
                now = time.monotonic()
                for key, pool in list(self._pools.items()):
                    old = [warm for warm in pool.idle if now - warm.idle_since > IDLE_SECONDS or not warm.alive]
                    pool.idle = [warm for warm in pool.idle if warm not in old]
                    ended += old
                    if pool.retired and not pool.idle and not self._busy[key.arn]:
                        del self._pools[key]
                self._all.difference_update(ended)
            for environment in ended:
                environment.close()
