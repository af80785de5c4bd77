"""What programs mark for the profiler: marks do nothing."""
from torch.autograd.profiler import record_function


def __getattr__(name):
    if name in ("profile", "schedule", "tensorboard_trace_handler", "ProfilerActivity"):
        raise NotImplementedError(f"torch.profiler.{name}: there is no profiler of operators; use time.perf_counter or timeit, or perf with "
                                  "tsvm --perf-map")
    raise AttributeError(f"module 'torch.profiler' has no attribute '{name}'")
