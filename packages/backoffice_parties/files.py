"""The files that parties deliver: card settlements, branches and exchange rates, valid or damaged."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator

from backoffice_parties.company import ACQUIRERS, CITIES, CURRENCIES, Company

SETTLEMENTS = "settlement_id,settled_on,merchant,card_number,amount,installments,disputed"
BAD_EVERY = 400
"""One of this many settlements has an invalid amount."""


def settlement_files(company: Company, day: int) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of the settlements of a day, one file per acquirer, with a few bad rows."""
    for at, acquirer in enumerate(ACQUIRERS):
        first = (day * len(ACQUIRERS) + at) * company.settlements + 1
        lines = [
            SETTLEMENTS,
            *(_settlement(company, number, day) for number in range(first, first + company.settlements)),
        ]
        content = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        yield f"card_settlements/{acquirer}_{company.day(day)}.csv.gz", content


def _settlement(company: Company, number: int, day: int) -> str:
    chance = company.random_for("settlement", number)
    amount = "pending" if number % BAD_EVERY == 0 else f"{chance.randint(100, 900_000) / 100:.2f}"
    merchant = f'"Padaria {chance.choice(CITIES)}, loja {chance.randint(1, 99)}"'
    card = f"{chance.randint(4 * 10**15, 5 * 10**15)}"
    disputed = "true" if chance.random() < 0.01 else "false"
    return f"{number},{company.day(day)},{merchant},{card},{amount},{chance.randint(1, 12)},{disputed}"


def branch_file(company: Company, day: int) -> tuple[str, bytes]:
    """Return key and content of the list of branches of a day; a new branch opens every day."""
    branches = [
        {
            "code": number,
            "name": f"Agência {number}",
            "city": company.random_for("branch", number).choice(CITIES),
            "opened": f"{number % 28 + 1:02}/03/2001",
        }
        for number in range(1, company.branches + day + 1)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo("branches.json", (1980, 1, 1, 0, 0, 0))
        archive.writestr(member, json.dumps({"branches": branches}, ensure_ascii=False))
    return f"branches/branches_{company.day(day):%Y%m%d}T060000.zip", packed.getvalue()


def rate_file(company: Company, day: int) -> tuple[str, bytes]:
    """Return name and content of the exchange rates of a day, for the FTPS share of another party."""
    date = company.day(day)
    chance = company.random_for("rates", day)
    rates = "".join(
        f"{date:%d/%m/%Y};{currency};{chance.randint(10_000, 70_000) / 10_000:.4f}\n".replace(".", ",")
        for currency in CURRENCIES
    )
    return f"rates_{date:%Y%m%d}.csv", f"Banco de exemplo\nCotações de fechamento\nData;Moeda;Taxa\n{rates}".encode()


def damaged(content: bytes) -> bytes:
    """Return the content truncated in the middle."""
    return content[: len(content) // 2]
