"""Sum of the deposits of each portfolio."""

from __future__ import annotations

from dataharvest.model.transformer import PORTFOLIO, Transformer, Value

sum_deposit = Transformer(
    name="sum_deposit",
    doc="Sums the amounts of the transactions whose keyword is DEPOSIT",
    needs=("relation_established",),
    flag="deposits_summed",
    stream="deposits",
    values=(
        Value(
            PORTFOLIO,
            "sum_of_deposits",
            """
            SELECT r.portfolio_reference, CASE WHEN r.portfolios_of_account = 1 THEN coalesce(t.deposits, 0) END
            FROM dataharvest.relation r LEFT JOIN (
                SELECT account_number, sum(amount) AS deposits FROM dataharvest.transaction_row
                WHERE file_id = %(transaction_file)s AND keyword = 'DEPOSIT' {of_accounts}
                GROUP BY account_number
            ) t USING (account_number)
            WHERE r.delivery_id = %(delivery)s {of_portfolios}
            """,
        ),
    ),
)
