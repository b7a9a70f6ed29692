"""Maintenance of snapshots, small files and orphans of the lake's tables and of the raw layer."""
