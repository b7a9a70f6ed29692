"""``estrela ledger``: what an operator asks of the file ledger, and does with it."""
