"""What holds for all tests."""

from hypothesis import settings

# No test is judged by time: these machines are small and busy. The same examples on each run, so that a failure on one
# machine is a failure on every machine.
settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")
