"""The line of a meeting without any work in it, on Hansard and on two task queues, each as its documentation advises.

Only the standard library and the queue itself are imported: the task queues run in an environment of their own.
"""
