"""Answers to organizers' requests that came with an Idempotency-Key."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from events.models.organizer import Organizer


class IdempotentAnswer(models.Model):
    """The answer to a request, written in the transaction in which the request acted. Kept for a day.

    Digests stand for the key and for the request, since neither is needed again. `answer` is sealed: it may hold a
    secret that is given out once. It is empty only inside that transaction.
    """

    organizer = models.ForeignKey(Organizer, on_delete=models.CASCADE, related_name="+", db_index=False)
    key_digest = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    answer = models.TextField(default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            # Of two requests with one key the second waits here for the end of the first.
            models.UniqueConstraint(fields=["organizer", "key_digest"], name="idempotent_answer_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_by_age")]

    def __str__(self) -> str:
        return f"{self.organizer_id}: {self.key_digest[:8]}"
