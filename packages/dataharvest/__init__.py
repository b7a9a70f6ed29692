"""Deliveries of external clients become one message per client and portfolio."""
