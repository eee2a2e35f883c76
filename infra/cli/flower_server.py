"""Flower as a process of its own, for `quire flower`: `python -m infra.cli.flower_server PORT`.

The broker is CELERY_BROKER_URL, so that its password is on no command line. Ends by SIGTERM, and
when whoever started it has gone.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Final, NoReturn

from celery import Celery
from flower.app import Flower  # type: ignore[import-untyped]
from flower.options import default_options  # type: ignore[import-untyped]
from flower.urls import settings  # type: ignore[import-untyped]
from tornado.ioloop import PeriodicCallback

from infra.cli.flower import PORT_TAKEN
from infra.local.ports import HOST

_LOOK_EVERY_MILLISECONDS: Final = 1000


def main() -> NoReturn:
    """Serve until the end."""
    signal.signal(signal.SIGTERM, _leave)
    celery = Celery("flower", set_as_current=False)
    default_options.address = HOST
    default_options.port = int(sys.argv[1])
    # Without a login any program of this machine may ask.
    default_options.read_only = True
    app = Flower(capp=celery, options=default_options, **settings)
    try:
        app.start_http_server()
    except OSError:
        sys.exit(PORT_TAKEN)
    starter = os.getppid()
    PeriodicCallback(lambda: _look_for(starter), _LOOK_EVERY_MILLISECONDS).start()
    try:
        app.start()
    except SystemExit:
        # Nobody hears them any more.
        celery.control.disable_events()
    # Threads of Flower's that ask a broker which has gone would keep the process for ever.
    os._exit(0)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _look_for(starter: int) -> None:
    if os.getppid() != starter:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
