"""Processes of one job run beside the server: a supervisor and, below it, the worker with the job's script.

Both are started by path and import nothing of localaws: a job sees no module of the server.
"""
