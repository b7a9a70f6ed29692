"""Credentials of the tests."""

PASSWORD = "correct-horse-battery"
ATHENA_KEY = "AKIAEXAMPLE"
ATHENA_SECRET = "athena-secret-key"
