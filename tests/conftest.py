"""Fixtures for every test."""

pytest_plugins = (
    "tests.support.order",
    "tests.support.servers",
    "tests.support.database",
    "tests.support.api",
    "tests.support.smartalex",
    "tests.support.voiceaiwrapper",
    "tests.support.pipeline",
    "tests.support.dialing",
    "tests.support.claiming",
)
