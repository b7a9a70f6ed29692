"""A folder of questions and dashboards, read and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from estrela.errors import DefinitionError
from estrela.model.star import Star
from estrela.model.star import load as load_star
from metabase.dashboard_file import read_dashboard
from metabase.fields import Fields
from metabase.incomplete import with_general_warning, with_warnings
from metabase.model import Dashboard, Engine, Question, Server, Site
from metabase.question_file import read_question, toml_fields
from metabase.template import NAME

HERE = Path(__file__).parent
FOLDER = HERE / "banking"
"""The commands' default for ``--folder``."""
OPERATIONS = HERE / "operations"
"""Questions and dashboards for every star; ``{star}`` in them is replaced by its name."""


def site_of(star: str) -> Site:
    """Return the site of a star, declared in the folder of its name; without a folder, only its operations pages."""
    own = HERE / star
    return load(own if (own / "site.toml").is_file() else OPERATIONS, star)


def load(folder: Path = FOLDER, star: str = "") -> Site:
    """Return the declarations in ``folder``: ``site.toml``, ``questions/*.sql``, ``dashboards/*.toml``.

    The questions and dashboards of operations are added for the star in ``site.toml``; their keys start with its name.
    ``star`` replaces ``{star}`` in ``site.toml``. Raises DefinitionError, with file and line, for the first
    contradiction.
    """
    fields = toml_fields("site.toml", _text(folder / "site.toml", "site.toml").replace("{star}", star))
    shown = fields.text("star", "")
    questions = [read_question(*declaration) for declaration in _declared(folder, shown, "questions", ".sql")]
    by_key = {question.key: question for question in questions}
    dashboards = [
        read_dashboard(*declaration, by_key) for declaration in _declared(folder, shown, "dashboards", ".toml")
    ]
    if shown:
        dashboards, added = _warned(load_star(shown), dashboards, by_key)
        questions += added
    _check_titles(questions)
    _check_titles(dashboards)
    return _site(fields, shown, tuple(questions), tuple(dashboards))


def _warned(
    star: Star, dashboards: Sequence[Dashboard], questions: Mapping[str, Question]
) -> tuple[list[Dashboard], list[Question]]:
    """Return the dashboards with warnings of incomplete periods added, and the questions of these warnings."""
    template = _text(OPERATIONS / "incomplete.sql", "operations/incomplete.sql")
    warned = [
        with_general_warning(star, dashboard, template)
        if dashboard.file.startswith(OPERATIONS.name)
        else with_warnings(star, dashboard, questions, template)
        for dashboard in dashboards
    ]
    added = {question.key: question for _, warnings in warned for question in warnings}
    return [dashboard for dashboard, _ in warned], list(added.values())


def _declared(folder: Path, star: str, kind: str, suffix: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, name for messages, and text of each file in the folder and in the operations of ``star``."""
    if folder != OPERATIONS:
        yield from _texts(folder / kind, suffix)
    if star:
        for key, name, text in _texts(OPERATIONS / kind, suffix):
            yield f"{star}_{key}", f"{OPERATIONS.name}/{name}", text.replace("{star}", star)


def _site(fields: Fields, star: str, questions: tuple[Question, ...], dashboards: tuple[Dashboard, ...]) -> Site:
    site = Site(
        star=star,
        engine=fields.choice("engine", get_args(Engine), "athena"),
        server=fields.choice("server", get_args(Server), "warehouse"),
        database=fields.text("database"),
        collection=fields.text("collection"),
        questions_collection=fields.text("questions_collection"),
        sandbox_collection=fields.text("sandbox_collection"),
        analysts=fields.text("analysts"),
        engineers=fields.text("engineers"),
        homepage=fields.text("homepage", ""),
        freshness=fields.text("freshness", ""),
        colors=_colors(fields),
        questions=questions,
        dashboards=dashboards,
    )
    fields.done()
    keys = [dashboard.key for dashboard in dashboards]
    if site.homepage and site.homepage not in keys:
        raise fields.error("homepage", f"there is no dashboard {site.homepage!r}", keys)
    known = [question.key for question in questions if question.chart in ("scalar", "trend")]
    if site.freshness and site.freshness not in known:
        raise fields.error("freshness", f"there is no tile {site.freshness!r}", known)
    if site.analysts == site.engineers:
        raise fields.error("engineers", f"analysts and engineers are both the group {site.analysts!r}")
    if site.collection == site.sandbox_collection:
        raise fields.error("sandbox_collection", f"{site.collection!r} is already the collection of the dashboards")
    return site


def _colors(fields: Fields) -> dict[str, str]:
    table = fields.subtable("colors")
    if table is None:
        return {}
    colors = {name: table.text(name) for name in table.table}
    for name, color in colors.items():
        if not re.fullmatch("#[0-9a-f]{6}", color):
            raise table.error(name, f"color {color!r} is not one such as #3b7dd8")
    return colors


def _texts(folder: Path, suffix: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, name for messages, and text of each file, sorted by name."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        name = f"{folder.name}/{path.name}"
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.suffix != suffix or not re.fullmatch(NAME, path.stem):
            raise DefinitionError(name, "is not a file of this folder", (f"lower_snake_case{suffix}",))
        yield path.stem, name, _text(path, name)
    if not paths:
        raise DefinitionError(folder.name, f"contains no {suffix} file")


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionError(name, f"is not UTF-8: byte {error.start}") from None
    except OSError as error:
        raise DefinitionError(name, f"cannot be read: {error.strerror}") from None


def _check_titles(declared: Sequence[Question] | Sequence[Dashboard]) -> None:
    seen: dict[str, str] = {}
    for declaration in declared:
        if declaration.title in seen:
            raise DefinitionError(
                declaration.file, f"title {declaration.title!r} is already that of {seen[declaration.title]}"
            )
        seen[declaration.title] = declaration.file
