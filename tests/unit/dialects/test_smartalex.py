"""SmartAlex's words for ids, states, outcomes and events."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.dialects.smartalex import (
    CallStatus,
    Kind,
    attempt_of,
    call_id,
    call_status,
    campaign_status,
    number_of,
    outcomes_of,
    spelled,
)
from shared.dialects.smartalex_events import MADE_OF, SmartAlexEvent, bodies, event_types
from shared.domain.campaigns import CampaignState, WantedState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.facts import FactsData
from shared.kafka.messages.public import (
    ATTEMPT_ENDED,
    CONTACT_FINISHED,
    AttemptEnded,
    AttemptEndedData,
    CampaignChanged,
    CampaignChangedData,
    ContactFinished,
    ContactFinishedData,
    PublicEvent,
)

AT = datetime(2026, 11, 27, 12, 0, 5, tzinfo=UTC)
ATTEMPT = UUID("01932c07-3ee4-7c8a-9d0f-0a1b2c3d4e5f")
ALL = tuple(SmartAlexEvent)


def test_an_id_is_its_kind_and_a_number() -> None:
    assert spelled(Kind.CAMPAIGN, 17) == "campaign_17"
    assert number_of(Kind.CAMPAIGN, "campaign_17") == 17
    assert attempt_of(call_id(ATTEMPT)) == ATTEMPT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "agent_17",
        "campaign_0",
        "campaign_017",
        "campaign_-1",
        "campaign_1 ",
        "campaign_1\n",
        "campaign_9223372036854775808",
        "campaign_٣",
        "campaign_abc123",
    ],
)
def test_another_id_names_nothing(text: str) -> None:
    assert number_of(Kind.CAMPAIGN, text) is None
    assert attempt_of(text) is None


@pytest.mark.parametrize(
    ("state", "wanted", "status"),
    [
        ("draft", "draft", "draft"),
        ("draft", "running", "active"),
        ("scheduled", "running", "active"),
        ("running", "running", "active"),
        ("running", "paused", "paused"),
        ("paused", "running", "active"),
        ("running", "cancelled", "cancelled"),
        ("completed", "running", "completed"),
        ("completed", "paused", "completed"),
        ("cancelled", "cancelled", "cancelled"),
    ],
)
def test_a_campaign_is_what_its_owner_wants_until_it_has_ended(
    state: str, wanted: str, status: str
) -> None:
    assert campaign_status(CampaignState(state), WantedState(wanted)) == status


def test_each_outcome_has_one_status() -> None:
    assert {status: {*outcomes_of(status)} for status in CallStatus} == {
        "completed": {"answered_human", "callback_requested", "opt_out"},
        "voicemail": {"machine_message_left", "machine_no_message"},
        "no_answer": {"no_answer", "declined"},
        "failed": {
            "busy",
            "unobtainable",
            "invalid_number",
            "network_error",
            "fax",
            "excluded",
            "overflow",
            "out_of_time",
            "cancelled",
            "unknown",
        },
    }
    assert sum(len(outcomes_of(status)) for status in CallStatus) == len(Outcome)
    assert call_status(Outcome.BUSY) is CallStatus.FAILED


def ended(outcome: Outcome, **parts: Any) -> AttemptEnded:
    values: dict[str, Any] = {
        "tenant_id": 1,
        "campaign_id": 7,
        "contact_id": 70,
        "attempt_id": ATTEMPT,
        "attempt_number": 1,
        "outcome": outcome,
        "ended_at": AT,
        "contact_finished": True,
    }
    return AttemptEnded.of(AttemptEndedData(**(values | parts)), at=AT)


def changed(state: CampaignState, before: CampaignState | None) -> CampaignChanged:
    data = CampaignChangedData(tenant_id=1, campaign_id=7, state=state, previous_state=before)
    return CampaignChanged.of(data, at=AT)


def finished(reason: Reason, attempts: int) -> ContactFinished:
    data = ContactFinishedData(
        tenant_id=1, campaign_id=7, contact_id=70, attempts=attempts, reason=reason, finished_at=AT
    )
    return ContactFinished.of(data, at=AT)


LATER = {"next_attempt_not_before": AT + timedelta(hours=1), "contact_finished": False}


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (changed(CampaignState.RUNNING, CampaignState.DRAFT), ["campaign.started"]),
        (changed(CampaignState.RUNNING, CampaignState.SCHEDULED), ["campaign.started"]),
        (changed(CampaignState.RUNNING, CampaignState.PAUSED), ["campaign.resumed"]),
        (changed(CampaignState.RUNNING, None), ["campaign.started"]),
        (changed(CampaignState.PAUSED, CampaignState.RUNNING), ["campaign.paused"]),
        (changed(CampaignState.COMPLETED, CampaignState.RUNNING), ["campaign.completed"]),
        (changed(CampaignState.SCHEDULED, CampaignState.DRAFT), []),
        (changed(CampaignState.CANCELLED, CampaignState.RUNNING), []),
        (ended(Outcome.ANSWERED_HUMAN), ["call.completed"]),
        (ended(Outcome.MACHINE_NO_MESSAGE, **LATER), ["call.completed", "callback.scheduled"]),
        (ended(Outcome.BUSY, **LATER), ["call.failed", "callback.scheduled"]),
        (ended(Outcome.NO_ANSWER, attempt_number=2), ["call.failed", "callback.completed"]),
        (ended(Outcome.OPT_OUT), ["call.completed", "contact.dnc"]),
        (finished(Reason.SUPPRESSION, 0), ["contact.dnc"]),
        (finished(Reason.SUPPRESSION, 1), ["contact.dnc", "callback.cancelled"]),
        (finished(Reason.ENDED, 2), ["callback.cancelled"]),
        (finished(Reason.ENDED, 0), []),
    ],
)
def test_a_public_event_is_these_of_smartalex(event: PublicEvent, names: list[str]) -> None:
    found = bodies(event.encoded(), ALL)

    assert [each.body["type"] for each in found] == names
    assert len({each.id for each in found}) == len(found)
    # Each is made of the event that its endpoint gets.
    assert all(event.type in MADE_OF[each.body["type"]] for each in found)


def test_an_endpoint_gets_what_it_wants_and_the_same_again_on_the_next_try() -> None:
    event = ended(Outcome.BUSY, **LATER)

    found = bodies(event.encoded(), ["call.completed", "callback.scheduled"])

    assert [each.body["type"] for each in found] == ["callback.scheduled"]
    assert bodies(event.encoded(), ALL)[1:] == found


def test_the_types_of_an_endpoint_are_those_that_its_events_are_made_of() -> None:
    wanted = [SmartAlexEvent.CONTACT_DNC, SmartAlexEvent.CALL_FAILED]

    assert event_types(wanted) == (
        ATTEMPT_ENDED,
        CONTACT_FINISHED,
        "contact.dnc",
        "call.failed",
    )


def test_a_call_is_told_without_what_is_known_of_the_person() -> None:
    facts = FactsData(talk_seconds=41.6, digits="1")
    event = ended(Outcome.ANSWERED_HUMAN, external_id="Jane", facts=facts)

    [found] = bodies(event.encoded(), ["call.completed"])

    assert found.body == {
        "id": f"evt_{event.id.hex}_call_completed",
        "type": "call.completed",
        "created_at": "2026-11-27T12:00:05Z",
        "data": {
            "id": "call_01932c073ee47c8a9d0f0a1b2c3d4e5f",
            "direction": "outbound",
            "campaign_id": "campaign_7",
            "contact_id": "contact_70",
            "status": "completed",
            "outcome": "answered",
            "duration": 42,
            "attempt": 1,
            "ended_at": "2026-11-27T12:00:05Z",
        },
    }
