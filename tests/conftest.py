"""Gives every run servers of its own, and every integration test an empty Valkey that it must leave tidy.

Set `OMNIFY_TEST_DATABASE=sqlite` to run on SQLite instead of PostgreSQL; Valkey is real either way.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest
import redis

from tests.support import prepared
from tests.support.embedding_site import EmbeddingSite
from tests.support.leftovers import Leftovers
from tests.support.on_sqlite import is_brief, touches_database
from tests.support.run_times import Timing
from tests.support.servers import Services
from tests.support.soak import SOAK, belongs, importance, load_profile, only_there, time_is_over

if TYPE_CHECKING:
    from tests.support.service.processes import Service

# Until all tests are known (see Leftovers): looking again and again at what imports leave is a third of their time.
gc.disable()

# Before anything reads the settings.
SERVICES = Services(os.environ.get("OMNIFY_TEST_DATABASE") or "postgres")
atexit.register(SERVICES.stop)
os.environ.update(SERVICES.environment())
os.environ["DJANGO_SETTINGS_MODULE"] = "omnify.settings"
prepared.folder()  # before workers inherit the environment

_HERE = Path(__file__).parent
# Of more than a minute, as the end of each run shows them.
LONGEST = (
    "acceptance/test_supervisor.py",
    "acceptance/test_rehearse.py",
    "acceptance/test_fast_path_alike.py",
    "browser/test_guests.py",
    "browser/test_console.py",
)
LEVELS = ("acceptance", "browser", "integration", "unit")
# Closing it ends the service of `one_service`.
THE_SERVICE = contextlib.ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", metavar="FILE", help="keep there what tests took, and show it with that of other runs")
    parser.addoption("--briefly", action="store_true", help="on SQLite, only the files that say most about it")


def pytest_configure(config: pytest.Config) -> None:
    """Test modules import models. pytest-django would set Django up before this file names the servers."""
    django.setup()
    if config.getoption("dist", "no") != "no":
        # A worker of pytest-xdist inherits the environment, and would read the settings before it has servers.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    load_profile()
    config.pluginmanager.register(Timing(config))
    config.pluginmanager.register(Leftovers())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out files before they are imported."""
    return True if config.getoption("briefly") and not is_brief(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On SQLite the tests that may not touch the database are left out: they are the same on any.

    Under pytest-xdist the files that take longest come first: a worker that begins one last would be at it alone. In a
    soak, whose time may be over before all have begun, what matters most comes before that.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=_longest_first)
        if SOAK:
            items.sort(key=importance)
    for item in items:
        if item.path.is_relative_to(_HERE / "unit") or item.get_closest_marker("promise") is not None:
            item.add_marker(pytest.mark.flaky(reruns=0))  # also where others have a second chance, as in .ci/run
    if SERVICES.database == "sqlite":
        _keep(config, items, touches_database)
    if SOAK:
        _keep(config, items, belongs)
    else:
        _keep(config, items, lambda item: not only_there(item))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture starts a service for a test that will not run."""
    if time_is_over():
        pytest.skip("the time of this soak is over")
    if not SOAK and hasattr(item.config, "workerinput") and _level(item) > LEVELS.index("browser"):
        # No test of this worker will need it again (see `_longest_first`), and it takes a twentieth of a core.
        THE_SERVICE.close()


def _longest_first(item: pytest.Item) -> tuple[bool, int, int, str]:
    """By level, and there by the size of the file: many tests, or tests that do much."""
    path = item.path.relative_to(_HERE).as_posix()
    return path not in LONGEST, _level(item), -item.path.stat().st_size, path


def _level(item: pytest.Item) -> int:
    return LEVELS.index(item.path.relative_to(_HERE).parts[0])


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]) -> None:
    left_out = [item for item in items if not wanted(item)]
    items[:] = [item for item in items if wanted(item)]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def servers() -> Iterator[Services]:
    """Real servers, started when the first test needs them."""
    SERVICES.start()
    yield SERVICES
    SERVICES.stop()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[EmbeddingSite]:
    """A site of its own, whose pages the service of `one_service` allows to call it."""
    site = EmbeddingSite()
    yield site
    site.close()


@pytest.fixture(scope="session")
def one_service(elsewhere: EmbeddingSite) -> Iterator[Service]:
    """A whole service for acceptance and browser tests, with its own servers: killing them disturbs no other test."""
    from tests.support.service.logs import leaks, not_json
    from tests.support.service.processes import Service

    def look() -> None:
        """Whatever the tests did to it."""
        assert leaks(service) == []
        assert not_json(service) == []

    service = Service(CORS_ALLOWED_ORIGINS=elsewhere.origin)
    THE_SERVICE.callback(service.close)
    try:
        service.start()
        THE_SERVICE.callback(look)
        yield service
    finally:
        THE_SERVICE.close()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: Services) -> None:
    """Runs before pytest-django makes the test database. SQLite's is a file, since processes and threads share it;
    PostgreSQL's is a copy of the one that has been migrated already."""
    from django.db import connection

    if servers.database == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(servers.home / "test.sqlite3")
    if servers.database == "postgres":
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The test database goes with its server. To drop it before would fail while a thread of a test still has a
    connection that waits for the garbage collector."""
    return True


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Each of Django's test clients makes the middleware anew, and that looks at every static file: 50 ms a client."""
    from servestatic.middleware import ServeStaticMiddleware

    found: dict[str, Any] = {}
    look = ServeStaticMiddleware.add_files_from_finders

    def look_once(middleware: ServeStaticMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServeStaticMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """After each test its rows are deleted. Django would truncate every table and fill in permissions and content types
    again, which took a third of the time of all integration tests; those two stay as the migrations left them."""
    from django.test import TransactionTestCase

    from tests.support.database_cleanup import statements

    def delete_rows(case: TransactionTestCase | None = None) -> None:
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            for statement in emptying:
                cursor.execute(statement)

    with django_db_blocker.unblock():
        emptying = statements()
        delete_rows()  # those of a database that was copied

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", delete_rows)
        yield


@pytest.fixture
def redis_client(servers: Services) -> Iterator[redis.Redis]:
    """A client of the run's Valkey; replies are bytes."""
    from omnify.common.redis_client import connect

    client = connect(servers.valkey.url())
    yield client
    client.close()


@pytest.fixture
def process_environment(servers: Services, db: None) -> dict[str, str]:
    """For processes a test starts: the run's servers, and the test database in place of the empty one."""
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else _with_database(os.environ["DATABASE_URL"], name)
    return {**os.environ, "DATABASE_URL": url}


@pytest.fixture(autouse=True)
def tidy_valkey(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empties Valkey before each integration test, and fails a test that leaves a key that nothing will ever remove."""
    if not request.node.path.is_relative_to(_HERE / "integration"):
        yield
        return
    request.getfixturevalue("servers")
    client: redis.Redis = request.getfixturevalue("redis_client")
    client.flushall()
    yield
    leaked = find_leaks(client)
    assert not leaked, f"Redis keys without TTL or owner: {leaked}"


def find_leaks(client: redis.Redis) -> list[str]:
    """Keys that have neither a TTL nor an owner in `events.admission.keys`."""
    from events.admission.keys import OWNED_PATTERNS

    names = [name.decode(errors="replace") for name in client.scan_iter(count=1000)]
    return [
        name
        for name in names
        if client.ttl(name) == -1 and not any(pattern.fullmatch(name) for pattern in OWNED_PATTERNS)
    ]


def _with_database(url: str, name: str) -> str:
    head, _, _ = url.rpartition("/")
    return f"{head}/{name}"
