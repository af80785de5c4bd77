"""RMSprop."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, real_views


class RMSprop(PerParameterOptimizer):
    """RMSprop (Hinton, 2012): the gradient over the root of its moving mean square; centered: over its deviation."""

    _dense_only = "RMSprop"

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, foreach=None,
                 maximize=False, differentiable=False):
        check_at_least_zero("learning rate", lr)
        check_at_least_zero("epsilon value", eps)
        check_at_least_zero("momentum value", momentum)
        check_at_least_zero("weight_decay value", weight_decay)
        check_at_least_zero("alpha value", alpha)
        super().__init__(params, dict(lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered,
                                      weight_decay=weight_decay, foreach=foreach, maximize=maximize,
                                      differentiable=differentiable))

    def _update(self, param, grad, group):
        alpha, momentum = group["alpha"], group["momentum"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = 0
            state["square_avg"] = torch.zeros_like(param)
            if momentum > 0:
                state["momentum_buffer"] = torch.zeros_like(param)
            if group["centered"]:
                state["grad_avg"] = torch.zeros_like(param)
        state["step"] += 1
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        param, grad, square = real_views(param, grad, state["square_avg"])
        square.mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
        if group["centered"]:
            mean, = real_views(state["grad_avg"])
            mean.mul_(alpha).add_(grad, alpha=1 - alpha)
            deviation = square.addcmul(mean, mean, value=-1).sqrt_()
        else:
            deviation = square.sqrt()
        deviation = deviation.add_(group["eps"])
        if momentum > 0:
            buffer, = real_views(state["momentum_buffer"])
            buffer.mul_(momentum).addcdiv_(grad, deviation)
            param.add_(buffer, alpha=-group["lr"])
        else:
            param.addcdiv_(grad, deviation, value=-group["lr"])
