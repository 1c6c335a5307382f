"""Synthetic meetings with an exact reference."""
