"""torch.cuda: there is no CUDA device that tensors could be on yet."""


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


def empty_cache():
    pass


def current_device():
    raise RuntimeError("Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
                       "http://www.nvidia.com/Download/index.aspx")


synchronize = get_device_name = set_device = memory_allocated = current_device
