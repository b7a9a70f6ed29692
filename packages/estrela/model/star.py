"""A star: all tables declared in the modules of one package below ``estrela.stars``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import ModuleType

from estrela.errors import DefinitionError
from estrela.model.column import require_distinct
from estrela.model.mart import Mart
from estrela.model.run_parameter import RunParameter
from estrela.model.source import Source
from estrela.model.table import Dimension, Fact

STARS = "estrela.stars"
"""The package that contains the stars. It is a name and not an import, because the stars import this package."""


@dataclass(frozen=True)
class Star:
    """The sources, dimensions, facts and marts of one star, each list in an order in which they can be built.

    ``doc`` is the docstring of the star's package, for the DAG and the documentation.
    """

    name: str
    sources: tuple[Source, ...]
    dimensions: tuple[Dimension, ...]
    facts: tuple[Fact, ...]
    marts: tuple[Mart, ...]
    doc: str = ""

    @property
    def tables(self) -> tuple[Dimension | Fact, ...]:
        """Dimensions, then facts."""
        return (*self.dimensions, *self.facts)

    @property
    def is_sensitive(self) -> bool:
        """Return whether any source or table has a sensitive column."""
        return any(declaration.is_sensitive for declaration in (*self.sources, *self.tables))

    @property
    def raw_names(self) -> tuple[str, ...]:
        """Names of the sources in the raw layer; sources may share one."""
        return tuple(dict.fromkeys(source.raw_name for source in self.sources))

    @property
    def entities(self) -> tuple[str, ...]:
        """Groups of sources that are extracted together, prerequisites first."""
        return tuple(dict.fromkeys(source.entity for source in self.sources))

    @property
    def run_parameters(self) -> tuple[RunParameter, ...]:
        """Parameters that may limit a run, in the order of the sources."""
        return tuple(dict.fromkeys(parameter for source in self.sources for parameter in source.run_parameters))

    def sources_of(self, entity: str) -> tuple[Source, ...]:
        """Return the sources of an entity. Raises DefinitionError if the entity does not exist."""
        sources = tuple(source for source in self.sources if source.entity == entity)
        if not sources:
            raise DefinitionError(f"Star({self.name!r})", f"has no entity {entity!r}", self.entities)
        return sources


def star_names() -> list[str]:
    """Return the names of the packages below ``estrela.stars``, each of which declares a star."""
    stars = importlib.import_module(STARS)
    return sorted(module.name for module in pkgutil.iter_modules(stars.__path__) if module.ispkg)


def load(name: str) -> Star:
    """Return the star declared in ``estrela.stars.<name>``. Raises DefinitionError if its declarations conflict."""
    known = star_names()
    if name not in known:
        raise DefinitionError("Star", f"no star is called {name!r}", known)
    package = importlib.import_module(f"{STARS}.{name}")
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    declared = (value for module in modules for value in _declared(module))
    return assemble(name, declared, inspect.getdoc(package) or "")


def assemble(name: str, declared: Iterable[object], doc: str = "") -> Star:
    """Return the star of the ``declared`` objects and all that they refer to. Raises DefinitionError if two share a
    name.
    """
    declarations: dict[str, Source | Dimension | Fact | Mart] = {}
    waiting = list(declared)
    while waiting:
        declaration = waiting.pop(0)
        if not isinstance(declaration, Source | Dimension | Fact | Mart):
            continue
        if declarations.setdefault(declaration.name, declaration) is not declaration:
            raise DefinitionError(f"Star({name!r})", f"two declarations are called {declaration.name!r}")
        waiting += [other for other in _references(declaration) if other.name not in declarations]
    order = _ordered(name, declarations)
    star = Star(
        name,
        tuple(source for source in order if isinstance(source, Source)),
        tuple(dimension for dimension in order if isinstance(dimension, Dimension)),
        tuple(fact for fact in order if isinstance(fact, Fact)),
        tuple(mart for mart in order if isinstance(mart, Mart)),
        doc,
    )
    require_distinct(f"Star({name!r}), run parameters", [parameter.name for parameter in star.run_parameters])
    return star


def _declared(module: ModuleType) -> list[object]:
    return [value for _, value in sorted(vars(module).items()) if isinstance(value, Source | Dimension | Fact | Mart)]


def _references(declaration: Source | Dimension | Fact | Mart) -> tuple[Source | Dimension | Fact, ...]:
    if isinstance(declaration, Source):
        return declaration.needs
    if isinstance(declaration, Mart):
        return declaration.uses
    if isinstance(declaration, Dimension):
        return declaration.sources
    return (*declaration.sources, *(lookup.dimension for lookup in declaration.lookups))


def _ordered(
    name: str, declarations: dict[str, Source | Dimension | Fact | Mart]
) -> list[Source | Dimension | Fact | Mart]:
    graph = {key: sorted(other.name for other in _references(declarations[key])) for key in sorted(declarations)}
    try:
        return [declarations[key] for key in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise DefinitionError(
            f"Star({name!r})", f"declarations depend on each other in a cycle: {error.args[1]}"
        ) from None
