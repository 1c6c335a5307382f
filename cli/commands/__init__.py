"""One function per command of `hansard`, by what it is about."""
