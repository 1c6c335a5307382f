"""Hansard at a terminal: start it on this machine, and use any gateway."""
