"""The thread in which a Celery worker of the queue `mail` sends. If it fails, it ends the process, to be restarted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from omnify.common.logs import get_logger
from worker.mail.mailer import Mailer

logger = get_logger(__name__)

STOP_SECONDS = 17.0


class MailerThread:
    """Runs a mailer until `stop`."""

    def __init__(self, make: Callable[[], Mailer]) -> None:
        self._make = make
        self._mailer: Mailer | None = None
        self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)

    def start(self) -> None:
        """Makes the mailer and starts the thread. Raises ValueError: EMAIL_URL cannot be used."""
        self._mailer = self._make()
        self._thread.start()

    def wake(self) -> None:
        """Wakes the mailer, if this process has one."""
        if self._mailer:
            self._mailer.wake()

    def stop(self) -> None:
        """Stops the mailer, and waits `STOP_SECONDS` at most for the mails under way."""
        if self._mailer and self._thread.is_alive():
            self._mailer.stop()
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        assert self._mailer is not None
        try:
            self._mailer.run()
        except BaseException:
            logger.exception("the mailer failed; this process ends")
            os.kill(os.getpid(), signal.SIGTERM)
