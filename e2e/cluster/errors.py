"""The one error of the harness."""


class ClusterError(Exception):
    """Something the test cluster needs is missing or failed; the message says what, and what to do about it."""
