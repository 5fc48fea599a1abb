"""What every Django process of the service has, whether it serves, works or runs a command."""

from importlib import import_module

from django.apps import AppConfig


class OmnifyConfig(AppConfig):
    """The service itself: no tables."""

    name = "omnify"

    def ready(self) -> None:
        """Makes the Celery application the current one: `events.services.wakeups` sends by it."""
        import_module("omnify.celery")
