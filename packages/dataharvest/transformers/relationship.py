"""The client and account of each portfolio, and its cash balance."""

from __future__ import annotations

from dataharvest.model.choreography import KIND_FLAGS
from dataharvest.model.kind import ACCOUNTS, CLIENTS, PORTFOLIOS
from dataharvest.model.transformer import PORTFOLIO, Check, Finding, Transformer, Value

relationship = Transformer(
    name="relationship",
    doc="Joins portfolios to clients and accounts by their keys",
    needs=KIND_FLAGS,
    flag="relation_established",
    statements=(
        """
        INSERT INTO dataharvest.relation (delivery_id, portfolio_reference, client_reference, account_number,
            cash_balance, currency, line, is_client_known, is_account_known, portfolios_of_account,
            is_account_of_several_clients)
        SELECT %(delivery)s, p.portfolio_reference, p.client_reference, p.account_number, a.cash_balance,
            a.currency, p.line, c.client_reference IS NOT NULL, a.account_number IS NOT NULL, count(*) OVER account,
            min(p.client_reference) OVER account <> max(p.client_reference) OVER account
        FROM dataharvest.portfolio_row p
        LEFT JOIN dataharvest.client_row c
            ON c.file_id = %(client_file)s AND c.client_reference = p.client_reference
        LEFT JOIN dataharvest.account_row a
            ON a.file_id = %(account_file)s AND a.account_number = p.account_number
        WHERE p.file_id = %(portfolio_file)s
        WINDOW account AS (PARTITION BY p.account_number)
        """,
    ),
    values=(
        Value(
            PORTFOLIO,
            "cash_balance",
            """
            SELECT portfolio_reference, CASE WHEN portfolios_of_account = 1 THEN cash_balance END
            FROM dataharvest.relation WHERE delivery_id = %(delivery)s
            """,
        ),
    ),
    findings=(
        Finding(
            PORTFOLIOS,
            "client_reference",
            "is not in the clients file of this date",
            """
            SELECT client_reference, portfolio_reference, line, client_reference FROM dataharvest.relation
            WHERE delivery_id = %(delivery)s AND NOT is_client_known
            """,
        ),
        Finding(
            PORTFOLIOS,
            "account_number",
            "is not in the accounts file of this date; the portfolio's cash balance is unknown",
            """
            SELECT client_reference, portfolio_reference, line, account_number FROM dataharvest.relation
            WHERE delivery_id = %(delivery)s AND NOT is_account_known
            """,
        ),
        Finding(
            PORTFOLIOS,
            "account_number",
            "belongs to several portfolios; its money is attributed to none of them",
            """
            SELECT client_reference, portfolio_reference, line, account_number FROM dataharvest.relation
            WHERE delivery_id = %(delivery)s AND portfolios_of_account > 1
            """,
        ),
        Finding(
            CLIENTS,
            "client_reference",
            "has no portfolio; the taxes paid are 0",
            """
            SELECT c.client_reference, NULL, c.line, c.client_reference FROM dataharvest.client_row c
            WHERE c.file_id = %(client_file)s AND NOT EXISTS (
                SELECT FROM dataharvest.relation r
                WHERE r.delivery_id = %(delivery)s AND r.client_reference = c.client_reference)
            """,
        ),
        Finding(
            ACCOUNTS,
            "account_number",
            "belongs to no portfolio; its money is in no message",
            """
            SELECT NULL, NULL, a.line, a.account_number FROM dataharvest.account_row a
            WHERE a.file_id = %(account_file)s AND NOT EXISTS (
                SELECT FROM dataharvest.relation r
                WHERE r.delivery_id = %(delivery)s AND r.account_number = a.account_number)
            """,
        ),
    ),
    checks=(
        Check(
            "every portfolio has one relation",
            """
            SELECT portfolio_reference FROM dataharvest.portfolio_row WHERE file_id = %(portfolio_file)s
            EXCEPT SELECT portfolio_reference FROM dataharvest.relation WHERE delivery_id = %(delivery)s
            """,
        ),
    ),
)
