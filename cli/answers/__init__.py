"""What a gateway answers, as far as this program reads it."""
