"""What was done to one object, such as a ticket, is found without reading the organizer's whole trail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0025_holds")]

    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["organizer_id", "object_type", "object_id", "-id"], name="audit_of_an_object"),
        ),
    ]
