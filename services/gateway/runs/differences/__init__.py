"""What differs between two runs of a meeting, part by part. Nothing here reads or waits."""
