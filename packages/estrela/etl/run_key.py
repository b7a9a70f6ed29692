"""Run keys: the run that a step belongs to, and the name of its branch."""

from __future__ import annotations

import hashlib
import re

BRANCH_PREFIX = "run_"


def run_of(run_key: str) -> str:
    """Return the run of a key: ``<run>/<step>`` is the key of a step, a key without ``/`` is the key of a run."""
    return run_key.rpartition("/")[0] or run_key


def branch_of(run_key: str) -> str:
    """Return the branch of a step's run: letters and digits of the run's name, and a hash that makes it unique."""
    run = run_of(run_key)
    digest = hashlib.sha256(run.encode()).hexdigest()[:8]
    return f"{BRANCH_PREFIX}{re.sub(r'[^a-z0-9]+', '_', run.lower())[:40].strip('_')}_{digest}"


def is_run_branch(branch: str) -> bool:
    """Return whether a branch was created by a run."""
    return branch.startswith(BRANCH_PREFIX)
