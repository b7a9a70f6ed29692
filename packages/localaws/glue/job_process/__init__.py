"""Processes of one job run, outside the server: a supervisor and its child, the worker that runs the job's script.

Both are started by path and import nothing of localaws, so that a job cannot see a module of the server.
"""
