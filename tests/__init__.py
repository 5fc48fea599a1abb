"""pytest rewrites the assertions of `tests/support` too, so that a failure shows the values.

Registered here and not in conftest, which imports some of those modules: they must be imported after it.
"""

import pytest

pytest.register_assert_rewrite("tests.support")
