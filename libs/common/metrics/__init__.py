"""What every process counts and measures about itself, for Prometheus."""
