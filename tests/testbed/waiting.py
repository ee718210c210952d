"""Waiting for a condition with a deadline: the only place in the tests that sleeps."""

import os
import time

# On a slow or busy machine all deadlines can be stretched; a test that passes is not slowed down by that.
PATIENCE = float(os.environ.get("SYNCERD_PATIENCE", "1"))
POLL_INTERVAL = 0.05


class Timeout(AssertionError):
    """A condition did not become true in time."""


def wait_for(condition, timeout, what):
    """Call `condition` until it returns something true and return that.

    An AssertionError raised by the condition counts as "not yet"; its text becomes part of the message of the Timeout, so that a condition
    can say what it saw. Every other exception ends the wait at once. `what` completes the sentence "waited N s for ...".
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    seen = ""
    while True:
        try:
            value = condition()
            if value:
                return value
            seen = f"; last seen: {value!r}" if value is not None else ""
        except AssertionError as error:
            seen = f"; last seen: {error}"
        if time.monotonic() >= deadline:
            raise Timeout(f"waited {timeout:g} s for {what}{seen}")
        time.sleep(POLL_INTERVAL)


def holds_for(condition, seconds, what):
    """Check that `condition` stays true for `seconds`: for "nothing happens" there is no event to wait for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"{what}: did not stay so for {seconds:g} s"
        time.sleep(POLL_INTERVAL)
