"""The draw of an event: what its order is made of, and how far it is."""

from __future__ import annotations

from django.db import models

from events.models.event import Event


class Draw(models.Model):
    """A draw. Changed under the event's row lock only, by its organizer before the first entry, then by the drain."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="draw")
    # The log has its SHA-256 from the first entry on, and itself once the draw is sealed.
    secret = models.BinaryField()
    # The round of public randomness that it waits for, and of which chain; null and empty: it waits for none.
    round = models.BigIntegerField(null=True)
    chain = models.BinaryField(default=b"")
    # What was sealed: entries of the log, and their root.
    sealed_at = models.DateTimeField(null=True)
    sealed_size = models.BigIntegerField(default=0)
    sealed_root = models.BinaryField(default=b"")
    signature = models.BinaryField(default=b"")
    # Empty until it is known.
    seed = models.BinaryField(default=b"")
    # The entries up to this row have their place in the order; all of them.
    ranked_through = models.BigIntegerField(default=0)
    ranked = models.BooleanField(default=False)
    # How many entries have had their turn, and the place of the last of them.
    drawn_count = models.BigIntegerField(default=0)
    drawn_through = models.BinaryField(default=b"")
    drawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.event_id}: {self.drawn_count} drawn"


class DrawRank(models.Model):
    """An entry's place in the order, from when that is found until the entry has had its turn."""

    draw = models.ForeignKey(Draw, on_delete=models.CASCADE, related_name="ranks", db_index=False)
    rank = models.BinaryField()
    ticket_key = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draw", "rank"], name="draw_rank_once")]

    def __str__(self) -> str:
        return f"{self.draw_id}: {self.ticket_key[:8]}"
