"""Django's settings. Every value an operator can change comes from `omnify.environment`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dj_database_url
from django.conf import global_settings

from omnify.common.logs import logging_config
from omnify.environment import read_environment
from omnify.environment_values import BadEnvironment
from omnify.postgres.address import SCHEMES, BadAddress, postgres_config

try:
    ENV = read_environment()
except BadEnvironment as problem:
    sys.exit(f"omnify: {problem}")

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = ENV.secret_key
# Sessions and CSRF tokens signed with an older secret stay valid; Django derives its keys from each of them.
SECRET_KEY_FALLBACKS = list(ENV.secret_key_fallbacks)
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts

# Behind a proxy that terminates TLS, the origin that browsers send is the proxy's.
CSRF_TRUSTED_ORIGINS = ENV.trusted_origins
TLS = any(origin.startswith("https://") for origin in (ENV.public_url, *ENV.trusted_origins))
# With TLS, cookies are not sent over plain http, and no other subdomain can set them ("__Host-").
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_NAME = "__Host-session" if TLS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if TLS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
SESSION_ENGINE = "events.services.session_store"
SESSION_COOKIE_AGE = 12 * 3600
# In the session, because a cookie would contain what the admin says about objects.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_HSTS_SECONDS = ENV.hsts_seconds if TLS else 0
# Any client can send this header. It is trusted only if a proxy of ours sets it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
# `check --deploy` asks for what this service cannot decide: whether other subdomains use TLS (W005, W021) is up to the
# domain's owner, and redirecting browsers to https is the proxy's task (W008).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]

_VALIDATION = "django.contrib.auth.password_validation."
PASSWORD_HASHERS = ["omnify.password_hashing.Hasher", *global_settings.PASSWORD_HASHERS[1:]]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}NumericPasswordValidator"},
]

INSTALLED_APPS = [
    # Not the config that imports all of `events.admin` in every process: `omnify.urls` does that, where it is served.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "omnify",
    "events",
    "worker",
]

MIDDLEWARE = [
    "omnify.answer_headers.answer_headers",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "omnify.urls"
ASGI_APPLICATION = "omnify.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["events.templatetags.languages"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def _database(url: str) -> dict[str, Any]:
    if url.startswith(SCHEMES):
        return postgres_config(url, pooled=ENV.database_pooled)
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    if str(config["ENGINE"]).endswith("sqlite3"):
        config["OPTIONS"] = {**_SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    return config


try:
    DATABASES = {"default": _database(ENV.database_url)}
except BadAddress as problem:
    sys.exit(f"omnify: DATABASE_URL: {problem}")
# Its address names a primary, and what may be promoted.
STANDBY_EXPECTED = "," in str(DATABASES["default"].get("HOST", ""))

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Served from the packages, unless `collectstatic` has collected the files (as the Docker image does).
SERVESTATIC_USE_FINDERS = not STATIC_ROOT.is_dir()
SERVESTATIC_AUTOREFRESH = False

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(ENV.log_level)

TEST_RUNNER = "omnify.testing.PytestRunner"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "events.api.authentication.OrganizerTokenAuthentication",
        "events.api.sessions.OrganizerSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["events.api.permissions.ScopeReaches"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["events.api.parsers.JSONBodyParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "events.api.parsers.OneFormat",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "events.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Omnify",
    "DESCRIPTION": "Registers people for events when everyone comes at once.",
    "VERSION": "0.1.0",
    "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "TAGS": [
        {"name": "events", "description": "Events: what is on, and what their organizers do with them."},
        {"name": "registrations", "description": "Registering, and what the holder of a ticket's id can do with it."},
        {"name": "attendees", "description": "An event's guests and numbers, for its organizer."},
        {"name": "check-in", "description": "The entrance."},
        {"name": "access codes", "description": "Codes that let in, also before registration opens for all."},
        {"name": "proof", "description": "The signed decision log, and a ticket's entries in it."},
        {"name": "webhooks", "description": "Signed messages about tickets and events, and their delivery log."},
        {"name": "mail", "description": "Mails to guests, and whether they were delivered."},
        {"name": "tokens", "description": "An organizer's tokens, and the trail of what was done with them."},
        {"name": "operating", "description": "Health checks."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [{"url": ENV.public_url or "/"}],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # By default Swagger UI sends the schema to a validator on the internet.
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None, "deepLinking": True, "persistAuthorization": False},
    # Enumerations stay inline: `status` and `success` have different values in different objects.
    "POSTPROCESSING_HOOKS": [
        "events.api.openapi.idempotency.describe_keys",
        "events.api.openapi.links.describe_links",
        "events.api.openapi.finish.finish",
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "organizerToken": {
                "type": "http",
                "scheme": "bearer",
                "description": "An organizer's token, from `python manage.py create_organizer NAME`.",
            }
        }
    },
    "REDOC_DIST": "SIDECAR",
}
