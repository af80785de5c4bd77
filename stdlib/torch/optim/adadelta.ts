"""Adadelta."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, real_views


class Adadelta(PerParameterOptimizer):
    """Adadelta (Zeiler, 2012): steps in the units of the parameter, from moving averages of squared gradients and squared steps."""

    _dense_only = "Adadelta"

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, maximize=False):
        check_at_least_zero("learning rate", lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError("Invalid rho value: {}".format(rho))
        check_at_least_zero("epsilon value", eps)
        check_at_least_zero("weight_decay value", weight_decay)
        super().__init__(params, dict(lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize, foreach=foreach))

    def _update(self, param, grad, group):
        rho, eps = group["rho"], group["eps"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = 0
            state["square_avg"] = torch.zeros_like(param)
            state["acc_delta"] = torch.zeros_like(param)
        state["step"] += 1
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        param, grad, square, steps = real_views(param, grad, state["square_avg"], state["acc_delta"])
        square.mul_(rho).addcmul_(grad, grad, value=1 - rho)
        delta = steps.add(eps).sqrt_().div_(square.add(eps).sqrt_()).mul_(grad)
        steps.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        param.add_(delta, alpha=-group["lr"])
