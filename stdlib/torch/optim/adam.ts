"""Adam and AdamW."""
import math
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, check_betas, real_views


class Adam(PerParameterOptimizer):
    """Adam (Kingma and Ba, 2014): moving averages of the gradient and of its square, corrected for their start at zero."""

    _decoupled = False  # AdamW: weight decay acts on the parameter itself
    _dense_only = "Adam"
    _instead = ", please consider SparseAdam instead"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None,
                 maximize=False, capturable=False, differentiable=False, fused=False):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("epsilon value", eps)
        check_betas(betas)
        check_at_least_zero("weight_decay value", weight_decay)
        super().__init__(params, self._defaults(lr, betas, eps, weight_decay, amsgrad, foreach, maximize, capturable,
                                                differentiable, fused))

    def _defaults(self, lr, betas, eps, weight_decay, amsgrad, foreach, maximize, capturable, differentiable, fused):
        return dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
                    foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused)

    def _update(self, param, grad, group):
        beta1, beta2 = group["betas"]
        lr, weight_decay = group["lr"], group["weight_decay"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = torch.zeros_like(param)
        state["step"] += 1
        step = state["step"].item()
        if weight_decay != 0:
            if self._decoupled:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(param, alpha=weight_decay)
        average, square = state["exp_avg"], state["exp_avg_sq"]
        if param.is_complex():
            param, grad, average, square = real_views(param, grad, average, square)
        average.mul_(beta1).add_(grad, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        if group["amsgrad"]:
            largest, = real_views(state["max_exp_avg_sq"])
            torch.maximum(largest, square, out=largest)
            square = largest
        denominator = (square.sqrt() / math.sqrt(1 - beta2 ** step)).add_(group["eps"])
        param.addcdiv_(average, denominator, value=-lr / (1 - beta1 ** step))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017)."""

    _decoupled = True
    _dense_only = "AdamW"
    _instead = ""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False,
                 foreach=None, capturable=False):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, foreach=foreach,
                         capturable=capturable)

    def _defaults(self, lr, betas, eps, weight_decay, amsgrad, foreach, maximize, capturable, differentiable, fused):
        return dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, foreach=foreach,
                    maximize=maximize, capturable=capturable)
