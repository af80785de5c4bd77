"""torch: tensors, operators, and what is built on them.

Operators and types are native (torch._C); this module gives them their names. Submodules that few programs use are imported when
they are first asked for (see __getattr__).
"""
import _torch_c as _C
from _torch_c import (Generator, Parameter as _Parameter, Size, Tensor, TypedStorage, UntypedStorage, as_tensor, channels_last, channels_last_3d,
                      contiguous_format, device, dtype, get_default_dtype, is_grad_enabled, is_inference_mode_enabled, is_tensor,
                      can_cast, layout, memory_format, preserve_format, promote_types, result_type, sparse_coo, strided, tensor)
from _torch_c import (bfloat16, bool, complex64, complex128, float16, float32, float64, int8, int16, int32, int64, uint8)

from torch.torch_version import TorchVersion as _TorchVersion

__version__ = _TorchVersion("1.13.1")
half, float, double, cfloat, cdouble = float16, float32, float64, complex64, complex128
short, int, long = int16, int32, int64
legacy_contiguous_format = contiguous_format
inf = 1e999
nan = inf - inf
pi = 3.141592653589793
e = 2.718281828459045

globals().update(_C._functions.__dict__)
__name__ = "torch"
nonzero = _C.nonzero
default_generator = _C._default_generator()


class _LinAlgError(RuntimeError):
    """What decompositions raise for matrices that they cannot handle."""

    __module__ = "torch._C"


_C._LinAlgError = _LinAlgError
_C._set_linalg_error(_LinAlgError)


# --- gradients on and off ----------------------------------------------------------------------------------------------
class _GradMode:
    """Sets grad mode for a with block; as a decorator, for each call of a function."""

    _mode = False

    def __enter__(self):
        self._before = is_grad_enabled()
        _C._set_grad_enabled(self._mode)

    def __exit__(self, *exc):
        _C._set_grad_enabled(self._before)

    def __call__(self, function):
        from functools import wraps
        make = self._again

        @wraps(function)
        def wrapped(*args, **kwargs):
            with make():
                return function(*args, **kwargs)

        return wrapped

    def _again(self):
        return type(self)()


class no_grad(_GradMode):
    """Nothing is recorded for backward."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)


class enable_grad(_GradMode):
    """Recording is on, even inside no_grad."""

    _mode = True

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)


class set_grad_enabled(_GradMode):
    """Sets grad mode at once, and back at the end of a with block."""

    def __init__(self, mode):
        self._before = is_grad_enabled()
        self._mode = mode
        _C._set_grad_enabled(mode)

    def __enter__(self):
        pass

    def _again(self):
        return set_grad_enabled(self._mode)

    def clone(self):
        return set_grad_enabled(self._mode)

    @property
    def mode(self):
        return self._mode


class inference_mode(_GradMode):
    """no_grad whose tensors can never take part in a graph."""

    def __init__(self, mode=True):
        self._mode = mode

    def __enter__(self):
        self._before = is_grad_enabled(), is_inference_mode_enabled()
        if self._mode:
            _C._set_grad_enabled(False)
        _C._set_inference_mode(self._mode)

    def __exit__(self, *exc):
        _C._set_grad_enabled(self._before[0])
        _C._set_inference_mode(self._before[1])

    def _again(self):
        return inference_mode(self._mode)


# --- settings ----------------------------------------------------------------------------------------------------------
def manual_seed(seed):
    """Seeds the generator that operators use by default."""
    import builtins
    seed = builtins.int(seed)
    if not -0x8000000000000000 <= seed <= 0xffffffffffffffff:
        raise RuntimeError("Overflow when unpacking long")
    if seed > 0x7fffffffffffffff:
        seed -= 0x10000000000000000
    return default_generator.manual_seed(seed)


def seed():
    return default_generator.seed()


def initial_seed():
    return default_generator.initial_seed()


def get_rng_state():
    return default_generator.get_state()


def set_rng_state(new_state):
    default_generator.set_state(new_state)


_TENSOR_TYPES = {"torch.FloatTensor": float32, "torch.DoubleTensor": float64, "torch.HalfTensor": float16,
                 "torch.BFloat16Tensor": bfloat16, "torch.ByteTensor": uint8, "torch.CharTensor": int8, "torch.ShortTensor": int16,
                 "torch.IntTensor": int32, "torch.LongTensor": int64, "torch.BoolTensor": bool}


def set_default_dtype(d):
    _C._set_default_dtype(d)


def set_default_tensor_type(t):
    if isinstance(t, str):
        if t not in _TENSOR_TYPES:
            raise TypeError("invalid type object")
        t = _TENSOR_TYPES[t]
    _C._set_default_dtype(getattr(t, "dtype", t))


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    if profile is not None and profile not in ("default", "short", "full"):
        raise ValueError(f"unknown profile {profile}")
    _C._set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)


get_num_threads, set_num_threads = _C.get_num_threads, _C.set_num_threads


def set_num_interop_threads(n):
    pass


def get_num_interop_threads():
    return 1


_deterministic = False


_warn_only = False


def use_deterministic_algorithms(mode, *, warn_only=False):
    global _deterministic, _warn_only
    _deterministic, _warn_only = mode, warn_only


def are_deterministic_algorithms_enabled():
    return _deterministic


def is_deterministic_algorithms_warn_only_enabled():
    return _warn_only


def set_deterministic_debug_mode(debug_mode):
    names = {"default": 0, "warn": 1, "error": 2}
    if isinstance(debug_mode, str):
        if debug_mode not in names:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got " + debug_mode)
        debug_mode = names[debug_mode]
    if not isinstance(debug_mode, type(0)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode():
    return (1 if _warn_only else 2) if _deterministic else 0


_matmul_precision = "highest"


def set_float32_matmul_precision(precision):
    global _matmul_precision
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError("Expected one of `highest`, `high`, `medium`, but got " + str(precision))
    _matmul_precision = precision


def get_float32_matmul_precision():
    return _matmul_precision


_warn_always = False


def set_warn_always(b):
    global _warn_always
    _warn_always = b


def is_warn_always_enabled():
    return _warn_always


def set_flush_denormal(mode):
    return False


def compiled_with_cxx11_abi():
    return True


# --- questions ------------------------------------------------------------------------------------------------------------
def typename(o):
    """The full name of an object's type: torch.FloatTensor, __main__.Net ..."""
    if isinstance(o, Tensor):
        return o._type_name()
    module = getattr(o, "__module__", None)
    prefix = "" if module in (None, "builtins") else module + "."
    for attribute in ("__qualname__", "__name__"):
        if hasattr(o, attribute):
            return prefix + getattr(o, attribute)
    return prefix + type(o).__name__


