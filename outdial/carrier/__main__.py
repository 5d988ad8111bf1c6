"""Runs the simulated carrier: `python -m outdial.carrier`."""

from outdial.carrier.command import app

app()
