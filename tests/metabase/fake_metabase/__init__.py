"""A Metabase for tests: it keeps state and answers as the real one does, traps included, and draws nothing."""

from fake_metabase.app import FakeMetabase
from fake_metabase.serving import serving
from fake_metabase.state import State

__all__ = ["FakeMetabase", "State", "serving"]
