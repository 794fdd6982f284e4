"""Run one phase of a make target: say what begins and how long it took. Standard library only."""

import subprocess
import sys
import time


def main(title: str, *command: str) -> int:
    """Run the command; its exit code is ours."""
    print(f"── {title}", flush=True)
    begun = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    print(
        f"── {title}: {'done' if code == 0 else f'FAILED (exit {code})'} in {time.monotonic() - begun:.1f} s",
        flush=True,
    )
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
