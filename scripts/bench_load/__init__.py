"""Measures the gateway under load, next to handlers that do nothing but write."""
