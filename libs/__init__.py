"""Libraries of the repository."""
