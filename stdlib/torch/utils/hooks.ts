"""Handles of registered hooks, and the backward hooks of modules."""
import torch

_next_id = 0


class RemovableHandle:
    """What registering a hook returns: remove() takes it out again; also a context manager."""

    def __init__(self, hooks):
        global _next_id
        self._hooks = hooks
        self.id = _next_id
        _next_id += 1

    def remove(self):
        if self.id in self._hooks:
            del self._hooks[self.id]

    def __enter__(self):
        return self

    def __exit__(self, type, value, traceback):
        self.remove()


class BackwardHook:
    """Watches the gradients at a module's outputs and inputs during one backward pass and calls the module's hooks.

    Inputs and outputs go through an identity function whose backward sees all their gradients together.
    """

    def __init__(self, module, hooks):
        self.module = module
        self.hooks = hooks
        self.grad_outputs = None
        self.input_count = 0
        self.input_indexes = []

    def _through(self, values, on_grads):
        """values with its tensors passed through one identity node whose backward calls on_grads."""
        tensors = [v for v in values if isinstance(v, torch.Tensor)]
        if not any(t.requires_grad for t in tensors) or not torch.is_grad_enabled():
            return values, None

        class Watch(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *inputs):
                return tuple(t.view_as(t) for t in inputs)

            @staticmethod
            def backward(ctx, *grads):
                return on_grads(grads)

        Watch.__name__ = "BackwardHookFunction"
        passed = iter(Watch.apply(*tensors))
        return tuple(next(passed) if isinstance(v, torch.Tensor) else v for v in values), tensors

    def _spread(self, grads, indexes, count):
        full = [None] * count
        for index, grad in zip(indexes, grads):
            full[index] = grad
        return tuple(full)

    def setup_input_hook(self, args):
        indexes = [i for i, v in enumerate(args) if isinstance(v, torch.Tensor)]
        self.input_count = len(args)
        self.input_indexes = indexes

        def on_grads(grads):
            full = self._spread(grads, indexes, self.input_count)
            for hook in self.hooks:
                result = hook(self.module, full, self.grad_outputs)
                if result is not None:
                    full = result if isinstance(result, tuple) else (result,)
            self.grad_outputs = None
            return tuple(full[i] for i in indexes)

        passed, self.watched_inputs = self._through(args, on_grads)
        return passed

    def setup_output_hook(self, result):
        is_tuple = isinstance(result, tuple)
        values = result if is_tuple else (result,)
        indexes = [i for i, v in enumerate(values) if isinstance(v, torch.Tensor)]

        count = len(values)  # (the tensors themselves would close a circle through their nodes)

        def on_grads(grads):
            self.grad_outputs = self._spread(grads, indexes, count)
            if self.watched_inputs is None:  # no input needs a gradient: the hooks run here
                for hook in self.hooks:
                    changed = hook(self.module, self._spread((), (), self.input_count), self.grad_outputs)
                    if changed is not None:
                        raise RuntimeError("Backward hook for Modules where no input requires gradient should always return "
                                           "None or None for all gradients.")
                self.grad_outputs = None
            return grads

        values, _ = self._through(values, on_grads)
        return values if is_tuple else values[0]


class TensorHookHandle:
    """What tensor.register_hook returns."""

    def __init__(self, tensor, id):
        self._tensor = tensor
        self.id = id

    def remove(self):
        if self._tensor is not None:
            self._tensor._remove_hook(self.id)
            self._tensor = None

    def __enter__(self):
        return self

    def __exit__(self, type, value, traceback):
        self.remove()


class _NodeHookHandle:
    """What grad_fn.register_hook returns."""

    def __init__(self, node, id):
        self._node = node
        self.id = id

    def remove(self):
        if self._node is not None:
            self._node._remove_hook(self.id)
            self._node = None

    def __enter__(self):
        return self

    def __exit__(self, type, value, traceback):
        self.remove()


def _register_node_hook(node, hook):
    return _NodeHookHandle(node, node._add_hook(hook))
