"""`python -m modelmonitor.cli`."""

from modelmonitor.cli.main import main

if __name__ == "__main__":
    main()
