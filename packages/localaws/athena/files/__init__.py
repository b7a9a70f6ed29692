"""Files of tables and their lines, as Athena reads them."""
