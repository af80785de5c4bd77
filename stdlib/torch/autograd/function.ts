"""Functions with a backward of one's own: torch.autograd.Function."""
import functools
import torch
import _torch_c as _C


class FunctionCtx:
    """What forward leaves for backward."""

    def __init__(self):
        self._to_save = None
        self._non_differentiable = None
        self._dirty = None
        self._materialize = True
        self._link = None
        self.needs_input_grad = ()

    def save_for_backward(self, *tensors):
        self._to_save = tensors

    def save_for_forward(self, *tensors):
        pass

    def mark_dirty(self, *args):
        self._dirty = args

    def mark_non_differentiable(self, *args):
        self._non_differentiable = args

    def set_materialize_grads(self, value):
        self._materialize = value

    @property
    def saved_tensors(self):
        return _C._saved_tensors(self)

    saved_variables = saved_tensors

    @property
    def next_functions(self):
        return () if self._link is None else self._link.next_functions

    def name(self):
        return type(self).__name__

    def __repr__(self):
        return f"<torch.autograd.function.{type(self).__name__} object at {hex(id(self))}>"


class BackwardCFunction(FunctionCtx):
    """The context of one call, and what grad_fn shows for it."""

    def _run_backward(self, *grads):
        cls = self._function
        if cls.backward is not Function.backward and cls.vjp is not Function.vjp:
            raise RuntimeError("Implementing both 'backward' and 'vjp' for a custom Function is not allowed. "
                               "You should only implement one of them.")
        fn = cls.vjp if cls.vjp is not Function.vjp else cls.backward
        return fn(self, *grads)

    def apply(self, *grads):
        return self._run_backward(*grads)


class Function:
    """Base of functions that define forward and backward as static methods; called through apply."""

    def __init__(self, *args, **kwargs):
        import warnings
        warnings.warn(f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
                      "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
                      "version of PyTorch.", DeprecationWarning)

    def __call__(self, *args, **kwargs):
        raise RuntimeError("Legacy autograd function with non-static forward method is deprecated. Please use new-style "
                           "autograd function with static forward method. "
                           "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")

    @staticmethod
    def forward(ctx, *args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function to "
                                  "use it with backward mode AD.")

    vjp = backward

    @classmethod
    def apply(cls, *args):
        backward_cls = cls.__dict__.get("_backward_cls")
        if backward_cls is None:
            backward_cls = type(cls.__name__ + "Backward", (BackwardCFunction,), {"_function": cls})
            cls._backward_cls = backward_cls
        ctx = backward_cls()
        ctx.needs_input_grad = tuple(isinstance(a, torch.Tensor) and a.requires_grad for a in args)
        needs = torch.is_grad_enabled() and any(ctx.needs_input_grad)
        with torch.no_grad():
            outputs = cls.forward(ctx, *args)
        if isinstance(outputs, list):
            outputs = tuple(outputs)
        if ctx._to_save is not None:
            for i, value in enumerate(ctx._to_save):
                if value is not None and not isinstance(value, torch.Tensor):
                    raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {type(value).__name__}")
        return _C._record_function(ctx, cls.__name__ + "Backward", args, outputs, needs)


Function.vjp = Function.backward


def once_differentiable(fn):
    """A backward that cannot be differentiated again: doing so raises."""

    @functools.wraps(fn)
    def wrapper(ctx, *args):
        with torch.no_grad():
            outputs = fn(ctx, *args)
        if not torch.is_grad_enabled():
            return outputs
        if not any(isinstance(a, torch.Tensor) and a.requires_grad for a in args):
            return outputs
        single = not isinstance(outputs, tuple)
        values = (outputs,) if single else outputs
        tensors = _C._delayed_error("trying to differentiate twice a function that was marked with @once_differentiable",
                                    tuple(v for v in values if isinstance(v, torch.Tensor)))
        rest = iter(tensors)
        values = tuple(next(rest) if isinstance(v, torch.Tensor) else v for v in values)
        return values[0] if single else values

    return wrapper


def traceable(fn_cls):
    fn_cls.is_traceable = True
    return fn_cls


class InplaceFunction(Function):
    """Base of functions that may work in place (older programs)."""

    def __init__(self, inplace=False):
        self.inplace = inplace
