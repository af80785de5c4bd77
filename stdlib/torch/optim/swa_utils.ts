"""Stochastic weight averaging (Izmailov and others, 2018)."""
import itertools
import math
import warnings
from copy import deepcopy
import torch
from torch.nn import Module
from torch.optim.lr_scheduler import _LRScheduler


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's, taken by update_parameters."""

    def __init__(self, model, device=None, avg_fn=None, use_buffers=False):
        super().__init__()
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", torch.tensor(0, dtype=torch.long, device=device))
        if avg_fn is None:
            def avg_fn(averaged, current, count):
                return averaged + (current - averaged) / (count + 1)
        self.avg_fn = avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def _averaged(self, model):
        return itertools.chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()

    def update_parameters(self, model):
        """Takes the model's present parameters into the average."""
        for averaged, current in zip(self._averaged(self.module), self._averaged(model)):
            current = current.detach().to(averaged.device)
            if self.n_averaged == 0:
                averaged.detach().copy_(current)
            else:
                averaged.detach().copy_(self.avg_fn(averaged.detach(), current, self.n_averaged.to(averaged.device)))
        if not self.use_buffers:
            for own, current in zip(self.module.buffers(), model.buffers()):
                own.detach().copy_(current.detach().to(own.device))
        self.n_averaged += 1


@torch.no_grad()
def update_bn(loader, model, device=None):
    """Computes the running statistics of all batch normalisations anew from the inputs in loader."""
    momenta = {}
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean = torch.zeros_like(module.running_mean)
            module.running_var = torch.ones_like(module.running_var)
            momenta[module] = module.momentum
    if not momenta:
        return
    training = model.training
    model.train()
    for module in momenta.keys():
        module.momentum = None
        module.num_batches_tracked *= 0
    for batch in loader:
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        if device is not None:
            batch = batch.to(device)
        model(batch)
    for module in momenta.keys():
        module.momentum = momenta[module]
    model.train(training)


class SWALR(_LRScheduler):
    """Anneals each group's rate to swa_lr in anneal_epochs epochs and keeps it there."""

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        swa_lrs = self._per_group(optimizer, swa_lr)
        for lr, group in zip(swa_lrs, optimizer.param_groups):
            group["swa_lr"] = lr
        if anneal_strategy not in ["cos", "linear"]:
            raise ValueError("anneal_strategy must by one of 'cos' or 'linear', instead got {}".format(anneal_strategy))
        self.anneal_func = self._cosine_anneal if anneal_strategy == "cos" else self._linear_anneal
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError("anneal_epochs must be equal or greater than 0, got {}".format(anneal_epochs))
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    @staticmethod
    def _per_group(optimizer, swa_lr):
        if isinstance(swa_lr, (list, tuple)):
            if len(swa_lr) != len(optimizer.param_groups):
                raise ValueError("swa_lr must have the same length as optimizer.param_groups: swa_lr has {}, "
                                 "optimizer.param_groups has {}".format(len(swa_lr), len(optimizer.param_groups)))
            return swa_lr
        return [swa_lr] * len(optimizer.param_groups)

    @staticmethod
    def _linear_anneal(t):
        return t

    @staticmethod
    def _cosine_anneal(t):
        return (1 - math.cos(math.pi * t)) / 2

    @staticmethod
    def _get_initial_lr(lr, swa_lr, alpha):
        return swa_lr if alpha == 1 else (lr - alpha * swa_lr) / (1 - alpha)

    def get_lr(self):
        if not self._get_lr_called_within_step:
            warnings.warn("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", UserWarning)
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before = self.anneal_func(max(0, min(1, (step - 1) / max(1, self.anneal_epochs))))
        firsts = [self._get_initial_lr(group["lr"], group["swa_lr"], before) for group in self.optimizer.param_groups]
        now = self.anneal_func(max(0, min(1, step / max(1, self.anneal_epochs))))
        return [group["swa_lr"] * now + lr * (1 - now) for group, lr in zip(self.optimizer.param_groups, firsts)]
