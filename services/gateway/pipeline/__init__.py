"""The line as an operator sees it: what waits, what happens, what happened, and what was given up."""
