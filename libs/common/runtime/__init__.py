"""Leases, attempts, settling and signs of life: written once, for every stage."""
