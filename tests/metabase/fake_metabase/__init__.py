"""A Metabase for tests: it keeps state and answers like the real one, with its pitfalls, and draws nothing."""

from fake_metabase.app import FakeMetabase
from fake_metabase.serving import serving
from fake_metabase.state import State

__all__ = ["FakeMetabase", "State", "serving"]
