"""`hansard doctor`: the doctors of all services, this machine, or a gateway elsewhere, in one report."""
