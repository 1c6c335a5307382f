"""What is said: chunks, words and the transcript."""
