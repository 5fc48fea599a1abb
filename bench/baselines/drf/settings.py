"""Omnify's settings with what such a service would use: no middleware, persistent connections, its own URLs."""

from omnify.settings import *  # noqa: F403
from omnify.settings import DATABASES, ENV

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "events"]
MIDDLEWARE = []
ROOT_URLCONF = "bench.baselines.drf.urls"

DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

CELERY_BROKER_URL = ENV.broker_url
