"""Settings of one run of a feed, read once at its entry point before anything else is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import SettingsError
from estrela.model.feed import Feed
from estrela.model.feed_plan import FEED_PHASES
from estrela.model.feeds import found_feeds
from estrela.settings import BUCKET, RUN_KEY, matching, pairs

SECRET = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,512}")
A_BUCKET = "the name of an S3 bucket"
A_SECRET = "the name of a secret"  # noqa: S105 - says what is allowed
A_NAME, NAME = "a name of letters, digits, hyphens and underscores", re.compile(r"[A-Za-z0-9_-]{1,128}")
OPTIONAL: Mapping[str, tuple[re.Pattern[str], str]] = {
    "pii_secret": (SECRET, A_SECRET),
    "root_certificate": (re.compile(r"[\w./-]{1,512}"), "the path of a file of certificates"),
    "redshift_workgroup": (NAME, A_NAME),
    "redshift_cluster": (NAME, A_NAME),
    "redshift_database": (NAME, A_NAME),
    "redshift_secret_arn": (SECRET, "the ARN of a secret"),
    "redshift_role": (re.compile(r"default|arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]{1,512}"), "the ARN of a role"),
}
"""Arguments that only some feeds need, each with its pattern and a description."""


@dataclass(frozen=True)
class FeedSettings:
    """One run of a feed's step.

    ``run_key`` identifies the attempt; a retry attaches to it. ``landing`` and ``archive`` are buckets;
    ``warehouse_secret`` is the name of a secret; ``optional`` has the values of :data:`OPTIONAL`, "" if not given.
    :mod:`estrela.warehouse_places` explains them.
    """

    feed: Feed
    phase: str
    run_key: str
    landing: str
    archive: str
    warehouse_secret: str
    optional: Mapping[str, str]

    @property
    def title(self) -> str:
        """Name of the run's work, for messages."""
        return f"{self.phase} of feed {self.feed.name}"

    @property
    def environ(self) -> Mapping[str, str]:
        """The settings as environment variables of :mod:`estrela.warehouse_places`."""
        return {
            "ESTRELA_LANDING": self.landing,
            "ESTRELA_ARCHIVE": self.archive,
            "ESTRELA_WAREHOUSE_SECRET": self.warehouse_secret,
            **{f"ESTRELA_{name.upper()}": value for name, value in self.optional.items() if value},
        }


def is_of_feed(argv: Sequence[str]) -> bool:
    """Return whether the arguments of a run name a feed; otherwise they are those of a star."""
    return "feed" in pairs(argv)


def feed_settings_from(argv: Sequence[str]) -> FeedSettings:
    """Read ``--name value`` pairs, ignoring Glue's own. Raises SettingsError."""
    given, declarations = pairs(argv), found_feeds()
    name = given["feed"]
    if name in declarations.errors:
        raise SettingsError("--feed", f"the declaration of {name!r} cannot be read: {declarations.problems[name]}")
    if name not in declarations.feeds:
        raise SettingsError("--feed", f"no feed is called {name[:100]!r}; allowed: {', '.join(declarations.feeds)}")
    return FeedSettings(
        feed=declarations.feeds[name],
        phase=matching(given, "phase", re.compile("|".join(FEED_PHASES)), f"one of {', '.join(FEED_PHASES)}"),
        run_key=matching(given, "run_key", RUN_KEY, "1 to 400 printable ASCII characters without blanks"),
        landing=matching(given, "landing", BUCKET, A_BUCKET),
        archive=matching(given, "archive", BUCKET, A_BUCKET),
        warehouse_secret=matching(given, "warehouse_secret", SECRET, A_SECRET),
        optional={name: matching(given, name, *rule, "") for name, rule in OPTIONAL.items()},
    )
