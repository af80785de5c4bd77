"""Rprop."""
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_at_least_zero, real_views


class Rprop(PerParameterOptimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993): each element's step grows while its gradient keeps its sign and
    shrinks when it changes; only the sign of the gradient counts."""

    _dense_only = "Rprop"

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), foreach=None, maximize=False):
        check_at_least_zero("learning rate", lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError("Invalid eta values: {}, {}".format(etas[0], etas[1]))
        super().__init__(params, dict(lr=lr, etas=etas, step_sizes=step_sizes, foreach=foreach, maximize=maximize))

    def _update(self, param, grad, group):
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = 0
            state["prev"] = torch.zeros_like(param)
            start = complex(group["lr"], group["lr"]) if param.is_complex() else group["lr"]
            state["step_size"] = torch.full_like(grad, start)
        state["step"] += 1
        param, grad, before, size = real_views(param, grad, state["prev"], state["step_size"])
        sign = grad.mul(before).sign()
        sign[sign.gt(0)] = grow
        sign[sign.lt(0)] = shrink
        sign[sign.eq(0)] = 1
        size.mul_(sign).clamp_(smallest, largest)
        grad = grad.clone()
        grad[sign.eq(shrink)] = 0  # after a change of sign the element rests for one step
        param.addcmul_(grad.sign(), size, value=-1)
        before.copy_(grad)
