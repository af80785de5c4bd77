"""Stochastic gradient descent."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, required


class SGD(PerParameterOptimizer):
    """v = momentum * v + (1 - dampening) * g;  p -= lr * v   (nesterov: g + momentum * v instead of v)."""

    def __init__(self, params, lr=required, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False,
                 foreach=None, differentiable=False):
        if lr is not required and lr < 0.0:
            raise ValueError("Invalid learning rate: {}".format(lr))
        check_at_least_zero("momentum value", momentum)
        check_at_least_zero("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                                      nesterov=nesterov, maximize=maximize, foreach=foreach, differentiable=differentiable))

    def _update(self, param, grad, group):
        momentum = group["momentum"]
        state = self.state[param]
        buffer = state.get("momentum_buffer")
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        if momentum != 0:
            if buffer is None:
                buffer = torch.clone(grad).detach()
            else:
                buffer.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
            grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
        state["momentum_buffer"] = buffer
        param.add_(grad, alpha=-group["lr"])
