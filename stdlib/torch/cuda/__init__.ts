"""torch.cuda: there is no CUDA device that tensors could be on yet; what asks for none gives what PyTorch gives without one."""
from collections import OrderedDict


def _no_device(*args, **kwargs):
    raise AssertionError("Torch not compiled with CUDA enabled")


def is_available():
    return False


def device_count():
    return 0


def is_initialized():
    return False


def manual_seed(seed):
    pass


def manual_seed_all(seed):
    pass


def seed():
    pass


def seed_all():
    pass


def empty_cache():
    pass


def get_arch_list():
    return []


def get_rng_state_all():
    return []


def set_rng_state_all(new_states):
    pass


def memory_stats(device=None):
    return OrderedDict()


def memory_allocated(device=None):
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_cached = max_memory_cached = memory_allocated

current_device = synchronize = get_device_name = set_device = get_device_properties = get_device_capability = initial_seed = \
    get_rng_state = set_rng_state = is_bf16_supported = current_stream = default_stream = mem_get_info = ipc_collect = init = \
    set_per_process_memory_fraction = reset_peak_memory_stats = reset_max_memory_allocated = memory_summary = _no_device


class device:
    """A with block on a device."""

    def __init__(self, device):
        self.idx = device

    def __enter__(self):
        pass

    def __exit__(self, type, value, traceback):
        return False


class Stream:
    def __new__(cls, *args, **kwargs):
        _no_device()


class Event:
    def __new__(cls, *args, **kwargs):
        _no_device()


class stream:
    """A with block on a stream; without devices it does nothing."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        pass

    def __exit__(self, type, value, traceback):
        pass


def __getattr__(name):
    if name == "amp":
        from importlib import import_module
        return import_module("torch.cuda.amp")
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")
