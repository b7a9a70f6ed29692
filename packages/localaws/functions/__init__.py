"""Lambda functions that run: the API, and one process for each execution environment.

Nothing here is imported before the first request to Lambda, or for a home without functions.
"""
