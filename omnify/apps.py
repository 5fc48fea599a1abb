"""Set-up of every Django process of the service: web server, worker or management command."""

from importlib import import_module

from django.apps import AppConfig


class OmnifyConfig(AppConfig):
    """The project itself, as a Django app without tables."""

    name = "omnify"

    def ready(self) -> None:
        """Makes the Celery application the current one, through which `events.services.wakeups` sends; adds checks."""
        import_module("omnify.celery")
        import_module("omnify.postgres.checks")
