"""States of text messages, and the reference by which a provider reports on one."""

from uuid import UUID

import pytest

from shared.domain.sms import ENDED, MOVES, SmsReference, SmsState

REFERENCE = SmsReference(17, UUID("0198f5c2-7e00-7c31-a1b2-0c9d8e7f6a05"))


def test_a_message_goes_back_only_while_its_request_is_under_way() -> None:
    back = [state for state, moves in MOVES.items() if SmsState.QUEUED in moves]

    assert back == [SmsState.SENDING]


def test_nothing_but_a_report_follows_an_end() -> None:
    after = {state: MOVES[state] for state in ENDED}

    assert after.pop(SmsState.UNKNOWN) == {
        SmsState.SENT,
        SmsState.DELIVERED,
        SmsState.UNDELIVERED,
        SmsState.FAILED,
    }
    assert set(after.values()) == {frozenset()}


def test_a_reference_is_read_as_it_was_written() -> None:
    assert SmsReference.parse(str(REFERENCE)) == REFERENCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "17.x",
        f"-1.{REFERENCE.message_id}",
        f"017.{REFERENCE.message_id}",
        f"17.{REFERENCE.message_id.hex}",
        f"99999999999.{REFERENCE.message_id}",
        f"{REFERENCE} ",
    ],
)
def test_another_text_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a reference|badly formed"):
        SmsReference.parse(text)
