"""NAdam."""
import math
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, check_betas


class NAdam(PerParameterOptimizer):
    """Adam with Nesterov momentum (Dozat, 2016), whose momentum grows by a schedule."""

    _dense_only = "NAdam"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3, foreach=None):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("epsilon value", eps)
        check_betas(betas)
        check_at_least_zero("weight_decay value", weight_decay)
        check_at_least_zero("momentum_decay value", momentum_decay)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
                                      foreach=foreach))

    def _update(self, param, grad, group):
        beta1, beta2 = group["betas"]
        lr, decay = group["lr"], group["momentum_decay"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = torch.tensor(0.0)
            state["mu_product"] = torch.tensor(1.0)
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        state["step"] += 1
        step, average, square = state["step"].item(), state["exp_avg"], state["exp_avg_sq"]
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        mu = beta1 * (1.0 - 0.5 * (0.96 ** (step * decay)))
        next_mu = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * decay)))
        state["mu_product"] *= mu
        product = state["mu_product"].item()
        # PyTorch 1.13 multiplies by mu once more here.
        next_product = (state["mu_product"] * mu * next_mu).item()
        average.mul_(beta1).add_(grad, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        denominator = square.div(1 - beta2 ** step).sqrt().add_(group["eps"])
        param.addcdiv_(grad, denominator, value=-lr * (1.0 - mu) / (1.0 - product))
        param.addcdiv_(average, denominator, value=-lr * next_mu / (1.0 - next_product))
