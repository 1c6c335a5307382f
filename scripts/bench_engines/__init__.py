"""Speed and memory of the engines, with random weights of the real shapes where the real ones are missing."""
