"""The rollback step: switches readers back to an earlier release."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.base import ETLBase, Figures
from estrela.etl.releases.switch import Switch


@dataclass(frozen=True)
class RollBack(ETLBase):
    """Switches readers back to release ``number``; 0 means the release before the current one."""

    switch: Switch
    number: int = 0

    def run(self) -> Figures:
        """Roll back; report the release that readers see now. Raises SettingsError if there is no such release."""
        with self.switch.claim.held():
            return {"release": self.switch.roll_back(self.number).number}
