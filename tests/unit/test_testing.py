"""`manage.py test`: labels and databases as Django's users expect them."""

from __future__ import annotations

from omnify.testing import ROOT, as_path, suite_environment


def test_labels_are_modules_folders_or_paths() -> None:
    assert as_path("tests.unit.test_testing") == f"{ROOT}/tests/unit/test_testing.py"
    assert as_path("tests.unit") == f"{ROOT}/tests/unit"
    assert as_path("tests/unit/test_testing.py") == "tests/unit/test_testing.py"


def test_the_suite_runs_on_sqlite_unless_a_database_is_named() -> None:
    assert suite_environment({})["OMNIFY_TEST_DATABASE"] == "sqlite"
    assert "DJANGO_SETTINGS_MODULE" not in suite_environment({"DJANGO_SETTINGS_MODULE": "omnify.settings"})
    assert suite_environment({"DATABASE_URL": "postgres://x"})["OMNIFY_TEST_DATABASE"] == "environment"
    assert suite_environment({"OMNIFY_TEST_DATABASE": "postgres"})["OMNIFY_TEST_DATABASE"] == "postgres"
