"""The files of the shop: comma-separated UTF-8 with a header, one object per day, in keys below its landing folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from random import Random

from retail_files.shop import CATEGORIES, CITIES, KINDS, SEGMENTS, Shop

ORDER_LINES = ("order_date", "order", "line", "customer", "product", "channel", "quantity", "unit_price", "discount")
CUSTOMERS = ("customer", "segment", "city", "country")
PRODUCTS = ("product", "name", "category", "list_price")
ANONYMOUS = 0.03
"""Share of the orders without a known customer."""
RETURNED = 0.02
"""Share of the lines that were returned."""
MOVED_PER_DAY = 0.01
"""Share of the customers that change segment or city per day."""


def files(shop: Shop) -> Iterator[tuple[str, bytes]]:
    """Yield the key and the content of every file of the shop."""
    yield "products/products.csv", _csv(PRODUCTS, _products(shop))
    for day in shop.all_days:
        changed = list(_customers(shop, day))
        if changed:
            yield f"customers/{day}.csv", _csv(CUSTOMERS, changed)
        yield f"order_lines/{day}.csv", _csv(ORDER_LINES, _order_lines(shop, day))


def _products(shop: Shop) -> Iterator[Sequence[object]]:
    for at in range(shop.products):
        category = CATEGORIES[at % len(CATEGORIES)]
        name = f"{KINDS[at % len(KINDS)]} {category} {at + 1}"
        yield _code(at), name, category, _cents(_list_price(shop, at))


def _customers(shop: Shop, day: date) -> Iterator[Sequence[object]]:
    """Yield all customers on the first day, and only changed ones on later days."""
    chance = Random(f"{shop.seed} customers {day}")
    for number in range(1, shop.customers + 1):
        if day == shop.first_day or chance.random() < MOVED_PER_DAY:
            yield f"{number:06}", chance.choice(SEGMENTS), *chance.choice(CITIES)


def _order_lines(shop: Shop, day: date) -> Iterator[Sequence[object]]:
    chance = Random(f"{shop.seed} orders {day}")
    first = (day - shop.first_day).days * shop.orders_per_day + 1
    for order in range(first, first + shop.orders_per_day):
        customer = "" if chance.random() < ANONYMOUS else f"{chance.randint(1, shop.customers):06}"
        channel = chance.choice(("store", "web"))
        for line in range(1, chance.randint(1, 4) + 1):
            product = chance.randrange(shop.products)
            quantity = chance.randint(1, 5) * (-1 if chance.random() < RETURNED else 1)
            price, discount = _cents(_list_price(shop, product)), _cents(chance.choice((0, 0, 5, 10, 25)))
            yield day, order, line, customer, _code(product), channel, quantity, price, discount


def _list_price(shop: Shop, product: int) -> int:
    """Return the price in cents."""
    return Random(f"{shop.seed} product {product}").randint(250, 9_999)


def _code(product: int) -> str:
    return f"P{product + 1:05}"


def _cents(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in (header, *rows)).encode()
