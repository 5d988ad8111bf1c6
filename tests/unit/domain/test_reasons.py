"""The table of reasons is complete, and the schema allows no other words."""

import re
from importlib import resources

import pytest

from shared.domain.attempts import AttemptState
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import DROPS, GATES, MEANINGS, WAITS, Meaning, Reason, wait_after


def words(column: str) -> list[set[str]]:
    """The words of each CHECK of a column, in the order in which the migrations make them."""
    versions = resources.files("shared.db.migrations.versions")
    files = sorted((file for file in versions.iterdir() if file.name.endswith(".sql")), key=str)
    schema = "".join(file.read_text("utf-8") for file in files)
    checks = re.findall(rf"CHECK \(\s*{column} IN \(([^)]*)\)", schema)
    return [set(re.findall(r"'(\w+)'", check)) for check in checks]


def test_every_reason_has_its_row_and_occurs_somewhere() -> None:
    assert list(MEANINGS) == list(Reason)
    assert Meaning() not in MEANINGS.values()


def test_gates_come_first_in_the_order_in_which_they_are_asked() -> None:
    assert tuple(Reason)[: len(GATES)] == GATES


def test_a_dropped_contact_waits_for_what_can_be_stored() -> None:
    assert {MEANINGS[reason].drops_to for reason in DROPS} <= set(WAITS)


def test_only_what_waiting_cannot_mend_finishes_a_contact() -> None:
    finishing = {reason: meaning.finishes for reason, meaning in MEANINGS.items()}

    assert {reason: outcome for reason, outcome in finishing.items() if outcome} == {
        Reason.BUDGET: Outcome.EXCLUDED,
        Reason.DESTINATION: Outcome.EXCLUDED,
        Reason.MISSING_VARIABLE: Outcome.EXCLUDED,
    }


@pytest.mark.parametrize("reason", DROPS)
def test_a_callback_stays_a_callback(reason: Reason) -> None:
    assert wait_after(reason, before="callback") is Reason.CALLBACK
    assert wait_after(reason, before=None) is MEANINGS[reason].drops_to


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(DROPS)))
def test_nothing_is_dropped_for_another_reason(reason: Reason) -> None:
    with pytest.raises(ValueError, match="no attempt is dropped"):
        wait_after(reason, before=None)


def test_the_schema_stores_the_words_of_the_code() -> None:
    assert words("waits_for")[-1] == set(WAITS)
    assert {frozenset(listed) for listed in words("state")} >= {
        frozenset(AttemptState),
        frozenset(ContactState),
    }
