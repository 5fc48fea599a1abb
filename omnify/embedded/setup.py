"""Creates tables and the first organizer before the service starts. A separate process, since it needs Django.

python -m omnify.embedded.setup
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.db import DatabaseError

from omnify.embedded.home import TOKEN_FILE, write_private

ORGANIZER = "organizer"


def main() -> None:
    """Migrates the database, and stores a valid token in `$OMNIFY_HOME/organizer-token`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnify.settings")
    django.setup()
    from django.conf import settings

    try:
        call_command("migrate", interactive=False, verbosity=0)
        keep_token(settings.ENV.home / TOKEN_FILE)
    except DatabaseError as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        sys.exit(f"the database cannot be used: {reason}")


def keep_token(path: Path) -> None:
    """Issues a token, unless the stored one is valid in this database."""
    from django.db import transaction

    from events.domain.audit import Action
    from events.domain.scopes import Scope
    from events.ledger.tokens import find_token
    from events.models import Organizer, OrganizerToken
    from events.services.audit import trail_of_operator

    kept = path.read_text("utf-8").strip() if path.exists() else ""
    if kept and find_token(token=kept) is not None:
        return
    with transaction.atomic():
        organizer, made = Organizer.objects.get_or_create(name=ORGANIZER)
        row, token = OrganizerToken.issue_row(
            organizer, scope=Scope.FULL, label="made by make run", event_id=None, expires_at=None
        )
        if made:
            trail_of_operator().record(Action.ORGANIZER_CREATED, organizer)
        trail_of_operator().record(Action.TOKEN_CREATED, row)
        write_private(path, token + "\n")


if __name__ == "__main__":
    main()
