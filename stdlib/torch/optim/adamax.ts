"""Adamax."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, check_betas, real_views


class Adamax(PerParameterOptimizer):
    """Adamax (Kingma and Ba, 2014): Adam with the largest decayed gradient in place of the root of the squares' average."""

    _dense_only = "Adamax"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, maximize=False):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("epsilon value", eps)
        check_betas(betas)
        check_at_least_zero("weight_decay value", weight_decay)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, foreach=foreach,
                                      maximize=maximize))

    def _update(self, param, grad, group):
        beta1, beta2 = group["betas"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_inf"] = torch.zeros_like(param)
        state["step"] += 1
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        param, grad, average, largest = real_views(param, grad, state["exp_avg"], state["exp_inf"])
        average.mul_(beta1).add_(grad, alpha=1 - beta1)
        torch.maximum(largest.mul_(beta2), grad.abs().add_(group["eps"]), out=largest)
        param.addcdiv_(average, largest, value=-group["lr"] / (1 - beta1 ** state["step"].item()))
