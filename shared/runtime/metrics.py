"""All metrics: what each counts, and which value is a bad sign."""

from prometheus_client import Counter, Gauge, Histogram

# API.
REQUEST_SECONDS = Histogram("outdial_request_seconds", "API requests.", ["operation", "status"])
REQUESTS_REFUSED = Counter(
    "outdial_requests_refused_total",
    "Requests refused, by the code of the problem.",
    ["code"],
)
OPERATIONS_RUNNING = Gauge("outdial_operations_running", "Operations that this process runs now.")
OPERATIONS_ENDED = Counter(
    "outdial_operations_ended_total",
    "Ends of runs of operations; left: cancelled, or another api goes on; put_off: a call comes "
    "first; waits: tried again. Steady waits mean that PostgreSQL or the disk is away.",
    ["kind", "result"],
)
OPERATION_ROWS = Counter(
    "outdial_operation_rows_total", "Rows of imports that were committed, by fate.", ["fate"]
)

# Scheduler.
ATTEMPTS_CLAIMED = Counter("outdial_attempts_claimed_total", "Attempts claimed and committed.")
ATTEMPTS_RESCUED = Counter(
    "outdial_attempts_republished_total",
    "Claimed attempts published again; steady growth without capped campaigns means dialers die.",
)
CAMPAIGNS_MOVED = Counter("outdial_campaign_changes_total", "Campaigns that moved.", ["state"])
ENDS_TOLD = Counter(
    "outdial_contact_ends_told_total", "Ends of contacts without a call that an event tells."
)

# Dialer.
ATTEMPTS_RECEIVED = Counter("outdial_attempts_received_total", "Due attempts taken from Kafka.")
ATTEMPTS_DIALING = Counter("outdial_attempts_dialing_total", "Compare-and-sets that won.")
ATTEMPTS_HANDED_BACK = Counter(
    "outdial_attempts_handed_back_total",
    "Attempts without a permit, by the cap that binds.",
    ["scope"],
)
ATTEMPTS_DROPPED = Counter(
    "outdial_attempts_dropped_total", "Attempts that surely were not placed.", ["reason"]
)
CALLS_PLACED = Counter("outdial_calls_placed_total", "Originates the provider accepted.")
CALLS_WITHOUT_REPLY = Counter(
    "outdial_calls_without_reply_total",
    "Originates that may have been placed; each is reconciled or ends as unknown.",
)
CALLS_ENDED = Counter("outdial_calls_ended_total", "Calls that ended, by outcome.", ["outcome"])
ORIGINATE_SECONDS = Histogram(
    "outdial_originate_seconds",
    "From the provider being asked to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
CARRIER_EVENTS = Counter(
    "outdial_carrier_events_total",
    "Posts to the events address, by result: taken; forged, foreign (a call of another trunk) and "
    "unreadable change nothing; later is asked for again.",
    ["result"],
)
CARRIER_WORDS_UNKNOWN = Counter(
    "outdial_carrier_words_unknown_total",
    "States and codes of a carrier that its provider does not know; the log has the words.",
    ["provider", "field"],
)
CALLS_RECONCILED = Counter(
    "outdial_calls_reconciled_total", "Silent calls the provider was asked about.", ["answer"]
)
SMS_MOVED = Counter(
    "outdial_sms_total",
    "Text messages that reached a state; queued: the carrier refused them for now; unknown: they "
    "may have been sent, and are not sent again.",
    ["state"],
)
PERMIT_REBUILDS = Counter(
    "outdial_permit_rebuilds_total", "Times the leases were rebuilt from PostgreSQL."
)
CAMPAIGNS_AT_SPEND_CEILING = Gauge(
    "outdial_campaigns_at_spend_ceiling",
    "Running campaigns whose spend ceiling allows no call; `why` says which ceiling.",
)
TRUNK_DOWN_SINCE = Gauge(
    "outdial_trunk_down_since_timestamp_seconds",
    "When a trunk that takes no calls stopped to take them; a trunk that is up has no value.",
    ["trunk"],
)
CLOCK_SKEW = Gauge("outdial_clock_skew_seconds", "This process's clock minus PostgreSQL's.")

# Events.
FACTS_FOLDED = Counter("outdial_facts_folded_total", "Call events counted.", ["kind"])
FACTS_REPEATED = Counter(
    "outdial_facts_repeated_total", "Call events that came again, or too late to move an attempt."
)
EVENTS_RELAYED = Counter("outdial_events_relayed_total", "Public events published.")
EVENTS_PENDING = Gauge("outdial_events_pending", "Public events not yet published.")
EVENT_DAYS = Gauge(
    "outdial_event_days",
    "Days of public events kept or made ahead; growth means Kafka or webhooks do not get them.",
)
ROWS_PRUNED = Counter(
    "outdial_rows_pruned_total", "Rows deleted because their time was over.", ["table"]
)
WEBHOOK_TRIES = Counter("outdial_webhook_tries_total", "Webhook posts by result.", ["result"])

# Every process.
MESSAGES_PARKED = Counter(
    "outdial_messages_parked_total", "Messages put on a dead-letter topic.", ["topic", "reason"]
)
RETRIES = Counter("outdial_retries_total", "Infrastructure faults that were waited out.", ["what"])
STEPS_FAILED = Counter("outdial_steps_failed_total", "Periodic steps that raised.", ["step"])
COMMANDS_UNPUBLISHED = Counter(
    "outdial_commands_unpublished_total", "Commands only the sweep will find, for want of Kafka."
)
RULE_PACKS_REFUSED = Counter(
    "outdial_rule_packs_refused_total", "Rule packs with a fault; the ones before stay in force."
)
