"""What the machine draws: who, which of several, and what an event begins with and is changed to."""

from __future__ import annotations

from hypothesis import strategies as st

from rehearsal.records import Sizes
from tests.support.model_based.records import Change

# Hours: a hold ends here when the machine makes its time be over. Some events have none.
HOLDS = [
    None,
    *(
        {"seconds": 86_400, "applies_to": applies_to, "confirmed_by": by}
        for applies_to, by in (("all", "organizer"), ("all", "holder"), ("waitlist", "holder"))
    ),
]
guests = st.integers(1, 9)
numbers = st.integers(0, 99)
sizes = st.builds(Sizes, st.integers(1, 3), st.integers(0, 5))
changes = st.builds(
    Change,
    numbers,
    st.none() | st.integers(1, 7),
    st.none() | st.integers(0, 5),
    goes=st.sampled_from([False, False, True]),
    new=st.none() | sizes,
)
