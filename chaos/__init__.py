"""Proves the promises of delivery: a whole Hansard as processes, faults on a seeded schedule, checks from outside."""