def is_storage(obj):
    return type(obj) is TypedStorage or type(obj) is UntypedStorage


def numel(input):
    return input.numel()


def is_nonzero(input):
    return input.is_nonzero()


def is_complex(input):
    return input.is_complex()


def is_floating_point(input):
    return input.is_floating_point()


def is_signed(input):
    return input.is_signed()


def is_conj(input):
    return input.is_conj()


def is_neg(input):
    return input.is_neg()


def is_inference(input):
    return input.is_inference()


def is_same_size(input, other):
    return input.is_same_size(other)


def get_device(input):
    return input.get_device()


class iinfo:
    """Limits of an integer dtype."""

    def __init__(self, type):
        if type not in (uint8, int8, int16, int32, int64):
            if type is bool:
                raise TypeError("torch.bool is not supported by torch.iinfo")
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        self.bits = {uint8: 8, int8: 8, int16: 16, int32: 32, int64: 64}[type]
        self.min = 0 if type is uint8 else -(1 << (self.bits - 1))
        self.max = (1 << self.bits) - 1 if type is uint8 else (1 << (self.bits - 1)) - 1
        self.dtype = str(type)[6:]

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


class finfo:
    """Limits of a floating-point dtype."""

    def __init__(self, type=None):
        type = get_default_dtype() if type is None else type
        type = {complex64: float32, complex128: float64}.get(type, type)
        if type not in (float16, bfloat16, float32, float64):
            raise TypeError("torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'")
        self.bits, digits, exponent = {float16: (16, 10, 15), bfloat16: (16, 7, 127), float32: (32, 23, 127),
                                       float64: (64, 52, 1023)}[type]
        self.eps = 2.0 ** -digits
        self.max = (2.0 - self.eps) * 2.0 ** exponent
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - exponent)
        self.resolution = {float16: 1e-3, bfloat16: 1e-2, float32: 1e-6, float64: 1e-15}[type]
        self.dtype = str(type)[6:]

    def __repr__(self):
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


def _assert(condition, message):
    assert condition, message


