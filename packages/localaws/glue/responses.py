"""Glue operations that moto lacks or answers without doing anything."""

from __future__ import annotations

from moto.glue.responses import GlueResponse


class LocalGlueResponse(GlueResponse):
    """moto's Glue API, with job runs that run."""
