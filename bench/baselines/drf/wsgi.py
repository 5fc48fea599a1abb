"""The WSGI application that gunicorn's gthread workers serve."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.baselines.drf.settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
