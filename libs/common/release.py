"""Which release this is, as workers, logs and the API say it."""

RELEASE = "0.4.0"
