"""Rules that read English: who promised what until when, what was decided, what stayed open."""
