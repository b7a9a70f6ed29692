"""Large deliveries: values calculated in batches of portfolios, which events announce."""
