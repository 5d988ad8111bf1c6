"""Measures the figures of the README, each ratio in one run: `python -m bench [--json] [NAME]`."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from bench import (
    api,
    callbacks,
    claiming,
    decision,
    end_to_end,
    export_calls,
    foreign_ids,
    http_providers,
    idle_contacts,
    import_csv,
    neighbour,
    simulate,
    single_calls,
    smartalex,
    voiceaiwrapper,
    wavix,
    why,
)
from outdial.stack.servers import LocalServers
from shared.db.migrate import migrate


async def csv_import(servers: LocalServers) -> dict[str, float]:
    await asyncio.to_thread(migrate, servers.postgres.url)
    return await import_csv.measure(servers.postgres.url)


MEASURES = {
    "end_to_end": end_to_end.measure,
    "http_providers": http_providers.measure,
    "callbacks": callbacks.measure,
    "claiming": claiming.measure,
    "decision": decision.measure,
    "import_csv": csv_import,
    "idle_contacts": idle_contacts.measure,
    "simulate": simulate.measure,
    "why": why.measure,
    "export_calls": export_calls.measure,
    "api": api.measure,
    "single_calls": single_calls.measure,
    "smartalex": smartalex.measure,
    "voiceaiwrapper": voiceaiwrapper.measure,
    "wavix": wavix.measure,
    "neighbour": neighbour.measure,
    "foreign_ids": foreign_ids.measure,
}


async def main(names: list[str], *, as_json: bool) -> None:
    for name in names:
        with tempfile.TemporaryDirectory(prefix="outdial-bench-") as directory:
            async with LocalServers(Path(directory)) as servers:
                figures = await MEASURES[name](servers)
        if as_json:
            print(json.dumps({name: figures}))
            continue
        print(name.replace("_", " "))
        for what, figure in figures.items():
            print(f"  {what:<58}{figure:>14,.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.names or list(MEASURES), as_json=arguments.json))
