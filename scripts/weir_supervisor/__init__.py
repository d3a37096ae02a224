"""Weir's supervisor: owns the listening sockets, runs collector and workers, has the summary written at the end.

One process, one thread, one event loop (supervisor.py); it sleeps until a signal, a message or a deadline comes.
Python's standard library only.
"""
