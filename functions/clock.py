"""The door for those who host Quire themselves: maintain by this machine's clock.

`python -m functions.clock` runs it every minute until SIGTERM, `--once` runs it once, for a timer.
In the cloud Cloud Scheduler calls `functions.maintain` instead. An error ends the process: what it
looked for is still there when systemd or Docker start it again.
"""

from __future__ import annotations

import argparse
import signal
import threading

from functions.bootstrap import application


def main() -> None:
    """Run maintain."""
    parser = argparse.ArgumentParser(prog="python -m functions.clock", description=__doc__)
    parser.add_argument("--once", action="store_true", help="run once and end")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while True:
        application().maintain()
        if arguments.once or stop.wait(arguments.every):
            return


if __name__ == "__main__":
    main()
