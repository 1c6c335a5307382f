"""What the gateway does besides answering: relay, projection, reconciler, and the passes that keep order."""
