"""L-BFGS."""
from functools import reduce
import torch
from torch.optim.optimizer import Optimizer


def _cubic_minimum(x1, f1, g1, x2, f2, g2, bounds=None):
    """Where the cubic through two points with values and slopes is least, within bounds (default: between the points).

    Nocedal and Wright, Numerical Optimization, equation (3.59)."""
    low, high = bounds if bounds is not None else ((x1, x2) if x1 <= x2 else (x2, x1))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 ** 2 - g1 * g2
    if square >= 0:
        d2 = square.sqrt()
        if x1 <= x2:
            at = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
        else:
            at = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
        return min(max(at, low), high)
    return (low + high) / 2.0


def _strong_wolfe(evaluate, x, t, d, f, g, slope, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_steps=25):
    """A step length along d that meets the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6).

    evaluate(x, t, d) gives value and flat gradient at x + t d; f, g, slope are those at x. Returns value, gradient, length and the
    number of evaluations."""
    d_norm = d.abs().max()
    g = g.clone(memory_format=torch.contiguous_format)
    f_new, g_new = evaluate(x, t, d)
    evaluations = 1
    slope_new = g_new.dot(d)

    # First bracket such a length.
    t_prev, f_prev, g_prev, slope_prev = 0, f, g, slope
    done = False
    steps = 0
    while steps < max_steps:
        if f_new > (f + c1 * t * slope) or (steps > 1 and f_new >= f_prev):
            bracket, values = [t_prev, t], [f_prev, f_new]
            gradients, slopes = [g_prev, g_new.clone(memory_format=torch.contiguous_format)], [slope_prev, slope_new]
            break
        if abs(slope_new) <= -c2 * slope:
            bracket, values, gradients = [t], [f_new], [g_new]
            done = True
            break
        if slope_new >= 0:
            bracket, values = [t_prev, t], [f_prev, f_new]
            gradients, slopes = [g_prev, g_new.clone(memory_format=torch.contiguous_format)], [slope_prev, slope_new]
            break
        least = t + 0.01 * (t - t_prev)
        most = t * 10
        before = t
        t = _cubic_minimum(t_prev, f_prev, slope_prev, t, f_new, slope_new, bounds=(least, most))
        t_prev, f_prev, slope_prev = before, f_new, slope_new
        g_prev = g_new.clone(memory_format=torch.contiguous_format)
        f_new, g_new = evaluate(x, t, d)
        evaluations += 1
        slope_new = g_new.dot(d)
        steps += 1
    if steps == max_steps:
        bracket, values, gradients = [0, t], [f, f_new], [g, g_new]

    # Then narrow the bracket.
    no_progress = False
    low, high = (0, 1) if values[0] <= values[-1] else (1, 0)
    while not done and steps < max_steps:
        if abs(bracket[1] - bracket[0]) * d_norm < tolerance_change:
            break
        t = _cubic_minimum(bracket[0], values[0], slopes[0], bracket[1], values[1], slopes[1])
        # A minimum close to an end of the bracket is moved inwards when it happens twice, or when it is at the end.
        margin = 0.1 * (max(bracket) - min(bracket))
        if min(max(bracket) - t, t - min(bracket)) < margin:
            if no_progress or t >= max(bracket) or t <= min(bracket):
                t = max(bracket) - margin if abs(t - max(bracket)) < abs(t - min(bracket)) else min(bracket) + margin
                no_progress = False
            else:
                no_progress = True
        else:
            no_progress = False
        f_new, g_new = evaluate(x, t, d)
        evaluations += 1
        slope_new = g_new.dot(d)
        steps += 1
        if f_new > (f + c1 * t * slope) or f_new >= values[low]:
            bracket[high], values[high] = t, f_new
            gradients[high], slopes[high] = g_new.clone(memory_format=torch.contiguous_format), slope_new
            low, high = (0, 1) if values[0] <= values[1] else (1, 0)
        else:
            if abs(slope_new) <= -c2 * slope:
                done = True
            elif slope_new * (bracket[high] - bracket[low]) >= 0:
                bracket[high], values[high] = bracket[low], values[low]
                gradients[high], slopes[high] = gradients[low], slopes[low]
            bracket[low], values[low] = t, f_new
            gradients[low], slopes[low] = g_new.clone(memory_format=torch.contiguous_format), slope_new
    best = low if len(bracket) > 1 else 0
    return values[best], gradients[best], bracket[best], evaluations


