"""API keys: what one looks like, who has one, and the door that asks for it."""
