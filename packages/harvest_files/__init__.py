"""Files of invented external clients, of any size."""
