"""`python -m plimsoll`, and the command itself: what comes before everything that takes time to load."""

import signal
import sys


def main() -> None:
    """Runs the command; Ctrl-C ends it in a line, also while it is loaded; SIGTERM ends it in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as shells say it
    try:
        from plimsoll.cli import main

        main()
    except KeyboardInterrupt:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # it would end Python while that tidies up
        print("plimsoll: stopped", file=sys.stderr)
        sys.exit(130)  # as shells say it


if __name__ == "__main__":
    main()
