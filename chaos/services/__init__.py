"""The services with their real stages and runtime, and with engines that obey the recording."""
