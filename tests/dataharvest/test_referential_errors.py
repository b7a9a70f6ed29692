"""Contradictions within a delivery: every message is sent with the known values, an error message reports the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harvest_world import World

CLIENTS = "record_id,first_name,last_name,client_reference,tax_free_allowance\n"
PORTFOLIOS = "record_id,account_number,portfolio_reference,client_reference,agent_code\n"
ACCOUNTS = "record_id,account_number,cash_balance,currency,taxes_paid\n"
TRANSACTIONS = "record_id,account_number,transaction_reference,amount,keyword\n"
GOOD = {
    "clients": CLIENTS + "1,Ann,A,c1,100\n2,Bob,B,c2,0\n",
    "portfolios": PORTFOLIOS + "1,a1,p1,c1,X\n2,a2,p2,c2,Y\n",
    "accounts": ACCOUNTS + "1,a1,10.00,EUR,0\n2,a2,20.00,EUR,5.50\n",
    "transactions": TRANSACTIONS + "1,a1,t1,1.10,DEPOSIT\n2,a1,t2,2.20,DEPOSIT\n3,a2,t1,-5.50,TAX\n",
}
C1, C2 = ("c1", "100", "0"), ("c2", "0", "5.50")
P1, P2 = ("p1", "10.00", 2, "3.30"), ("p2", "20.00", 1, "0")


@pytest.fixture(scope="module")
def shared(new_world: Callable[[], Any]) -> Iterator[World]:
    with new_world() as world:
        yield world


def result(world: World, client: str, **changed: str) -> tuple[list[object], list[object]]:
    """Deliver GOOD with some files ``changed``; return the values of the messages, and the errors."""
    sent = [message.body for message in world.deliver({**GOOD, **changed}, client)]
    values = [tuple(body.values())[1:] for body in sent if body["type"] != "error_message"]
    errors = [tuple(body.values())[1:] for body in sent if body["type"] == "error_message"]
    return values, sorted(errors, key=str)


@pytest.mark.parametrize(
    ("kind", "more", "values", "errors"),
    [
        ("portfolios", "3,a3,p3,c1,X\n", [C1, C2, P1, P2, ("p3", None, 0, "0")], [
            ("c1", "p3", "portfolios: account_number a3 is not in the accounts file of this date; the portfolio's cash "
             "balance is unknown (line 4)")]),
        ("portfolios", "3,a2,p3,c2,X\n", [C1, C2, P1, ("p2", None, None, None), ("p3", None, None, None)], [
            ("c2", "p2", "portfolios: account_number a2 belongs to several portfolios; its money is attributed to none "
             "of them (line 3)"),
            ("c2", "p3", "portfolios: account_number a2 belongs to several portfolios; its money is attributed to none "
             "of them (line 4)")]),
        ("portfolios", "3,a2,p3,c1,X\n",
         [("c1", "100", None), ("c2", "0", None), P1, ("p2", None, None, None), ("p3", None, None, None)], [
            ("c1", None, "accounts: account_number a2 belongs to several clients; the taxes paid of each of them are "
             "unknown"),
            ("c1", "p3", "portfolios: account_number a2 belongs to several portfolios; its money is attributed to none "
             "of them (line 4)"),
            ("c2", None, "accounts: account_number a2 belongs to several clients; the taxes paid of each of them are "
             "unknown"),
            ("c2", "p2", "portfolios: account_number a2 belongs to several portfolios; its money is attributed to none "
             "of them (line 3)")]),
        ("clients", "3,Cy,C,c3,7\n", [C1, C2, ("c3", "7", "0"), P1, P2], [
            ("c3", None, "clients: client_reference c3 has no portfolio; the taxes paid are 0 (line 4)")]),
        ("accounts", "3,a3,1,EUR,0\n", [C1, C2, P1, P2], [
            (None, None, "accounts: account_number a3 belongs to no portfolio; its money is in no message (line 4)")]),
        ("transactions", "4,a9,t1,1,DEPOSIT\n5,a9,t2,1,DEPOSIT\n", [C1, C2, P1, P2], [
            (None, None, "transactions: account_number a9 is not in the accounts file of this date (lines 5, 6)")]),
        ("transactions", "4,a1,t3,1,GIFT\n", [C1, C2, ("p1", "10.00", 3, "3.30"), P2], [
            (None, None, "transactions: keyword GIFT is not one of DEPOSIT, TAX; the transactions are counted (line "
             "5)")]),
        ("transactions", "4,a1,t3,-1,TAX\n", [C1, C2, ("p1", "10.00", 3, "3.30"), P2], [
            ("c1", "p1", "accounts: account_number a1 has TAX transactions that do not add up to its taxes paid "
             "(line 2)")]),
        ("transactions", "4,a1,t1,9,DEPOSIT\n", [C1, C2, P1, P2], [
            (None, None, "transactions: transaction_reference repeats the key of an earlier row, which is kept "
             "(line 5)")]),
        ("transactions", "4,a1,t3,9e,DEPOSIT\n5,a1,t4,NaN,DEPOSIT\n", [C1, C2, P1, P2], [
            (None, None, "transactions: amount is not a number with at most 18 digits before and 9 after the point "
             "(lines 5, 6)")]),
        ("transactions", "4,a1,t3\n", [C1, C2, P1, P2], [
            (None, None, "transactions: a record has 3 fields, but 5 are expected (line 5)")]),
        ("accounts", "3,a1,99,EUR,99\n", [C1, C2, P1, P2], [
            (None, None, "accounts: account_number repeats the key of an earlier row, which is kept (line 4)")]),
    ],
)  # fmt: skip
def test_a_referential_error_is_told_and_loses_nothing(
    shared: World, request: pytest.FixtureRequest, kind: str, more: str, values: object, errors: object
) -> None:
    client = f"c{abs(hash(request.node.name)) % 10**9}"
    assert result(shared, client, **{kind: GOOD[kind] + more}) == (values, sorted(errors, key=str))  # type: ignore[call-overload]


def test_two_currencies_have_no_common_sum(shared: World) -> None:
    outcome = result(
        shared, "currencies",
        portfolios=PORTFOLIOS + "1,a1,p1,c1,X\n2,a2,p2,c1,Y\n",
        accounts=GOOD["accounts"].replace("a2,20.00,EUR", "a2,20.00,CHF"),
        clients=CLIENTS + "1,Ann,A,c1,100\n",
    )  # fmt: skip
    assert outcome == (
        [("c1", "100", None), P1, P2],
        [("c1", None, "accounts: currency CHF and EUR are the currencies of one client's accounts; their taxes cannot "
          "be added up")],
    )  # fmt: skip


def test_a_portfolio_of_an_unknown_client_keeps_its_message(shared: World) -> None:
    assert result(shared, "unknown", clients=CLIENTS + "1,Ann,A,c1,100\n") == (
        [C1, P1, P2],
        [("c2", "p2", "portfolios: client_reference c2 is not in the clients file of this date (line 3)")],
    )


def test_a_client_with_one_bad_account_keeps_all_its_messages(shared: World) -> None:
    outcome = result(
        shared, "bad_account",
        portfolios=PORTFOLIOS + "1,a1,p1,c1,X\n2,a2,p2,c1,Y\n",
        accounts=GOOD["accounts"].replace("a1,10.00", "a1,ten"),
        clients=CLIENTS + "1,Ann,A,c1,100\n",
    )  # fmt: skip
    assert outcome[0] == [("c1", "100", "5.50"), ("p1", None, 2, "3.30"), P2]
    assert [text.split(" (")[0] for _, _, text in outcome[1]] == [  # type: ignore[misc]
        "portfolios: account_number a1 is not in the accounts file of this date; the portfolio's cash balance is "
        "unknown",
        "transactions: account_number a1 is not in the accounts file of this date",
        "accounts: cash_balance is not a number with at most 18 digits before and 9 after the point",
    ]


def test_no_row_is_lost_and_each_bad_one_is_in_the_quarantine(shared: World) -> None:
    result(shared, "account", transactions=GOOD["transactions"] + "4,a1,t3,much,DEPOSIT\n5,,t9,1,TAX\n6,a1,t1,5,X\n")
    loaded = shared.rows(
        "SELECT rows_loaded, rows_rejected FROM dataharvest.delivered_file "
        "WHERE external_client = 'account' AND kind = 'transactions'"
    )
    assert loaded == [(3, 3)]
    assert shared.rows(
        "SELECT line, column_name, value, reason FROM dataharvest.quarantine q JOIN dataharvest.delivered_file f "
        "USING (file_id) WHERE external_client = 'account' ORDER BY line"
    ) == [
        (5, "amount", "much", "is not a number with at most 18 digits before and 9 after the point"),
        (6, "account_number", "", "is empty or longer than 200 characters"),
        (7, "transaction_reference", "t1", "repeats the key of an earlier row, which is kept"),
    ]
