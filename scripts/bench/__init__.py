"""Benchmarks that can be run again: each compares with an alternative in the same run."""
