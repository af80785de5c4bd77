"""What programs mark for the profiler: marks do nothing."""
from contextlib import ContextDecorator


class record_function(ContextDecorator):
    """A with block (or decorated function) with a name."""

    def __init__(self, name, args=None):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        return None


def __getattr__(name):
    if name in ("profile", "emit_nvtx", "emit_itt", "load_nvprof"):
        raise NotImplementedError(f"torch.autograd.profiler.{name}: there is no profiler of operators; use time.perf_counter or timeit, or "
                                  "perf with tsvm --perf-map")
    raise AttributeError(f"module 'torch.autograd.profiler' has no attribute '{name}'")
