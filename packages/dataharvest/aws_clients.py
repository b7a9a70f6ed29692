"""How functions call AWS."""

from __future__ import annotations

from botocore.config import Config

CLIENT = Config(user_agent="dataharvest", parameter_validation=False)
"""Configuration of the clients of functions. AWS validates all parameters too, and botocore puts its own description of
the process together for every request.
"""
