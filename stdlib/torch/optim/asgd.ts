"""Averaged stochastic gradient descent."""
import math
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, real_views


class ASGD(PerParameterOptimizer):
    """Averaged SGD (Polyak and Juditsky, 1992): state["ax"] is the mean of the parameter's values from step t0 on."""

    _dense_only = "ASGD"

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("weight_decay value", weight_decay)
        super().__init__(params, dict(lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, foreach=foreach,
                                      maximize=maximize))

    def _update(self, param, grad, group):
        lr, lambd = group["lr"], group["lambd"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = torch.tensor(0.0)
            state["eta"] = torch.tensor(lr)
            state["mu"] = torch.tensor(1.0)
            state["ax"] = torch.zeros_like(param)
        state["step"] += 1
        step, eta = state["step"].item(), state["eta"].item()
        param, grad, mean = real_views(param, grad, state["ax"])
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        param.mul_(1 - lambd * eta)
        param.add_(grad, alpha=-eta)
        if state["mu"].item() != 1:
            mean.add_(param.sub(mean).mul(state["mu"]))
        else:
            mean.copy_(param)
        state["eta"].copy_(torch.tensor(lr / math.pow(1 + lambd * lr * step, group["alpha"])))
        state["mu"].copy_(torch.tensor(1 / max(1, step - group["t0"])))
