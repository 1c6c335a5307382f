"""A Whisper of a million parameters that knows the sample meetings and little else."""
