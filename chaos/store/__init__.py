"""An object store that speaks S3 on the loopback interface, and that can be told to fail.

It is a test double of the protocol, not a store: it keeps everything in memory and checks no signature.
"""
