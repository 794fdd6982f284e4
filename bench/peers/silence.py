"""Imported before a peer is: switches off the usage reports that both send home by default.

A benchmark talks to nobody; and a report that waits for a host that is not there would be counted as computation.
"""

import os

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # NannyML
os.environ["DO_NOT_TRACK"] = "1"  # Evidently
