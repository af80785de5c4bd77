"""RAdam."""
import math
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, check_betas


class RAdam(PerParameterOptimizer):
    """Rectified Adam (Liu and others, 2019): plain momentum until the squares' average has a variance that can be told."""

    _dense_only = "RAdam"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("epsilon value", eps)
        check_betas(betas)
        check_at_least_zero("weight_decay value", weight_decay)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, foreach=foreach))

    def _update(self, param, grad, group):
        beta1, beta2 = group["betas"]
        lr = group["lr"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        state["step"] += 1
        step, average, square = state["step"].item(), state["exp_avg"], state["exp_avg_sq"]
        correction1, correction2 = 1 - beta1 ** step, 1 - beta2 ** step
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        average.mul_(beta1).add_(grad, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        corrected = average / correction1
        # The length of the simple moving average that the squares' average stands for, at its limit and now.
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * step * (beta2 ** step) / correction2
        if length > 5.0:
            rectification = math.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
            adaptive = math.sqrt(correction2) / square.sqrt().add_(group["eps"])
            param.add_(corrected * lr * adaptive * rectification, alpha=-1.0)
        else:
            param.add_(corrected * lr, alpha=-1.0)
