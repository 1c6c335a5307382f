"""Taking responsibility for what a client sends: the upload, its limits, and the accepting transaction."""
