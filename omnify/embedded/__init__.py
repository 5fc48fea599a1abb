"""The embedded servers, and the supervisor behind `make run`.

    python -m omnify.embedded
        ├── valkey-server   the queue; every write is on disk before its reply
        ├── postgres        the ledger
        ├── gunicorn        the door and the API, two processes
        └── celery          the drains, and the dispatcher of webhooks

Each is a child in the foreground with its log in `$OMNIFY_HOME/log`. It listens on loopback only, is restarted when it
dies, is stopped in order, and cannot outlive the supervisor (on Linux the kernel kills it).
"""
