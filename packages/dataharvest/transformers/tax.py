"""Taxes paid by each client, over the accounts of all its portfolios."""

from __future__ import annotations

from dataharvest.model.kind import ACCOUNTS
from dataharvest.model.transformer import CLIENT, Finding, Opened, Transformer, Value

_ACCOUNTS_OF_CLIENTS = """
SELECT DISTINCT client_reference, account_number, currency, is_account_of_several_clients
FROM dataharvest.relation WHERE delivery_id = %(delivery)s AND is_account_known
"""

tax = Transformer(
    name="tax",
    doc="Sums the taxes paid of a client's accounts, each account once",
    needs=("relation_established",),
    flag="taxes_summed",
    opens=(Opened(ACCOUNTS, "taxes_paid"),),
    values=(
        Value(
            CLIENT,
            "taxes_paid",
            f"""
            SELECT c.client_reference,
                CASE WHEN s.first_currency <> s.last_currency OR s.is_contested THEN NULL
                    ELSE coalesce(s.taxes_paid, 0) END
            FROM dataharvest.client_row c LEFT JOIN (
                SELECT client_reference, sum(taxes_paid) AS taxes_paid, min(currency) AS first_currency,
                    max(currency) AS last_currency, bool_or(is_account_of_several_clients) AS is_contested
                FROM ({_ACCOUNTS_OF_CLIENTS}) a JOIN opened_account USING (account_number)
                GROUP BY client_reference
            ) s USING (client_reference)
            WHERE c.file_id = %(client_file)s
            """,
            sensitive=True,
        ),
    ),
    findings=(
        Finding(
            ACCOUNTS,
            "currency",
            "are the currencies of one client's accounts; their taxes cannot be added up",
            f"""
            SELECT client_reference, NULL, NULL, string_agg(DISTINCT currency, ' and ')
            FROM ({_ACCOUNTS_OF_CLIENTS}) a WHERE client_reference IN (
                SELECT client_reference FROM dataharvest.relation
                WHERE delivery_id = %(delivery)s AND is_account_known
                GROUP BY client_reference HAVING min(currency) <> max(currency))
            GROUP BY client_reference
            """,
        ),
        Finding(
            ACCOUNTS,
            "account_number",
            "belongs to several clients; the taxes paid of each of them are unknown",
            f"""
            SELECT client_reference, NULL, NULL, account_number
            FROM ({_ACCOUNTS_OF_CLIENTS}) a WHERE is_account_of_several_clients
            """,
        ),
        Finding(
            ACCOUNTS,
            "account_number",
            "has TAX transactions that do not add up to its taxes paid",
            """
            SELECT r.client_reference, r.portfolio_reference, a.line, a.account_number
            FROM dataharvest.account_row a
            JOIN opened_account o USING (account_number)
            LEFT JOIN (
                SELECT account_number, -sum(amount) AS paid FROM dataharvest.transaction_row
                WHERE file_id = %(transaction_file)s AND keyword = 'TAX' GROUP BY account_number
            ) t USING (account_number)
            LEFT JOIN dataharvest.relation r ON r.delivery_id = %(delivery)s
                AND r.account_number = a.account_number AND r.portfolios_of_account = 1
            WHERE a.file_id = %(account_file)s AND o.taxes_paid <> coalesce(t.paid, 0)
            """,
        ),
    ),
)
