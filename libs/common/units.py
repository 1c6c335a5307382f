"""Marks that say what the value of a setting is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """What a number counts; the page of the settings and the errors say it."""

    name: str


@dataclass(frozen=True)
class HoldsPassword:
    """Marks an address that may hold a user's name and a password."""
