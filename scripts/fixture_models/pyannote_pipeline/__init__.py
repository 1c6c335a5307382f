"""A small pyannote pipeline, trained on synthetic speech: real code paths without the real weights."""