class LBFGS(Optimizer):
    """Limited-memory BFGS (Liu and Nocedal, 1989): one parameter group; step(closure) makes up to max_iter iterations."""

    def __init__(self, params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
                 line_search_fn=None):
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, dict(lr=lr, max_iter=max_iter, max_eval=max_eval, tolerance_grad=tolerance_grad,
                                      tolerance_change=tolerance_change, history_size=history_size,
                                      line_search_fn=line_search_fn))
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]
        self._numel_cache = None

    def _numel(self):
        if self._numel_cache is None:
            self._numel_cache = reduce(lambda total, p: total + p.numel(), self._params, 0)
        return self._numel_cache

    def _gather_flat_grad(self):
        views = []
        for p in self._params:
            if p.grad is None:
                views.append(p.new(p.numel()).zero_())
            elif p.grad.is_sparse:
                views.append(p.grad.to_dense().view(-1))
            else:
                views.append(p.grad.view(-1))
        return torch.cat(views, 0)

    def _add_grad(self, step_size, update):
        offset = 0
        for p in self._params:
            count = p.numel()
            p.add_(update[offset:offset + count].view_as(p), alpha=step_size)
            offset += count
        assert offset == self._numel()

    def _clone_param(self):
        return [p.clone(memory_format=torch.contiguous_format) for p in self._params]

    def _set_param(self, values):
        for p, value in zip(self._params, values):
            p.copy_(value)

    def _directional_evaluate(self, closure, x, t, d):
        self._add_grad(t, d)
        loss = float(closure())
        flat_grad = self._gather_flat_grad()
        self._set_param(x)
        return loss, flat_grad

    @torch.no_grad()
    def step(self, closure):
        """closure: clears the gradients, computes the loss, calls backward and returns the loss. Returns the first loss."""
        assert len(self.param_groups) == 1
        closure = torch.enable_grad()(closure)
        group = self.param_groups[0]
        lr, max_iter, max_eval = group["lr"], group["max_iter"], group["max_eval"]
        tolerance_grad, tolerance_change = group["tolerance_grad"], group["tolerance_change"]
        line_search, history_size = group["line_search_fn"], group["history_size"]

        # The state of all is kept with the first parameter.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        flat_grad = self._gather_flat_grad()
        if flat_grad.abs().max() <= tolerance_grad:
            return first_loss

        d, t = state.get("d"), state.get("t")
        old_dirs, old_steps, ro = state.get("old_dirs"), state.get("old_stps"), state.get("ro")
        scale = state.get("H_diag")
        previous_grad, previous_loss = state.get("prev_flat_grad"), state.get("prev_loss")

        iterations = 0
        while iterations < max_iter:
            iterations += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d = flat_grad.neg()
                old_dirs, old_steps, ro = [], [], []
                scale = 1
            else:
                y = flat_grad.sub(previous_grad)
                s = d.mul(t)
                ys = y.dot(s)
                if ys > 1e-10:
                    if len(old_dirs) == history_size:
                        old_dirs.pop(0)
                        old_steps.pop(0)
                        ro.pop(0)
                    old_dirs.append(y)
                    old_steps.append(s)
                    ro.append(1.0 / ys)
                    scale = ys / y.dot(y)
                # The two-loop recursion: the inverse Hessian of the history times the gradient.
                count = len(old_dirs)
                if "al" not in state:
                    state["al"] = [None] * history_size
                al = state["al"]
                q = flat_grad.neg()
                for i in range(count - 1, -1, -1):
                    al[i] = old_steps[i].dot(q) * ro[i]
                    q.add_(old_dirs[i], alpha=-al[i])
                d = r = torch.mul(q, scale)
                for i in range(count):
                    beta = old_dirs[i].dot(r) * ro[i]
                    r.add_(old_steps[i], alpha=al[i] - beta)
            if previous_grad is None:
                previous_grad = flat_grad.clone(memory_format=torch.contiguous_format)
            else:
                previous_grad.copy_(flat_grad)
            previous_loss = loss

            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / flat_grad.abs().sum()) * lr
            else:
                t = lr
            slope = flat_grad.dot(d)
            if slope > -tolerance_change:
                break

            used = 0
            if line_search is not None:
                if line_search != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                start = self._clone_param()

                def evaluate(x, t, d):
                    return self._directional_evaluate(closure, x, t, d)

                loss, flat_grad, t, used = _strong_wolfe(evaluate, start, t, d, loss, flat_grad, slope)
                self._add_grad(t, d)
                converged = flat_grad.abs().max() <= tolerance_grad
            else:
                self._add_grad(t, d)
                converged = False
                if iterations != max_iter:
                    # The closure is called once more per iteration but the last: a loss nobody looks at costs as much as any.
                    with torch.enable_grad():
                        loss = float(closure())
                    flat_grad = self._gather_flat_grad()
                    converged = flat_grad.abs().max() <= tolerance_grad
                    used = 1
            evaluations += used
            state["func_evals"] += used

            if iterations == max_iter or evaluations >= max_eval or converged:
                break
            if d.mul(t).abs().max() <= tolerance_change or abs(loss - previous_loss) < tolerance_change:
                break

        state["d"], state["t"] = d, t
        state["old_dirs"], state["old_stps"], state["ro"] = old_dirs, old_steps, ro
        state["H_diag"] = scale
        state["prev_flat_grad"], state["prev_loss"] = previous_grad, previous_loss
        return first_loss
