"""Operations of AWS Backup that moto lacks: selections and restore tests are returned as set, vaults are empty."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.exceptions import AlreadyExistsException, ResourceNotFoundException
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult

_PLAN, _SELECTION = "RestoreTestingPlan", "RestoreTestingSelection"
_PATHS = (
    "{0}/restore-testing/plans/?$",
    "{0}/restore-testing/plans/(?P<rest>.+)$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points$",
)
_SELECTIONS = "/selections"
_HOURS_OF_START = 24
Kept = dict[str, Any]


class BackupOperations(BackupResponse):
    """Backup plans with their selections, and restore testing plans with theirs."""

    def create_backup_selection(self) -> ActionResult:
        """CreateBackupSelection."""
        plan = self._plan_id()
        selection = {
            "BackupPlanId": plan,
            "SelectionId": str(uuid.uuid4()),
            "CreationDate": time.time(),
            "BackupSelection": self._body("BackupSelection"),
        }
        self._selections(plan)[selection["SelectionId"]] = selection
        return ActionResult({name: selection[name] for name in ("BackupPlanId", "SelectionId", "CreationDate")})

    def get_backup_selection(self) -> ActionResult:
        """GetBackupSelection."""
        return ActionResult(_found(self._selections(self._plan_id()), self._last(), "selection"))

    def delete_backup_selection(self) -> EmptyResult:
        """DeleteBackupSelection."""
        _found(self._selections(self._plan_id()), self._last(), "selection")
        del self._selections(self._plan_id())[self._last()]
        return EmptyResult()

    def list_backup_selections(self) -> ActionResult:
        """ListBackupSelections."""
        selections = self._selections(self._plan_id()).values()
        return ActionResult(
            {"BackupSelectionsList": [{**selection, **selection["BackupSelection"]} for selection in selections]}
        )

    def create_restore_testing_plan(self) -> ActionResult:
        """CreateRestoreTestingPlan, with its tags."""
        given = self._body(_PLAN)
        name = given[f"{_PLAN}Name"]
        if name in self._plans():
            raise AlreadyExistsException(f"Restore testing plan {name} already exists")
        place = f"{self.region}:{self.current_account}"
        arn = f"arn:{self.partition}:backup:{place}:restore-testing-plan:{name}-{uuid.uuid4()}"
        defaults = {"ScheduleExpressionTimezone": "Etc/UTC", "StartWindowHours": _HOURS_OF_START}
        self._plans()[name] = {
            _PLAN: {**defaults, **given, "CreationTime": time.time(), f"{_PLAN}Arn": arn},
            "selections": {},
        }
        self.backup_backend.tag_resource(arn, self._body("Tags", {}))
        return self._summary()

    def get_restore_testing_plan(self) -> ActionResult:
        """GetRestoreTestingPlan."""
        return ActionResult({_PLAN: self._plan()[_PLAN]})

    def update_restore_testing_plan(self) -> ActionResult:
        """UpdateRestoreTestingPlan: fields that are not given keep their values."""
        self._plan()[_PLAN].update(self._body(_PLAN))
        return self._summary()

    def delete_restore_testing_plan(self) -> EmptyResult:
        """DeleteRestoreTestingPlan, with its selections."""
        self._plan()
        del self._plans()[self._plan_name()]
        return EmptyResult()

    def create_restore_testing_selection(self) -> ActionResult:
        """CreateRestoreTestingSelection."""
        given = self._body(_SELECTION)
        name = given[f"{_SELECTION}Name"]
        selection = {**given, "RestoreTestingPlanName": self._plan_name(), "CreationTime": time.time()}
        self._plan()["selections"][name] = selection
        return self._summary(selection)

    def get_restore_testing_selection(self) -> ActionResult:
        """GetRestoreTestingSelection."""
        return ActionResult({_SELECTION: _found(self._plan()["selections"], self._last(), "restore testing selection")})

    def update_restore_testing_selection(self) -> ActionResult:
        """UpdateRestoreTestingSelection: fields that are not given keep their values."""
        selection = _found(self._plan()["selections"], self._last(), "restore testing selection")
        selection.update(self._body(_SELECTION))
        return self._summary(selection)

    def delete_restore_testing_selection(self) -> EmptyResult:
        """DeleteRestoreTestingSelection."""
        _found(self._plan()["selections"], self._last(), "restore testing selection")
        del self._plan()["selections"][self._last()]
        return EmptyResult()

    def list_restore_testing_selections(self) -> ActionResult:
        """ListRestoreTestingSelections."""
        return ActionResult({f"{_SELECTION}s": list(self._plan()["selections"].values())})

    def list_recovery_points_by_backup_vault(self) -> ActionResult:
        """ListRecoveryPointsByBackupVault: there are none, because nothing is backed up."""
        vault = self.path.partition("/backup-vaults/")[2].partition("/")[0]
        _found(self.backup_backend.vaults, unquote(vault), "backup vault")
        return ActionResult({"RecoveryPoints": []})

    def list_tags(self) -> ActionResult:
        """ListTags. Clients in Go end the path without a slash, for which moto would list no tags."""
        return ActionResult({"Tags": self.backup_backend.list_tags(unquote(self._last()))})

    def _summary(self, selection: Kept | None = None) -> ActionResult:
        plan = self._plans()[self._body(_PLAN, {}).get(f"{_PLAN}Name") or self._plan_name()][_PLAN]
        return ActionResult({**plan, **(selection or {}), "UpdateTime": time.time()})

    def _body(self, name: str, default: Any = None) -> Any:
        return json.loads(self.body or "{}").get(name, default)

    def _last(self) -> str:
        return str(self.path.rstrip("/").rpartition("/")[2])

    def _plan_id(self) -> str:
        plan = str(self.path.partition("/plans/")[2].partition("/")[0])
        self.backup_backend.get_backup_plan(plan, None)  # raises the error of one that is not there
        return plan

    def _plan_name(self) -> str:
        return str(self.path.partition("/plans/")[2].partition("/")[0])

    def _plan(self) -> Kept:
        return _found(self._plans(), self._plan_name(), "restore testing plan")

    def _plans(self) -> dict[str, Kept]:
        backend: Any = self.backup_backend
        plans: dict[str, Kept] = vars(backend).setdefault("restore_testing_plans", {})
        return plans

    def _selections(self, plan: str) -> dict[str, Kept]:
        backend: Any = self.backup_backend
        selections: dict[str, dict[str, Kept]] = vars(backend).setdefault("selections", {})
        return selections.setdefault(plan, {})


def _found(kept: dict[str, Kept], name: str, kind: str) -> Kept:
    if name not in kept:
        raise ResourceNotFoundException(f"Cannot find {kind} {name}")
    return kept[name]


def install() -> None:
    """Make moto answer with these operations. Call this before the first request of the process."""
    dispatch = BackupOperations().dispatch
    for path in (*urls.url_paths, *_PATHS):
        urls.url_paths[path] = dispatch
