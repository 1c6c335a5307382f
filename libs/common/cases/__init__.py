"""Cases: recorded units of work as a file, and working one of them again."""
