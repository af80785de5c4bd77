"""DistributedDataParallel: each process trains on its part of the data, with the gradients of all."""
from contextlib import contextmanager
import torch
import torch.distributed as dist
from torch.nn.modules import Module


class DistributedDataParallel(Module):
    """A module whose parameters start as those of rank 0 and whose gradients are means over all processes."""

    def __init__(self, module, device_ids=None, output_device=None, dim=0, broadcast_buffers=True, process_group=None, bucket_cap_mb=25,
                 find_unused_parameters=False, check_reduction=False, gradient_as_bucket_view=False, static_graph=False):
        super().__init__()
        if not any(p.requires_grad for p in module.parameters()):
            raise RuntimeError("DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient.")
        if device_ids:
            raise ValueError("DistributedDataParallel device_ids and output_device arguments only work with single-device/multiple-device GPU "
                             "modules or CPU modules, but got device_ids {}, output_device {}, and module parameters {}.".format(
                                 device_ids, output_device, {p.device for p in module.parameters()}))
        self.module = module
        self.dim, self.broadcast_buffers, self.find_unused_parameters = dim, broadcast_buffers, find_unused_parameters
        self.device_ids = self.output_device = None
        self.require_backward_grad_sync = True
        self.__dict__["process_group"] = dist.distributed_c10d._group(process_group)
        with torch.no_grad():
            for tensor in list(module.parameters()) + list(module.buffers()):
                dist.broadcast(tensor, self._root(), group=self.process_group)
        for p in module.parameters():
            if p.requires_grad:
                p.register_hook(self._averager(p))

    def _root(self):
        return dist.get_global_rank(self.process_group, 0)

    def _averager(self, param):
        unsynced = [False]

        def average(grad):
            if not self.require_backward_grad_sync:
                unsynced[0] = True
                return None
            with torch.no_grad():
                # What was added up without synchronisation counts too.
                kept = param.grad if unsynced[0] and param.grad is not None else None
                unsynced[0] = False
                total = grad.clone() if kept is None else grad + kept
                dist.all_reduce(total, group=self.process_group)
                total /= dist.get_world_size(self.process_group)
                return total if kept is None else total - kept

        return average

    @contextmanager
    def no_sync(self):
        """While the block runs, backward leaves the gradients of this process alone."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def forward(self, *inputs, **kwargs):
        if self.broadcast_buffers and self.training and self.require_backward_grad_sync:
            with torch.no_grad():
                for buffer in self.module.buffers():
                    dist.broadcast(buffer, self._root(), group=self.process_group)
        return self.module(*inputs, **kwargs)
