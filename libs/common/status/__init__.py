"""The pages on which a service says how it is: `/health`, `/ready` and `/metrics`."""
