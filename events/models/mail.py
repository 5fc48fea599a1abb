"""Mail to guests: each mail, and notices to all guests of an event, from which mails are made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.domain.mail.kinds import URGENT, MailState
from events.models.event import Event


class Mail(models.Model):
    """One mail about one ticket: the outbox before it is sent, the record afterwards.

    Address, name, language, and all that the ticket says are read from its registration when the mail is sent: a
    corrected address gets it, and a forgotten one does not. The foreign key is not checked, as of `WebhookDelivery`.
    """

    event = models.ForeignKey(Event, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    ticket_key = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)  # a `MailKind`
    # The ticket's revision that it is about; of other kinds what tells them apart (`events.domain.mail.message_id`).
    revision = models.BigIntegerField(default=1, db_default=1)
    # On the waitlist at that time: the only thing that is not read from the registration.
    position = models.PositiveIntegerField(null=True)
    data = models.JSONField(null=True)  # what changed; never a name or an address
    created_at = models.DateTimeField()

    state = models.CharField(
        max_length=7,
        choices=[(state.value, state.value) for state in MailState],
        default=MailState.PENDING.value,
        db_default=MailState.PENDING.value,
    )
    next_attempt_at = models.DateTimeField()
    # Until then a mailer has claimed it. It also identifies the claim: a later claim has a later time.
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_attempt_at = models.DateTimeField(null=True)
    last_status = models.CharField(max_length=12, default="", db_default="")  # as "550 5.1.1"
    last_error = models.CharField(max_length=20, default="", db_default="")  # a code of ours

    class Meta:
        indexes = [
            # What is due. Only pending rows, so it stays small however long the record is.
            models.Index(fields=["next_attempt_at", "id"], condition=Q(state=MailState.PENDING.value), name="mail_due"),
            # The same for what goes before all others, however many of these are due.
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state=MailState.PENDING.value, kind__in=[kind.value for kind in URGENT]),
                name="mail_urgent",
            ),
            # What a mailer is sending: later mails about the same ticket wait. Nothing that a decision writes is in it.
            models.Index(fields=["event", "ticket_key"], condition=Q(claimed_until__isnull=False), name="mail_claimed"),
            # What an organizer has to look at.
            models.Index(
                fields=["event", "id"],
                condition=Q(state__in=[MailState.BOUNCED.value, MailState.FAILED.value]),
                name="mail_problems",
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk}"


class MailNotice(models.Model):
    """A mail to all who have a place at an event. The mailer makes a mail for each ticket of it, in chunks."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="mail_notices", db_index=False)
    kind = models.CharField(max_length=20)  # a `MailKind`
    revision = models.BigIntegerField()
    data = models.JSONField()  # `since`: who was decided or registered by then; `changes`: what it was and is
    due_at = models.DateTimeField()
    # The ticket up to which it has been made into mails, in the order of keys.
    through_key = models.CharField(max_length=20, default="", db_default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # What changes again before its notice is due becomes part of that notice.
            models.UniqueConstraint(
                fields=["event", "kind"], condition=Q(done_at__isnull=True), name="mail_notice_one_pending"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(done_at__isnull=True), name="mail_notice_due")]

    def __str__(self) -> str:
        return f"{self.kind} of event {self.event_id}"


class ResendRequest(models.Model):
    """A wish for the ticket of an address at an event, there for as long as no mailer has looked for it: the answer to
    it must not tell, and not take more or less time, whether there is one."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", db_index=False)
    email_key = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "email_key"], name="resend_request_once")]

    def __str__(self) -> str:
        return f"request {self.pk}"


class MailOptOut(models.Model):
    """A ticket whose holder wants no mail but about the ticket itself: no reminders, no news of the event."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", db_index=False)
    ticket_key = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "ticket_key"], name="mail_opt_out_once")]

    def __str__(self) -> str:
        return f"{self.event_id}-{self.ticket_key[:8]}"
