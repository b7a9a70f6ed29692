"""The ledger's schema in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from estrela.hooks.migrations.schema import MigratedSchema

SCHEMA = MigratedSchema("ledger", Path(__file__).parent / "migrations" / "versions")
