"""Each guard of a guarantee removed in turn: the tests named for it must then fail."""
