"""The mailer of a worker's process."""

from __future__ import annotations

from email.utils import parseaddr
from functools import cache

from django.conf import settings

from events.admission.heartbeat import Duty
from events.letters.render import render
from events.secrets import tickets
from omnify.common.clients import redis_client
from worker import traces
from worker.duties import duties
from worker.failpoints import MailFailpoint, hit
from worker.mail.breaker import Breaker
from worker.mail.capping import Capper
from worker.mail.context import MailContext
from worker.mail.deciding import Decider
from worker.mail.mailer import Mailer
from worker.mail.thread import MailerThread
from worker.mail.transports import make_transports


def _checkpoint(failpoint: MailFailpoint) -> None:
    hit(failpoint, folder=settings.ENV.fault_dir)


@cache
def mailer() -> MailerThread:
    """Returns the process's mailer."""
    return MailerThread(_make_mailer)


def _make_mailer() -> Mailer:
    env = settings.ENV
    context = MailContext(
        render=render,
        sender=env.mail_from,
        reply_to=env.mail_reply_to,
        host=parseaddr(env.mail_from)[1].rpartition("@")[2],
        checkpoint=_checkpoint,
        on_recorded=traces.on_mails(),
        done=duties().noter(Duty.MAIL),
        haste=env.haste,
    )
    return Mailer(
        context,
        make_transports(env.email_url, folder=env.mail_folder, count=env.mail_connections),
        decider=Decider(tickets=tickets(), site=env.mail_site),
        capper=Capper(redis_client(), cap=env.mail_cap, digest=tickets().email_digest),
        breaker=Breaker(haste=env.haste),
        reminder_hours=env.mail_reminder_hours,
    )
