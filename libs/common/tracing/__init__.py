"""Traces: one run is one trace, in whichever service its spans are made. Nothing here costs anything until set up."""
