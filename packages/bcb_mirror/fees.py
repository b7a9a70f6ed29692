"""The fees of a synthetic world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from random import Random

from bcb_mirror.services import SERVICES, Service
from bcb_mirror.world import Record

_OLDEST, _NEWEST = date(1996, 7, 25), date(2026, 6, 30)
_SPELLINGS = {
    "por operacao": ("por operacao", "Por Operação", "por operação", "Por operação"),
    "por cheque": ("por cheque", "por cheque", "por cheque", "Por Cheque"),
    "por cliente": ("por cliente", "por cliente", "Por cliente"),
}
_PERIODS = (0, 30, 180, 360, 365, 90, 60, 1)
HIGHEST = 99_999.99


def fees_of(seed: int, person: str, cnpj: str) -> list[Record]:
    """Return the fee list of one institution: a fifth of the lists are empty, and a few have every service at 0."""
    random = Random(f"{seed}:fees:{person}:{cnpj}")  # noqa: S311
    services = [service for service in SERVICES if service.person == person]
    if random.random() < 0.23:
        return []
    share = 0.81 * random.random() ** 1.2 if person == "J" else 0.65 * random.random() ** 1.6
    chosen = [service for service in services if random.random() < share] or services[:1]
    if random.random() < 0.03:
        return [_record(random, service, free=1.0) for service in services[: 10 + len(chosen)][:66]]
    return [_record(random, service, free=0.23) for service in chosen[:66]]


def values_of(person: str, lists: Iterable[Sequence[Record]]) -> list[Record]:
    """Return minimum, mean and maximum per service over the fee lists of a group's members."""
    listed: dict[str, list[Record]] = {}
    for fees in lists:
        for fee in fees:
            listed.setdefault(str(fee["CodigoServico"]), []).append(fee)
    names = {service.code: service.name for service in SERVICES}
    return [_value(names.get(code, str(fees[0]["Servico"])), fees) for code, fees in sorted(listed.items())]


def _value(name: str, fees: Sequence[Record]) -> Record:
    ordered = sorted(fees, key=_ceiling)
    return {
        "NomeServico": name,
        "ValorMinimo": _ceiling(ordered[0]),
        "PeriodicidadeValorMinimo": ordered[0]["Periodicidade"],
        "ValorMaximo": _ceiling(ordered[-1]),
        "PeriodicidadeValorMaximo": ordered[-1]["Periodicidade"],
        "ValorMedio": round(sum(map(_ceiling, fees)) / len(fees), 2),
    }


def _ceiling(fee: Record) -> float:
    value = fee["ValorMaximo"]
    assert isinstance(value, int | float)
    return float(value)


def _record(random: Random, service: Service, free: float) -> Record:
    percentage = random.random() < 0.05
    return {
        "CodigoServico": service.code,
        "Servico": service.name,
        "Unidade": random.choice(_SPELLINGS.get(service.unit, (service.unit,))),
        "DataVigencia": _date(random).isoformat(),
        "ValorMaximo": 0.0 if random.random() < free else _amount(random, service, percentage),
        "TipoValor": "Percentual" if percentage else "Real",
        "Periodicidade": _period(random, service),
    }


def _amount(random: Random, service: Service, percentage: bool) -> float:
    if percentage:
        return float(random.choice((1, 2, 3, 5, 10)))
    amount = max(1, round(service.usual * random.lognormvariate(0, 0.6)))
    if random.random() < 0.004:
        return HIGHEST
    return min(HIGHEST, amount + random.choice((0.5, 0.9, 0.25, 0.75)) if random.random() < 0.1 else float(amount))


def _period(random: Random, service: Service) -> str:
    if service.period == "Por evento":
        return "Por evento" if random.random() < 0.97 else "A cada 0 dias"
    return f"A cada {random.choice(_PERIODS)} dias" if random.random() < 0.8 else service.period


def _date(random: Random) -> date:
    """Return a random date, mostly within the last years."""
    days = int((_NEWEST - _OLDEST).days * (1 - random.random() ** 3))
    return _OLDEST + timedelta(days=days)
