"""`python3 -m e2e.cluster up | down | status | build | load ARCHIVE`, from the root of the repository."""

import argparse
import sys
from pathlib import Path

from e2e.cluster import images, lifecycle, status
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress


def main() -> int:
    """Run one command; 0 is good, 1 is a ClusterError that was told, 130 an interrupt."""
    parser = argparse.ArgumentParser(prog="python3 -m e2e.cluster", description="A real Kubernetes for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start it; does nothing when it runs")
    commands.add_parser("down", help="stop it and delete everything it made, except what is cached")
    commands.add_parser("status", help="what runs")
    commands.add_parser("build", help="build and cache what a start needs, without starting")
    commands.add_parser("load", help="put an image archive into the running cluster").add_argument("archive", type=Path)
    arguments = parser.parse_args()
    progress = Progress()
    try:
        match arguments.command:
            case "up":
                lifecycle.up(progress)
            case "down":
                lifecycle.down(progress)
            case "build":
                lifecycle.build(progress)
            case "load":
                progress.say(images.load_archive(arguments.archive))
            case _:
                print("\n".join(status.report()))
    except ClusterError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; `down` clears away what was started, `up` begins anew", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
