"""Everything on one machine: embedded servers, the five services, and the folder that keeps their state."""
