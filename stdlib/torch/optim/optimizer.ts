"""The base of all optimisers: parameter groups, state, saving and loading."""
from collections import OrderedDict, defaultdict
from copy import deepcopy
from itertools import chain
import torch


class _Required:
    """Stands for a group option that has no default."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()


class Optimizer:
    """params: an iterable of tensors or of dicts with a key "params" and options of that group; defaults: the options' defaults."""

    def __init__(self, params, defaults):
        self.defaults = defaults
        if isinstance(params, torch.Tensor):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                            + torch.typename(params))
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if len(groups) == 0:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)

    def __repr__(self):
        text = self.__class__.__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += "\nParameter Group {}\n".format(i)
            for key in sorted(group.keys()):
                if key != "params":
                    text += "    {}: {}\n".format(key, group[key])
        return text + ")"

    def state_dict(self):
        """State and groups as plain data; parameters are numbered in the order of their groups."""
        numbers = {}

        def pack(group):
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            return packed

        groups = [pack(group) for group in self.param_groups]
        state = {(numbers[id(k)] if isinstance(k, torch.Tensor) else k): v for k, v in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave; tensors are cast to their parameter's dtype and device."""
        state_dict = deepcopy(state_dict)
        groups, saved = self.param_groups, state_dict["param_groups"]
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, saved)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        params = dict(zip(chain.from_iterable(g["params"] for g in saved), chain.from_iterable(g["params"] for g in groups)))

        def cast(param, value, key=None):
            if isinstance(value, torch.Tensor):
                if key == "step":
                    return value
                if param.is_floating_point():
                    return value.to(dtype=param.dtype, device=param.device)
                return value.to(device=param.device)
            if isinstance(value, dict):
                return {k: cast(param, v, key=k) for k, v in value.items()}
            if isinstance(value, (list, tuple)):
                return type(value)(cast(param, v) for v in value)
            return value

        state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = cast(params[key], value)
            else:
                state[key] = value

        def merge(group, new):
            new["params"] = group["params"]
            return new

        self.__setstate__({"state": state, "param_groups": [merge(g, s) for g, s in zip(groups, saved)]})

    def zero_grad(self, set_to_none=False):
        """Zeroes the gradients of all parameters (or drops them)."""
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                else:
                    if grad.grad_fn is not None:
                        grad.detach_()
                    else:
                        grad.requires_grad_(False)
                    grad.zero_()

    def step(self, closure=None):
        """One step of optimisation; a closure computes the loss again."""
        raise NotImplementedError

    def add_param_group(self, param_group):
        """Adds a dict with a key "params" and options; options that are not given get their defaults."""
        if not isinstance(param_group, dict):
            raise AssertionError("param group must be a dict")
        params = param_group["params"]
        if isinstance(params, torch.Tensor):
            param_group["params"] = [params]
        elif isinstance(params, set):
            raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                            "sets will change between runs. Please use a list instead.")
        else:
            param_group["params"] = list(params)
        for param in param_group["params"]:
            if not isinstance(param, torch.Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + torch.typename(param))
            if not self.defaults.get("differentiable", None) and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError("parameter group didn't specify a value of required optimization parameter " + name)
            param_group.setdefault(name, default)
        params = param_group["params"]
        if len(params) != len(set(params)):
            import warnings
            warnings.warn("optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                          "see github.com/pytorch/pytorch/issues/40967 for more information", stacklevel=3)
        seen = set()
        for group in self.param_groups:
            seen.update(group["params"])
        if not seen.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def _run_closure(self, closure):
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()


class PerParameterOptimizer(Optimizer):
    """An optimiser whose step treats each parameter alone: subclasses say how in _update(param, grad, group)."""

    _dense_only = None  # the name in the error that sparse gradients raise; None: they are allowed
    _instead = ""  # what else it says

    def step(self, closure=None):
        """One step for each parameter that has a gradient; closure: computes the loss again, which is then the result."""
        loss = self._run_closure(closure)
        # differentiable=True records the update itself, for optimisation through the optimiser.
        with torch.set_grad_enabled(self.defaults.get("differentiable", False)):
            for group in self.param_groups:
                maximize = group.get("maximize", False)
                for param in group["params"]:
                    grad = param.grad
                    if grad is not None:
                        if self._dense_only is not None and grad.is_sparse:
                            raise RuntimeError(f"{self._dense_only} does not support sparse gradients{self._instead}")
                        self._update(param, -grad if maximize else grad, group)
        return loss

    def _update(self, param, grad, group):
        raise NotImplementedError


def real_views(*tensors):
    """Complex tensors as real ones with a last dimension of 2, so that moments are taken of real and imaginary parts apart."""
    return [torch.view_as_real(t) if t.is_complex() else t for t in tensors]


def check_at_least_zero(name, value):
    """ValueError as all optimisers word it, unless value >= 0."""
    if not 0.0 <= value:
        raise ValueError("Invalid {}: {}".format(name, value))


def check_betas(betas):
    for i in (0, 1):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError("Invalid beta parameter at index {}: {}".format(i, betas[i]))
