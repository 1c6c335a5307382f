"""What differs between two accounts of one recording, counted as NIST counts errors."""
