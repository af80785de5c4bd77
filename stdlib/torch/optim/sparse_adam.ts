"""Adam for sparse gradients."""
import math
import torch
from torch.optim.optimizer import PerParameterOptimizer, check_betas


class SparseAdam(PerParameterOptimizer):
    """Adam whose moments move only for the rows that a sparse gradient names."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        if not 0.0 < lr:
            raise ValueError("Invalid learning rate: {}".format(lr))
        if not 0.0 < eps:
            raise ValueError("Invalid epsilon value: {}".format(eps))
        check_betas(betas)
        params = list(params)
        sparse = []
        for index, param in enumerate(params):
            if isinstance(param, dict):
                for i, p in enumerate(param.get("params", [])):
                    if p.is_sparse:
                        sparse.append([index, i])
            elif param.is_sparse:
                sparse.append(index)
        if sparse:
            raise ValueError("Sparse params at indices {}: SparseAdam requires dense parameter tensors".format(sparse))
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, maximize=maximize))

    def _update(self, param, grad, group):
        if not grad.is_sparse:
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        beta1, beta2 = group["betas"]
        state = self.state[param]
        if len(state) == 0:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        state["step"] += 1
        grad = grad.coalesce()
        indices, values, size = grad._indices(), grad._values(), grad.size()
        if values.numel() == 0:
            return
        average, square = state["exp_avg"], state["exp_avg_sq"]

        def rows(v):
            return torch.sparse_coo_tensor(indices, v, size, dtype=grad.dtype, device=grad.device)

        # The moments are kept dense; only the change of the named rows is computed.
        old_average = average.sparse_mask(grad)._values()
        change = values.sub(old_average).mul_(1 - beta1)
        average.add_(rows(change))
        old_square = square.sparse_mask(grad)._values()
        square_change = values.pow(2).sub_(old_square).mul_(1 - beta2)
        square.add_(rows(square_change))
        numerator = change.add_(old_average)
        denominator = square_change.add_(old_square).sqrt_().add_(group["eps"])
        step_size = group["lr"] * math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
        param.add_(rows(-step_size * numerator.div_(denominator)))
