"""The order of stages, derived from the flags that transformers need and set."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter

from dataharvest.model.kind import KINDS
from dataharvest.model.transformer import Transformer, Value
from estrela.errors import DefinitionError

TRANSFORMERS = "dataharvest.transformers"
"""The package that contains the declarations. It is a name and not an import, because they import this package."""
CATAPULT = "catapult"
ANNOUNCER = "announcer"
"""Stage that announces the portfolios of a large delivery, one event per portfolio, to transformers with a stream."""
MESSAGES_SENT = "messages_sent"
BY_PORTFOLIO = "by_portfolio"
"""Attribute of the item of a large delivery, whose portfolios are announced."""
KIND_FLAGS = tuple(kind.flag for kind in KINDS)

Image = Mapping[str, object]
"""An item of the metastore, with its flags and version."""


@dataclass(frozen=True)
class Stage:
    """A stage that processes a delivery when all flags that it ``needs`` are set and its own ``flag`` is not.

    ``by_portfolio`` selects the deliveries: True for large ones, False for the others, None for all.
    """

    name: str
    needs: tuple[str, ...]
    flag: str
    by_portfolio: bool | None = None

    def starts(self, old: Image | None, new: Image) -> bool:
        """Return whether a change of the item makes the stage ready.

        A later write to an item that was already ready does not; the first write of a new version may.
        """
        was_ready = old is not None and old.get("version") == new.get("version") and self._is_ready(old)
        return self._is_ready(new) and not was_ready

    def _is_ready(self, item: Image) -> bool:
        is_its_own = self.by_portfolio in (None, item.get(BY_PORTFOLIO, False))
        return is_its_own and self.flag not in item and all(item.get(flag) is True for flag in self.needs)


@dataclass(frozen=True)
class Choreography:
    """All transformers, prerequisites first, and the catapult, which needs the flags of all of them."""

    transformers: tuple[Transformer, ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Transformers in order, then the catapult."""
        derived = tuple(transformer.flag for transformer in self.transformers)
        transformers = (
            Stage(
                transformer.name,
                transformer.needs,
                transformer.flag,
                by_portfolio=False if transformer.stream else None,
            )
            for transformer in self.transformers
        )
        return (*transformers, Stage(CATAPULT, derived or KIND_FLAGS, MESSAGES_SENT))

    @property
    def streamed(self) -> tuple[Transformer, ...]:
        """Transformers that calculate a large delivery in batches of portfolios."""
        return tuple(transformer for transformer in self.transformers if transformer.stream)

    def is_before_streams(self, transformer: Transformer) -> bool:
        """Return whether a transformer with a stream needs the flag of this one."""
        return any(transformer.flag in other.needs for other in self.streamed)

    @property
    def announcer(self) -> tuple[Stage, ...]:
        """The stage that announces the portfolios of large deliveries, if a transformer has a stream."""
        needs = dict.fromkeys(flag for transformer in self.streamed for flag in transformer.needs)
        return (Stage(ANNOUNCER, tuple(needs), MESSAGES_SENT, by_portfolio=True),) if needs else ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of a delivery, in the order in which they are set."""
        return (*KIND_FLAGS, *(stage.flag for stage in self.stages))

    @property
    def values(self) -> tuple[Value, ...]:
        """Fields that transformers add to messages."""
        return tuple(value for transformer in self.transformers for value in transformer.values)

    def transformer(self, name: str) -> Transformer:
        """Return the transformer ``name``. Raises DefinitionError if it does not exist."""
        for transformer in self.transformers:
            if transformer.name == name:
                return transformer
        known = [transformer.name for transformer in self.transformers]
        raise DefinitionError("Choreography", f"no transformer is called {name!r}", known)


@cache
def choreography() -> Choreography:
    """Return the choreography of all declared transformers. Raises DefinitionError if declarations conflict."""
    package = importlib.import_module(TRANSFORMERS)
    modules = [
        importlib.import_module(f"{TRANSFORMERS}.{module.name}") for module in pkgutil.iter_modules(package.__path__)
    ]
    return assemble(value for module in modules for value in vars(module).values() if isinstance(value, Transformer))


def assemble(declared: Iterable[Transformer]) -> Choreography:
    """Order transformers by their flags.

    Raises DefinitionError if two share a name, flag or field, if no transformer sets a needed flag, or if there is a
    cycle of needs.
    """
    transformers = sorted(declared, key=lambda transformer: transformer.name)
    _require_distinct("are called", [transformer.name for transformer in transformers])
    _require_distinct("set the flag", [*KIND_FLAGS, MESSAGES_SENT, *(transformer.flag for transformer in transformers)])
    _require_distinct("have the stream", [transformer.stream for transformer in transformers if transformer.stream])
    values = [value for transformer in transformers for value in transformer.values]
    _require_distinct("add the field", [f"{value.level}.{value.field}" for value in values])
    by_flag = {transformer.flag: transformer for transformer in transformers}
    for transformer in transformers:
        unset = [flag for flag in transformer.needs if flag not in (*KIND_FLAGS, *by_flag)]
        if unset:
            problem = f"needs the flag {unset[0]!r}, which nothing sets"
            raise DefinitionError(f"Transformer({transformer.name!r})", problem, (*KIND_FLAGS, *by_flag))
    graph = {flag: set(transformer.needs) for flag, transformer in by_flag.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise DefinitionError("Choreography", f"transformers depend on each other in a cycle: {cycle}") from None
    return Choreography(tuple(by_flag[flag] for flag in order if flag in by_flag))


def _require_distinct(what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise DefinitionError("Choreography", f"{count} declarations {what} {name!r}")
