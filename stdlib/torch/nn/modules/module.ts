"""torch.nn.Module: the base class of all networks.

A module's parameters, buffers and submodules are ordinary attributes: slots of the instance, each marked with what it is.
The native module `_nn` keeps the marks: it sorts attribute stores (a Parameter becomes a parameter, a Module a submodule), and
`_parameters`, `_buffers` and `_modules` are mappings that show the slots of one mark in order of registration.
"""
import functools
import _nn
import torch
from collections import OrderedDict, namedtuple
from torch.nn.parameter import Parameter, UninitializedParameter
from torch.utils.hooks import RemovableHandle

_IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class _KeyReport(_IncompatibleKeys):
    """What load_state_dict returns: prints as a remark when every key matched."""

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


_KeyReport.__name__ = _KeyReport.__qualname__ = "_IncompatibleKeys"


def _indent(text, spaces):
    first, *rest = text.split("\n")
    return "\n".join([first] + [" " * spaces + line for line in rest])


_NONE = OrderedDict()  # stands for the hooks of a module that has none; never changed


_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_full_backward_hooks", "_state_dict_hooks", "_load_state_dict_pre_hooks",
          "_load_state_dict_post_hooks")


class _GlobalHooks(OrderedDict):
    """Hooks of one kind for all modules. While there is any, no call goes straight to forward."""

    def __setitem__(self, key, hook):
        super().__setitem__(key, hook)
        _nn.set_global_hooks(True)

    def __delitem__(self, key):
        super().__delitem__(key)
        _nn.set_global_hooks(bool(_global_forward_pre_hooks or _global_forward_hooks or _global_backward_hooks))


_global_forward_pre_hooks, _global_forward_hooks, _global_backward_hooks = _GlobalHooks(), _GlobalHooks(), _GlobalHooks()


def _register_global(hooks, hook):
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def register_module_forward_pre_hook(hook):
    """hook(module, args) runs before the forward of every module."""
    return _register_global(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook):
    """hook(module, args, output) runs after the forward of every module."""
    return _register_global(_global_forward_hooks, hook)


def register_module_full_backward_hook(hook):
    """hook(module, grad_input, grad_output) runs when the gradients of the inputs of any module are known."""
    return _register_global(_global_backward_hooks, hook)


register_module_backward_hook = register_module_full_backward_hook


