"""Which secret made a ticket's id. Rows of before bear the mark of the oldest secret that is known now.

They get it as the column's default, which PostgreSQL keeps without rewriting the table. Afterwards the default is empty:
workers of the release before write rows without a mark.
"""

from django.conf import settings
from django.db import migrations, models

from events.domain.keyring import mark_of

_MARK = {"blank": True, "default": "", "editable": False, "max_length": 4}
_OLDEST = mark_of((settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)[-1])


class Migration(migrations.Migration):
    dependencies = [("events", "0012_search_key")]

    operations = [
        operation
        for model in ("registration", "webhookdelivery")
        for operation in (
            migrations.AddField(model, "mark", models.CharField(**_MARK, db_default=_OLDEST)),
            migrations.AlterField(model, "mark", models.CharField(**_MARK, db_default="")),
        )
    ]
