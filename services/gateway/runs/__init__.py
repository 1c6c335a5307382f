"""What is known of a run: its facts, and the status, results and files that follow from them."""
