"""The ledger's schema, migrated with Alembic."""
