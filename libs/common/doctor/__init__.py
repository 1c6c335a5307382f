"""Looks at what a service needs and says what to do; changes nothing that stays."""
