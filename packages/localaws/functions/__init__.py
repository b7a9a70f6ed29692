"""Lambda functions that run: the API, and one process per execution environment.

Nothing here is imported before the first request to Lambda, or for a home without functions.
"""
