"""Large deliveries: values are calculated in batches of portfolios, which are announced by events."""
