"""Converts deliveries of external clients to one message per client and portfolio."""
