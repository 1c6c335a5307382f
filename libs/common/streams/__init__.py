"""Events on Redis Streams: publish once, deliver on lease, settle in one atomic step."""
