"""The domain: what is seen, what is decided. Pure: no I/O, no clock, no logging."""
