"""Adagrad."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, real_views


class Adagrad(PerParameterOptimizer):
    """Adagrad (Duchi, Hazan and Singer, 2011): the step is divided by the root of the sum of all squared gradients so far."""

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *,
                 maximize=False):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("lr_decay value", lr_decay)
        check_at_least_zero("weight_decay value", weight_decay)
        check_at_least_zero("initial_accumulator_value value", initial_accumulator_value)
        check_at_least_zero("epsilon value", eps)
        super().__init__(params, dict(lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
                                      initial_accumulator_value=initial_accumulator_value, foreach=foreach, maximize=maximize))
        for group in self.param_groups:
            for param in group["params"]:
                start = group["initial_accumulator_value"]
                if param.is_complex():
                    start = complex(start, start)
                self.state[param]["step"] = torch.tensor(0.0)
                self.state[param]["sum"] = torch.full_like(param, start, memory_format=torch.preserve_format)

    def share_memory(self):
        """Moves the sums to shared memory."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()

    def _update(self, param, grad, group):
        state = self.state[param]
        state["step"] += 1
        step, total = state["step"].item(), state["sum"]
        if group["weight_decay"] != 0:
            if grad.is_sparse:
                raise RuntimeError("weight_decay option is not compatible with sparse gradients")
            grad = grad.add(param, alpha=group["weight_decay"])
        lr = group["lr"] / (1 + (step - 1) * group["lr_decay"])
        if grad.is_sparse:
            grad = grad.coalesce()
            indices, values = grad._indices(), grad._values()
            total.add_(torch.sparse_coo_tensor(indices, values.pow(2), grad.size()))
            deviation = total.sparse_mask(grad)._values().sqrt_().add_(group["eps"])
            param.add_(torch.sparse_coo_tensor(indices, values / deviation, grad.size()), alpha=-lr)
            return
        param, grad, total = real_views(param, grad, total)
        total.addcmul_(grad, grad, value=1)
        param.addcdiv_(grad, total.sqrt().add_(group["eps"]), value=-lr)