class Module:
    dump_patches = False
    _version = 1
    training: bool
    _forward_pre_hooks = _forward_hooks = _full_backward_hooks = _old_backward_hooks = _NONE
    _state_dict_hooks = _load_state_dict_pre_hooks = _load_state_dict_post_hooks = _NONE
    _non_persistent_buffers_set = frozenset()

    def __init__(self):
        self.training = True

    # --- what belongs to a module ---

    @property
    def _parameters(self):
        return _nn.parameters(self)

    @property
    def _buffers(self):
        return _nn.buffers(self)

    @property
    def _modules(self):
        return _nn.submodules(self)

    def forward(self, *args):
        raise NotImplementedError(f"Module [{type(self).__name__}] is missing the required \"forward\" function")

    def register_buffer(self, name, tensor, persistent=True):
        """Adds a tensor that is part of the state but not trained; with persistent=False it stays out of state_dict."""
        self._check_new_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, torch.Tensor):
            raise TypeError(f"cannot assign '{torch.typename(tensor)}' object to buffer '{name}' "
                            "(torch Tensor or None required)")
        _nn.register_buffer(self, name, tensor)
        if persistent != (name not in self._non_persistent_buffers_set):
            self._non_persistent_buffers_set = self._non_persistent_buffers_set ^ {name}

    def register_parameter(self, name, param):
        """Adds a parameter, or reserves its name with None."""
        self._check_new_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(f"cannot assign '{torch.typename(param)}' object to parameter '{name}' "
                                "(torch.nn.Parameter or None required)")
            if param.grad_fn:
                raise ValueError(f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                                 f"explicitly. To express '{name}' as a function of another Tensor, compute the value in "
                                 "the forward() method.")
        _nn.register_parameter(self, name, param)

    def add_module(self, name, module):
        """Adds a submodule, or reserves its name with None."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{torch.typename(module)} is not a Module subclass")
        if not isinstance(name, str):
            raise TypeError(f"module name should be a string. Got {torch.typename(name)}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f"module name can't contain \".\", got: {name}")
        if name == "":
            raise KeyError("module name can't be empty string \"\"")
        _nn.register_module(self, name, module)

    register_module = add_module

    def _check_new_name(self, kind, name, known):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {torch.typename(name)}")
        if "." in name:
            raise KeyError(f"{kind} name can't contain \".\"")
        if name == "":
            raise KeyError(f"{kind} name can't be empty string \"\"")
        if hasattr(self, name) and name not in known:
            raise KeyError(f"attribute '{name}' already exists")

    def get_submodule(self, target):
        """The submodule at a dotted path; "" is the module itself."""
        module = self
        if target == "":
            return module
        for item in target.split("."):
            if not hasattr(module, item):
                raise AttributeError(module._get_name() + " has no attribute `" + item + "`")
            module = getattr(module, item)
            if not isinstance(module, Module):
                raise AttributeError("`" + item + "` is not an nn.Module")
        return module

    def get_parameter(self, target):
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(module._get_name() + " has no attribute `" + name + "`")
        param = getattr(module, name)
        if not isinstance(param, Parameter):
            raise AttributeError("`" + name + "` is not an nn.Parameter")
        return param

    def get_buffer(self, target):
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(module._get_name() + " has no attribute `" + name + "`")
        if name not in module._buffers:
            raise AttributeError("`" + name + "` is not a buffer")
        return getattr(module, name)

    # --- walking ---

    def _members(self, members_of, prefix, recurse):
        seen = set()
        modules = self.named_modules(prefix=prefix) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in members_of(module).items():
                if value is None or id(value) in seen:
                    continue
                seen.add(id(value))
                yield path + ("." if path else "") + name, value

    def parameters(self, recurse=True):
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(self, prefix="", recurse=True):
        yield from self._members(_nn.parameters, prefix, recurse)

    def buffers(self, recurse=True):
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(self, prefix="", recurse=True):
        yield from self._members(_nn.buffers, prefix, recurse)

    def children(self):
        for _, module in self.named_children():
            yield module

    def named_children(self):
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self):
        for _, module in self.named_modules():
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, prefix + ("." if prefix else "") + name, remove_duplicate)

    # --- changing all at once ---

    def apply(self, fn):
        """Calls fn on every submodule, then on the module itself."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn):
        for module in self.children():
            module._apply(fn)
        for name, param in self._parameters.items():
            if param is None:
                continue
            with torch.no_grad():
                changed = fn(param)
                grad = None if param.grad is None else fn(param.grad)
            if changed is not param:
                param.data = changed
            if grad is not None:
                param.grad = grad.requires_grad_(param.grad.requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def cuda(self, device=None):
        return self._apply(lambda t: t.cuda(device))

    def cpu(self):
        return self._apply(lambda t: t.cpu())

    def type(self, dst_type):
        return self._apply(lambda t: t.type(dst_type))

    def float(self):
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self):
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self):
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self):
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def to_empty(self, *, device):
        return self._apply(lambda t: torch.empty_like(t, device=device))

    def to(self, *args, **kwargs):
        """to(device), to(dtype), to(tensor), to(memory_format=...): moves and casts parameters and buffers in place."""
        device, dtype, non_blocking, memory_format = torch._C._parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError("nn.Module.to only accepts floating point or complex dtypes, but got desired "
                            f"dtype={dtype}")

        def convert(t):
            cast = dtype if dtype is not None and (t.is_floating_point() or t.is_complex()) else None
            if memory_format is not None and t.dim() in (4, 5):
                return t.to(device, cast, non_blocking, memory_format=memory_format)
            return t.to(device, cast, non_blocking)

        return self._apply(convert)

    def train(self, mode=True):
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=False):
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                if param.grad.grad_fn is not None:
                    param.grad.detach_()
                else:
                    param.grad.requires_grad_(False)
                param.grad.zero_()

    def share_memory(self):
        return self._apply(lambda t: t.share_memory_())

    # --- calls and hooks ---

    def _hooks(self, name):
        """The hooks of one kind: an ordered dict made when the first is registered."""
        hooks = getattr(self, name)
        if hooks is _NONE:
            hooks = OrderedDict()
            setattr(self, name, hooks)
            _nn.set_has_hooks(self)
        return hooks

    def register_forward_pre_hook(self, hook):
        """hook(module, args) runs before forward and may return other arguments."""
        return self._register_hook("_forward_pre_hooks", hook)

    def register_forward_hook(self, hook):
        """hook(module, args, output) runs after forward and may return another output."""
        return self._register_hook("_forward_hooks", hook)

    def register_full_backward_hook(self, hook):
        """hook(module, grad_input, grad_output) runs when the gradients of the inputs are known."""
        if len(self._old_backward_hooks) > 0:
            raise RuntimeError("Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them.")
        return self._register_hook("_full_backward_hooks", hook)

    def register_backward_hook(self, hook):
        """The older kind of backward hook: it is told the gradients of the last operator that the module ran."""
        if len(self._full_backward_hooks) > 0:
            raise RuntimeError("Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them.")
        return self._register_hook("_old_backward_hooks", hook)

    def _register_hook(self, name, hook):
        hooks = self._hooks(name)
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def __call__(self, *args, **kwargs):
        return self._call_impl(*args, **kwargs)

    def __setattr__(self, name, value):
        _nn.set_attr(self, name, value)

    def _call_impl(self, *args, **kwargs):
        """A call of a module that has hooks; a module without any goes straight to forward."""
        for hook in [*_global_forward_pre_hooks.values(), *self._forward_pre_hooks.values()]:
            result = hook(self, args)
            if result is not None:
                args = result if isinstance(result, tuple) else (result,)
        backward_hooks = [*_global_backward_hooks.values(), *self._full_backward_hooks.values()]
        if backward_hooks:
            watcher = torch.utils.hooks.BackwardHook(self, backward_hooks)
            args = watcher.setup_input_hook(args)
        result = self.forward(*args, **kwargs)
        for hook in [*_global_forward_hooks.values(), *self._forward_hooks.values()]:
            changed = hook(self, args, result)
            if changed is not None:
                result = changed
        if backward_hooks:
            result = watcher.setup_output_hook(result)
        if len(self._old_backward_hooks) > 0:
            last = result
            while not isinstance(last, torch.Tensor):
                last = next(v for v in last.values() if isinstance(v, torch.Tensor)) if isinstance(last, dict) else last[0]
            if last.grad_fn is not None:
                for hook in self._old_backward_hooks.values():
                    last.grad_fn.register_hook(functools.partial(hook, self))
        return result

    # --- state ---

    def get_extra_state(self):
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state):
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        for name, param in self._parameters.items():
            if param is not None:
                destination[prefix + name] = param if keep_vars else param.detach()
        transient = self._non_persistent_buffers_set
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in transient:
                destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[prefix + "_extra_state"] = self.get_extra_state()

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """An ordered dict of all parameters and persistent buffers by dotted path."""
        if len(args) > 0:
            destination = args[0] if destination is None else destination
        if len(args) > 1 and prefix == "":
            prefix = args[1]
        if len(args) > 2 and keep_vars is False:
            keep_vars = args[2]
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars)
        for hook in list(self._state_dict_hooks.values()):
            result = hook(self, destination, prefix, metadata)
            if result is not None:
                destination = result
        return destination

    def _register_state_dict_hook(self, hook):
        return self._register_hook("_state_dict_hooks", hook)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        if with_module:
            return self._register_hook("_load_state_dict_pre_hooks", lambda *args: hook(self, *args))
        return self._register_hook("_load_state_dict_pre_hooks", hook)

    def register_load_state_dict_post_hook(self, hook):
        return self._register_hook("_load_state_dict_post_hooks", hook)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        transient = self._non_persistent_buffers_set
        own = [(n, p) for n, p in self._parameters.items() if p is not None]
        own += [(n, b) for n, b in self._buffers.items() if b is not None and n not in transient]
        for name, target in own:
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            value = state_dict[key]
            if not isinstance(value, torch.Tensor):
                error_msgs.append(f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object '
                                  f"from checkpoint but received {type(value)}")
                continue
            if target.dim() == 0 and value.dim() == 1 and len(value) == 1:
                value = value[0]  # checkpoints from before 0-dim tensors
            if value.shape != target.shape:
                error_msgs.append(f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                                  f"the shape in current model is {target.shape}.")
                continue
            try:
                with torch.no_grad():
                    target.copy_(value)
            except Exception as error:
                error_msgs.append(f'While copying the parameter named "{key}", whose dimensions in the model are '
                                  f"{target.size()} and whose dimensions in the checkpoint are {value.size()}, an exception "
                                  f"occurred : {error.args}.")
        extra_key = prefix + "_extra_state"
        if type(self).set_extra_state is not Module.set_extra_state:
            if extra_key in state_dict:
                self.set_extra_state(state_dict[extra_key])
            elif strict:
                missing_keys.append(extra_key)
        elif strict and extra_key in state_dict:
            unexpected_keys.append(extra_key)
        if strict:
            for key in state_dict.keys():
                if key.startswith(prefix) and key != extra_key:
                    name = key[len(prefix):].split(".", 1)[0]
                    if name not in self._modules and name not in self._parameters and (
                            name not in self._buffers or name in transient):
                        unexpected_keys.append(key)

    def load_state_dict(self, state_dict, strict=True):
        """Copies the values of a state_dict into this module; reports missing and unexpected keys."""
        if not isinstance(state_dict, dict) and not hasattr(state_dict, "keys"):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing, unexpected, errors = [], [], []
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = OrderedDict(state_dict)
        if metadata is not None:
            state_dict._metadata = metadata

        def load(module, prefix):
            local = {} if metadata is None else metadata.get(prefix[:-1], {})
            module._load_from_state_dict(state_dict, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    load(child, prefix + name + ".")
            report = _KeyReport(missing, unexpected)
            for hook in list(module._load_state_dict_post_hooks.values()):
                if hook(module, report) is not None:
                    raise AssertionError("Hooks registered with ``register_load_state_dict_post_hook`` are not expected to "
                                         "return new values, if incompatible_keys need to be modified, it should be done "
                                         "inplace.")

        load(self, "")
        if strict:
            if unexpected:
                errors.insert(0, "Unexpected key(s) in state_dict: {}. ".format(", ".join(f'"{k}"' for k in unexpected)))
            if missing:
                errors.insert(0, "Missing key(s) in state_dict: {}. ".format(", ".join(f'"{k}"' for k in missing)))
        if errors:
            raise RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(type(self).__name__, "\n\t".join(errors)))
        return _KeyReport(missing, unexpected)

    # --- copies and pickles ---

    def __getstate__(self):
        """The state as PyTorch's modules hold it in their __dict__: marked slots in mappings of their own."""
        state = {"training": self.training, "_parameters": OrderedDict(self._parameters),
                 "_buffers": OrderedDict(self._buffers),
                 "_non_persistent_buffers_set": set(self._non_persistent_buffers_set)}
        own = self.__dict__
        full, old = own.get("_full_backward_hooks"), own.get("_old_backward_hooks")
        state["_backward_hooks"] = full or old or OrderedDict()
        state["_is_full_backward_hook"] = True if full else False if old else None
        for name in _HOOKS:
            if name != "_full_backward_hooks":
                state[name] = own[name] if name in own else OrderedDict()
        state["_modules"] = OrderedDict(self._modules)
        for name, value in own.items():
            if name not in state and name not in ("_full_backward_hooks", "_old_backward_hooks"):
                state[name] = value
        return state

    def __setstate__(self, state):
        plain = dict(state)
        self.training = plain.pop("training", True)  # what Module.__init__ does: from here on the module takes parameters
        for name, value in plain.pop("_parameters", {}).items():
            _nn.register_parameter(self, name, value)
        for name, value in plain.pop("_buffers", {}).items():
            _nn.register_buffer(self, name, value)
        for name, value in plain.pop("_modules", {}).items():
            _nn.register_module(self, name, value)
        transient = plain.pop("_non_persistent_buffers_set", None)
        if transient:
            self._non_persistent_buffers_set = frozenset(transient)
        is_old = plain.pop("_is_full_backward_hook", None) is False
        plain["_old_backward_hooks" if is_old else "_full_backward_hooks"] = plain.pop("_backward_hooks", None)
        for name in (*_HOOKS, "_old_backward_hooks"):
            hooks = plain.pop(name, None)
            if hooks:
                setattr(self, name, hooks)
                _nn.set_has_hooks(self)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    # --- printing ---

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): " + _indent(repr(module), 2) for name, module in self._modules.items()]
        lines = extra_lines + child_lines
        text = self._get_name() + "("
        if lines:
            if len(extra_lines) == 1 and not child_lines:
                text += extra_lines[0]
            else:
                text += "\n  " + "\n  ".join(lines) + "\n"
        return text + ")"


_nn.set_module_class(Module)
