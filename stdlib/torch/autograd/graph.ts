"""What is kept for the backward: hooks on saved tensors."""
import _torch_c as _C
import torch


class saved_tensors_hooks:
    """While the block runs, each tensor that is saved for the backward is replaced by pack_hook(tensor); unpack_hook gives it back."""

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self):
        _C._push_saving_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *args):
        _C._pop_saving_hooks()


class save_on_cpu(saved_tensors_hooks):
    """While the block runs, saved tensors are kept on the CPU."""

    def __init__(self, pin_memory=False):
        def pack(tensor):
            return tensor.device, tensor if tensor.is_cuda else tensor.clone()

        def unpack(packed):
            device, tensor = packed
            return tensor.to(device)

        super().__init__(pack, unpack)


class disable_saved_tensors_hooks:
    """While the block runs, saved_tensors_hooks are refused with the message."""

    def __init__(self, error_message):
        self.error_message = error_message

    def __enter__(self):
        self._before = saved_tensors_hooks.__enter__
        message = self.error_message

        def refuse(self):
            raise RuntimeError(message)

        saved_tensors_hooks.__enter__ = refuse

    def __exit__(self, *args):
        saved_tensors_hooks.__enter__ = self._before
