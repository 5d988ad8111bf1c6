"""The carrier's log as the checker reads it, and what the records of its calls must say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oracle.facts import Fault
from tests.support.twilio_carrier.process import RunningTwilio

Line = dict[str, Any]

# Written apart from the tables of the product.
OUTCOMES = {
    "busy": "busy",
    "busy 486": "busy",
    "busy 603": "declined",
    "no-answer": "no_answer",
    "no-answer 480": "no_answer",
    "failed": "unobtainable",
    "failed 404": "unobtainable",
    "failed 484": "invalid_number",
    "failed 503": "network_error",
    "canceled": "no_answer",
    "completed human": "answered_human",
    "completed unknown": "answered_human",
    "completed machine_start": "machine_no_message",
    "completed fax": "fax",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """A call of the log; `told_at` is the time at which a dialer took its end, None if none did."""

    reference: str
    number: str
    originated_at: float
    ended_at: float
    resource: Line
    sip_code: int | None
    told_at: float | None

    @property
    def outcomes(self) -> set[str]:
        """The outcome by its callback; also that by a look-up, if this may have come first."""
        status = self.resource["status"]
        who = self.resource["answered_by"]
        plain = OUTCOMES[f"{status} {who}" if status == "completed" else status]
        exact = plain if self.sip_code is None else OUTCOMES[f"{status} {self.sip_code}"]
        return {exact} if self.is_told_early else {exact, plain}

    @property
    def is_told_early(self) -> bool:
        """Before the reconciler, with OUTDIAL_RECONCILE_SECONDS of 5, could ask for it."""
        return self.told_at is not None and self.told_at - self.originated_at < 4

    @property
    def facts(self) -> Line:
        """The facts of an answered call, which its resource has as well as its callback."""
        if self.resource["status"] != "completed":
            return {}
        amount, currency = self.resource["price"].lstrip("-"), self.resource["price_unit"]
        return {
            "answered_by": self.resource["answered_by"].partition("_")[0],
            "talk_seconds": float(self.resource["duration"]),
            "price": {"amount": amount, "currency": currency},
        }


def calls_of(carrier: RunningTwilio) -> dict[str, LoggedCall]:
    """Each call that was placed, by its reference. One without an end is a KeyError."""
    ends = {line["resource"]["sid"]: line for line in carrier.lines("ended")}
    told: dict[str, float] = {}
    for line in carrier.lines("callback"):
        if line["status"] == 204 and "about=status" in line["address"]:
            told.setdefault(line["sid"], line["at"])
    calls = [
        LoggedCall(
            reference=reference_of(line),
            number=line["to"],
            originated_at=line["at"],
            ended_at=ends[line["sid"]]["at"],
            resource=ends[line["sid"]]["resource"],
            sip_code=ends[line["sid"]]["sip_code"],
            told_at=told.get(line["sid"]),
        )
        for line in carrier.lines("originate")
    ]
    return {call.reference: call for call in calls}


def judged_log(carrier: RunningTwilio, folder: Path, outcomes: dict[str, str]) -> Path:
    """The log in the form of the simulated carrier's, with the outcome of each call."""
    references = {line["sid"]: reference_of(line) for line in carrier.lines("originate")}
    log = folder / "judged.jsonl"
    with log.open("w") as file:
        for line in carrier.lines("originate", "not_placed", "ended"):
            times = {"at": line["at"], "monotonic": line["monotonic"]}
            if line["kind"] == "ended":
                reference = references[line["resource"]["sid"]]
                written = {"kind": "ended", "outcome": outcomes.get(reference, "unknown")}
            else:
                reference, is_placed = reference_of(line), line["kind"] == "originate"
                verdict = "accepted" if is_placed else "refused"
                written = {"kind": "originate", "verdict": verdict, "to": line["form"]["To"]}
            file.write(json.dumps({"reference": reference, "code": None} | times | written) + "\n")
    return log


def failures(carrier: RunningTwilio) -> list[Fault]:
    """The originates that failed and placed nothing: they explain unknown attempts."""
    return [Fault(at=line["at"], what="500") for line in carrier.lines("not_placed")]


def reference_of(line: Line) -> str:
    """The reference of an originate, from the address that it gave for callbacks."""
    address: str = line["form"]["StatusCallback"]
    [reference] = parse_qs(urlsplit(address).query)["ref"]
    return reference
