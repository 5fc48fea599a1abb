"""What `lua/confirm.lua` replies, decoded. See `replies`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from events.admission.replies import NotInRedis, NotLoaded, ScriptAnswer, TooLate


class ConfirmationQueued(ScriptAnswer, tag="admitted"):
    """The confirmation is in the queue, in time: the ticket will be confirmed."""

    sequence: int


class ConfirmationRepeated(ScriptAnswer, tag="repeated"):
    """An earlier confirmation with the same payment reference is in the queue."""

    sequence: int


class AlreadyConfirmed(ScriptAnswer, tag="confirmed"):
    """The ticket is confirmed; the ledger knows by which payment."""


class NotHeld(ScriptAnswer, tag="not_held"):
    """The ticket is not held, or will not be when it is the confirmation's turn."""


class AddressProved(ScriptAnswer, tag="proved"):
    """The address was proved before, or was never to be proved."""


class AddressCorrected(ScriptAnswer, tag="corrected"):
    """The ticket has another e-mail since."""


class AddressUnproved(ScriptAnswer, tag="unproved"):
    """The address is to be proved first."""


class OrganizerOnly(ScriptAnswer, tag="organizer_only"):
    """The ticket is held, and only the event's organizer may confirm it."""


ConfirmAnswer = (
    ConfirmationQueued
    | ConfirmationRepeated
    | AlreadyConfirmed
    | AddressProved
    | AddressCorrected
    | AddressUnproved
    | NotHeld
    | OrganizerOnly
    | NotInRedis
)


class ConfirmReply(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """The answers to a batch of confirmations, in its order."""

    now_ms: int
    wake: bool
    answers: list[ConfirmAnswer]
    may_be_behind: bool = False


decode_confirm: Callable[[bytes], ConfirmReply | NotLoaded | TooLate] = msgspec.msgpack.Decoder(
    ConfirmReply | NotLoaded | TooLate
).decode
