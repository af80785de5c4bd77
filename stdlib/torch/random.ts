"""The random generator that operators use by default."""
from torch import (default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state)


class fork_rng:
    """A with block (or decorated function) after which the generator goes on as if nothing had been drawn in it."""

    def __init__(self, devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices"):
        self._enabled = enabled

    def __enter__(self):
        if self._enabled:
            self._state = get_rng_state()
        return None

    def __exit__(self, *exc):
        if self._enabled:
            set_rng_state(self._state)
        return False

    def __call__(self, function):
        def wrapped(*args, **kwargs):
            with fork_rng(enabled=self._enabled):
                return function(*args, **kwargs)

        return wrapped
