"""The four files of a day: UTF-8, comma-separated, with a header, LF, no newline at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random

from harvest_files.day import Day

FIRST_NAMES = ("Frida", "Fritz", "Zoë", "João", "Ana", "Łukasz", "Mia", "Noah")
LAST_NAMES = ("Müller", "Maier", "Sørensen", "da Silva", "O'Neill", "Nowak", "Rossi", "Öz")
HEADERS = {
    "clients": "record_id,first_name,last_name,client_reference,tax_free_allowance",
    "portfolios": "record_id,accout_number,portfolio_reference,client_reference,agent_code",
    "accounts": "record_id,account_number,cash_balance,currency,taxes_paid",
    "transactions": "record_id,account_number,transaction_reference,amount,keyword",
}
_PART = 1 << 20
"""Number of characters that are joined before encoding."""


def files(day: Day) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the key and the content, in parts, of each file."""
    for kind, rows in _rows(day).items():
        yield f"{day.external_client}/{kind}_{day.business_date}.csv", _parts(HEADERS[kind], rows)


def _rows(day: Day) -> Mapping[str, Iterable[str]]:
    wrong = _contradictions(day) if day.with_errors else {}
    tables = {
        "clients": _clients(day),
        "portfolios": _portfolios(day),
        "accounts": _accounts(day),
        "transactions": _transactions(day),
    }
    return {kind: _chained(rows, wrong.get(kind, ())) for kind, rows in tables.items()}


def _clients(day: Day) -> Iterator[str]:
    chance = Random(f"{day.seed} clients")
    for at in range(day.clients):
        allowance = chance.choice((0, 0, 801, 1602))
        yield f"{at + 1},{chance.choice(FIRST_NAMES)},{chance.choice(LAST_NAMES)},{_client(day, at)},{allowance}"


def _portfolios(day: Day) -> Iterator[str]:
    for at in range(day.portfolios):
        yield f"{at + 1},{_account(at)},{_portfolio(day, at)},{_client(day, at % day.clients)},AG{at % 7}"


def _accounts(day: Day) -> Iterator[str]:
    chance = Random(f"{day.seed} accounts {day.correction}")
    taxes = _taxes(day)
    for at in range(day.portfolios):
        cash = _cents(chance.randint(-10_000, 5_000_000))
        yield f"{at + 1},{_account(at)},{cash},EUR,{_cents(taxes.get(at, 0))}"


def _transactions(day: Day) -> Iterator[str]:
    chance = Random(f"{day.seed} transactions {day.correction}")
    for at in range(day.transactions):
        is_tax = at % 10 == 0
        cents = chance.randint(1, 100_000)
        amount = _cents(-cents if is_tax else cents)
        yield f"{at + 1},{_account(at % day.portfolios)},t{at:x},{amount},{'TAX' if is_tax else 'DEPOSIT'}"


def _taxes(day: Day) -> dict[int, int]:
    """Return the sum in cents of each account's TAX transactions, so that the files agree."""
    chance = Random(f"{day.seed} transactions {day.correction}")
    paid: dict[int, int] = {}
    for at in range(day.transactions):
        cents = chance.randint(1, 100_000)
        if at % 10 == 0:
            account = at % day.portfolios
            paid[account] = paid.get(account, 0) + cents
    return paid


def _contradictions(day: Day) -> dict[str, tuple[str, ...]]:
    """Return rows with faults: unknown client and account, shared account, no portfolio, bad number, repeated key."""
    client, n = _client(day, 0), day.portfolios
    return {
        "clients": (f"x1,No,Portfolio,{day.external_client}-alone,5",),
        "portfolios": (
            f"x1,{_account(n)},{_portfolio(day, n)},nobody,AG1",
            f"x2,missing,{_portfolio(day, n + 1)},{client},AG1",
            f"x3,{_account(1)},{_portfolio(day, n + 2)},{_client(day, 2 % day.clients)},AG1",
            f"x4,{_account(n + 1)},{_portfolio(day, n + 3)},{client},AG1",
        ),
        "accounts": (f"x1,{_account(n)},1.00,EUR,0.00", f"x2,{_account(n + 1)},2.00,CHF,3.00", "x3,bad,1,EUR,0,9"),
        "transactions": (
            "x1,unknown,u1,1.00,DEPOSIT",
            f"x2,{_account(0)},u2,much,DEPOSIT",
            f"x3,{_account(0)},u3,1.00,GIFT",
            f"x4,{_account(0)},t0,1.00,DEPOSIT",
        ),
    }


def _client(day: Day, at: int) -> str:
    return f"{day.external_client}-c{at}"


def _portfolio(day: Day, at: int) -> str:
    return f"{day.external_client}-p{at}"


def _account(at: int) -> str:
    return str(12_345_678 + at)


def _cents(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02}"


def _chained(rows: Iterable[str], more: Iterable[str]) -> Iterator[str]:
    yield from rows
    yield from more


def _parts(header: str, rows: Iterable[str]) -> Iterator[bytes]:
    waiting, length = [header], len(header)
    for row in rows:
        waiting.append("\n" + row)
        length += len(row) + 1
        if length > _PART:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    yield "".join(waiting).encode()