# --- tensor types by name: torch.FloatTensor(2, 3) --------------------------------------------------------------------------
class tensortype(type):
    """The type of torch.FloatTensor and its like."""

    __module__ = "torch"

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype

    def __call__(cls, *args, device=None):
        if len(args) == 1 and isinstance(args[0], (list, tuple)) and not isinstance(args[0], Size):
            return tensor(args[0], dtype=cls.dtype)
        if len(args) == 1 and isinstance(args[0], Tensor):
            if args[0].dtype != cls.dtype:
                raise TypeError(f"expected {cls.__module__}.{cls.__name__} (got {typename(args[0])})")
            return args[0].detach()
        return empty(*args, dtype=cls.dtype) if args else empty(0, dtype=cls.dtype)


def _tensor_class(name):
    cls = tensortype(name[6:], (), {"dtype": _TENSOR_TYPES[name], "__module__": "torch", "is_cuda": False, "layout": strided})
    globals()[name[6:]] = cls
    return cls


# --- compositions of operators -----------------------------------------------------------------------------------------------
def save(obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True):
    from torch import serialization
    serialization.save(obj, f, pickle_module, pickle_protocol, _use_new_zipfile_serialization)


def load(f, map_location=None, pickle_module=None, *, weights_only=False, **pickle_load_args):
    from torch import serialization
    return serialization.load(f, map_location, pickle_module, weights_only=weights_only, **pickle_load_args)


# Functions of the language that take arguments in more ways than the operator of that name: found when first used.
for _name in ("block_diag", "cartesian_prod", "chain_matmul", "tensordot"):
    del globals()[_name]


# --- mixed precision: see torch.amp ---
def is_autocast_enabled():
    return False


def _cpu_autocast():
    from torch.amp import autocast_mode
    return autocast_mode


def is_autocast_cpu_enabled():
    return _cpu_autocast()._enabled


def set_autocast_cpu_enabled(enabled):
    _cpu_autocast()._set(enabled, _cpu_autocast()._dtype)


def set_autocast_cpu_dtype(dtype):
    if dtype != bfloat16:
        raise RuntimeError("Currently, AutocastCPU only support Bfloat16 as the autocast_cpu_dtype")
    _cpu_autocast()._set(_cpu_autocast()._enabled, dtype)


def set_autocast_enabled(enabled):
    """For CUDA devices: there are none."""


def set_autocast_gpu_dtype(dtype):
    """For CUDA devices: there are none."""


def get_autocast_gpu_dtype():
    return float16


def get_autocast_cpu_dtype():
    return _cpu_autocast()._dtype


def is_autocast_cache_enabled():
    return True


def clear_autocast_cache():
    pass


has_cuda = has_cudnn = has_mps = has_mkl = False
has_lapack = has_openmp = has_mkldnn = has_spectral = True
is_anomaly_enabled = is_anomaly_check_nan_enabled = _C.is_anomaly_enabled


def set_anomaly_enabled(mode, check_nan=True):
    _C._set_anomaly_enabled(mode and check_nan)


# --- submodules ------------------------------------------------------------------------------------------------------------------
import torch.autograd
import torch._tensor

_LAZY = {"nn", "optim", "utils", "jit", "cuda", "backends", "distributed", "distributions", "hub", "linalg", "special", "fft",
         "functional", "random", "serialization", "multiprocessing", "onnx", "sparse", "testing", "types", "version", "return_types",
         "package", "profiler", "cpu", "torch_version", "amp", "storage", "overrides", "futures", "quantization", "ao", "fx", "masked", "__config__"}


def __getattr__(name):
    """Submodules are imported when they are first used."""
    if name in _LAZY:
        from importlib import import_module
        try:
            return import_module("torch." + name)
        except ModuleNotFoundError as e:
            if e.name != "torch." + name:
                raise
            raise AttributeError(f"module 'torch' has no attribute '{name}': tsvm does not have that part of PyTorch") from None
    if name == "sparse_csr":
        from torch import sparse
        return sparse._csr_layout()
    if name == "ops":
        from torch import _ops
        return _ops.ops
    if name == "autocast":
        from torch.amp import autocast
        return autocast
    if "torch." + name in _TENSOR_TYPES:
        return _tensor_class("torch." + name)
    if name.endswith("Storage"):
        from torch import storage
        if name in storage._CLASSES:
            return getattr(storage, name)
    functional = import_functional()
    if hasattr(functional, name):
        value = getattr(functional, name)
        globals()[name] = value
        return value
    if name in _C._missing_operators():
        raise NotImplementedError(f"torch.{name} is an operator of PyTorch that tsvm does not have yet")
    raise AttributeError(f"module 'torch' has no attribute '{name}'")


def import_functional():
    import torch.functional
    return torch.functional
