"""What the five services share: the words of the field, events, storage, streams and the runtime."""
