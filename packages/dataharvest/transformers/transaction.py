"""Number of transactions of each portfolio."""

from __future__ import annotations

from dataharvest.model.kind import KEYWORDS, TRANSACTIONS
from dataharvest.model.transformer import PORTFOLIO, Finding, Transformer, Value

transaction = Transformer(
    name="transaction",
    doc="Counts all transactions, whatever their keyword",
    needs=("relation_established",),
    flag="transactions_counted",
    stream="transactions",
    values=(
        Value(
            PORTFOLIO,
            "number_of_transactions",
            """
            SELECT r.portfolio_reference, CASE WHEN r.portfolios_of_account = 1 THEN coalesce(t.transactions, 0) END
            FROM dataharvest.relation r LEFT JOIN (
                SELECT account_number, count(*) AS transactions FROM dataharvest.transaction_row
                WHERE file_id = %(transaction_file)s {of_accounts} GROUP BY account_number
            ) t USING (account_number)
            WHERE r.delivery_id = %(delivery)s {of_portfolios}
            """,
        ),
    ),
    findings=(
        Finding(
            TRANSACTIONS,
            "account_number",
            "is not in the accounts file of this date",
            """
            SELECT r.client_reference, r.portfolio_reference, t.line, t.account_number
            FROM dataharvest.transaction_row t
            LEFT JOIN dataharvest.account_row a
                ON a.file_id = %(account_file)s AND a.account_number = t.account_number
            LEFT JOIN dataharvest.relation r
                ON r.delivery_id = %(delivery)s AND r.account_number = t.account_number AND r.portfolios_of_account = 1
            WHERE t.file_id = %(transaction_file)s AND a.account_number IS NULL
            """,
        ),
        Finding(
            TRANSACTIONS,
            "keyword",
            f"is not one of {', '.join(KEYWORDS)}; the transactions are counted",
            f"""
            SELECT NULL, NULL, line, keyword FROM dataharvest.transaction_row
            WHERE file_id = %(transaction_file)s AND keyword NOT IN ({", ".join(f"'{word}'" for word in KEYWORDS)})
            """,
        ),
    ),
)
