"""What the gateway counts about the line, its API and itself, for Prometheus."""
