"""The embedded servers, and the supervisor behind `make run`.

    python -m omnify.embedded
        ├── valkey-server   the queue; every write is on disk before its answer
        ├── postgres        the truth
        ├── gunicorn        the door and the API, two processes
        └── celery, twice   the drains

Everything is a child in the foreground with its log in `$OMNIFY_HOME/log`, listens on loopback only, is started again
when it dies, is stopped in order, and cannot outlive the supervisor (on Linux the kernel sees to that).
"""
