"""A pause that aiokafka lacks, added when a broker is made.

While no broker answers, aiokafka asks for metadata without a pause, thousands of times a second,
and logs each failure: https://github.com/aio-libs/aiokafka/issues/496. Its option
`retry_backoff_ms` does not cover this loop. To be removed when the test passes without it.
"""

import asyncio
from typing import Any

from aiokafka.client import AIOKafkaClient

METADATA_RETRY_SECONDS = 0.2

_update = AIOKafkaClient._metadata_update


async def _paced_update(client: AIOKafkaClient, *arguments: Any) -> Any:
    is_updated = await _update(client, *arguments)
    if not is_updated:
        await asyncio.sleep(METADATA_RETRY_SECONDS)
    return is_updated


def pace_metadata_updates() -> None:
    """Replace the method of the class; a second call changes nothing."""
    AIOKafkaClient._metadata_update = _paced_update
