"""The step that converts new files of a feed on trial, to find bad files before the target is touched."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import FileRefusedError, some_of
from estrela.etl.base import Figures
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import unpacked_rows
from estrela.etl.loaders.landed_claim import damage_refused, landed_of
from estrela.etl.transformer import Transformed, Transformer
from estrela.hooks.landed_files import GoneError, LandedFiles
from estrela.ledger.claims import Claim, Claims
from estrela.model.feed import Feed


@dataclass(frozen=True)
class TransformFeed(Transformer):
    """Reads every new file of ``feed`` completely, as the load does, and writes nothing.

    The load converts the rows again in its own stream, so that no intermediate file between source and transaction can
    be lost or loaded twice.
    """

    feed: Feed
    claims: Claims
    files: LandedFiles
    judge: Judge
    run_key: str

    def transform(self) -> Transformed:
        """Convert the files; return counts of files, rows and rejects, and the reason per unloadable file."""
        self.claims.filter_out(self.feed, self.run_key)
        read = rows = rejected = 0
        refused: dict[str, str] = {}
        for claim in self.claims.waiting(self.feed, self.run_key):
            try:
                good, bad = self._converted(claim)
            except GoneError:
                continue  # the load finds it gone, too, and filters it out
            except FileRefusedError as error:
                refused[claim.address] = error.reason
                continue
            read, rows, rejected = read + 1, rows + good + bad, rejected + bad
            if not self.feed.tolerance.allows(bad, good + bad):
                refused[claim.address] = f"{bad} of {good + bad} rows are bad, more than the feed tolerates"
        figures = {"feed": self.feed.name, "files": read, "rows_in": rows, "rows_rejected": rejected}
        return Transformed(figures, refused)

    def run(self) -> Figures:
        """Convert the files; return the counts. Raises FileRefusedError if a file cannot be loaded, and LoadError."""
        done = self.transform()
        if done.held_back:
            address, reason = next(iter(done.held_back.items()))
            others = [other for other in done.held_back if other != address]
            more = f"; also refused: {some_of(others)}" if others else ""
            raise FileRefusedError(self.feed.name, address, f"{reason}{more}")
        return done.figures

    def _converted(self, claim: Claim) -> tuple[int, int]:
        """Return the counts of good and bad rows."""
        good = bad = 0
        with (
            damage_refused(claim),
            self.files.open(landed_of(claim)) as body,
            unpacked_rows(body, self.judge, claim.address) as rows,
        ):
            for piece in rows.pieces(rows.wire(claim.file, 0)):
                good, bad = good + piece.rows, bad + len(piece.rejects)
        return good, bad
