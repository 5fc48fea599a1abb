"""The dispatcher of a worker's process."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.admission.heartbeat import Duty
from worker import traces
from worker.duties import duties
from worker.failpoints import Failpoint, hit
from worker.webhooks.client import TIMEOUT_SECONDS, WebhookClient
from worker.webhooks.context import DispatchContext
from worker.webhooks.dispatcher import Dispatcher
from worker.webhooks.signed_request import RequestSigner
from worker.webhooks.thread import DispatcherThread


def _checkpoint(failpoint: Failpoint) -> None:
    hit(failpoint, folder=settings.ENV.fault_dir)


@cache
def dispatcher() -> DispatcherThread:
    """Returns the process's dispatcher."""
    return DispatcherThread(_make_dispatcher)


def _make_dispatcher() -> Dispatcher:
    private, denied = settings.ENV.webhook_allow_private, settings.ENV.webhook_deny
    secrets = (settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)
    signer = RequestSigner(secrets=secrets, allow_private=private)
    haste = settings.ENV.haste
    client = WebhookClient(allow_private=private, denied=denied, timeout_seconds=TIMEOUT_SECONDS / haste)
    context = DispatchContext(
        client=client,
        signer=signer,
        checkpoint=_checkpoint,
        on_recorded=traces.on_attempts(),
        done=duties().noter(Duty.DELIVER),
        haste=haste,
    )
    return Dispatcher(context)
