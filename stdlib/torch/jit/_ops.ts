"""What operators of Torch Script do that have no instruction and no operator on tensors: the recipes `py:NAME` of
ir/script/builtins.def, and what the emitter itself calls. Arguments come with the types that their schemas say.
"""
import math
import _script
import torch
from torch.jit.frontend import Error
from _script import dtype, dtype_number, dtype_of, fits, from_python, new_object

_max, _min, _sum, _abs, _round, _sorted, _len, _pow = max, min, sum, abs, round, sorted, len, pow
_bin, _hex, _oct, _hash, _id, _chr, _ord, _str, _any, _all, _list, _dict = bin, hex, oct, hash, id, chr, ord, str, any, all, list, dict
_int, _float, _complex, _type, _range, _isinstance = int, float, complex, type, range, isinstance


# --- exceptions ---
def raise_(message, cls):
    e = Error(message)
    e._script_class = cls
    raise e


# --- arithmetic ---
def div(a, b):
    if b == 0:
        if a == 0 or a != a:
            return math.nan
        return math.inf if (a > 0) == (math.copysign(1.0, b) > 0) else -math.inf
    return a / b


def _zero():
    raise RuntimeError("division by 0")


def floordiv(a, b):
    if _isinstance(a, _int) and _isinstance(b, _int):
        return a // b if b != 0 else _zero()
    if b == 0:
        return div(_float(a), _float(b))
    return _float(math.floor(a / b))


def remainder(a, b):
    if _isinstance(a, _int) and _isinstance(b, _int):
        return a % b if b != 0 else _zero()
    if b == 0:
        return math.nan
    return _float(a % b)


def pow(a, b):
    try:
        v = _float(a) ** _float(b)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return v if _isinstance(v, _float) else math.nan


def Int(a):
    return _int(a)


def Int_str(a):
    return _int(a)


def Float(a):
    return _float(a)


def Float_str(a):
    return _float(a)


def Complex(a, b=0):
    if _isinstance(a, torch.Tensor):
        a = a.item()
    if _isinstance(b, torch.Tensor):
        b = b.item()
    return _complex(a, b) if b != 0 or not _isinstance(a, _complex) else a


def _implicit(t, what):
    if t.requires_grad:
        raise RuntimeError("Cannot input a tensor that requires grad as a scalar argument")
    if t.dim() != 0:
        raise RuntimeError("Cannot input a tensor of dimension other than 0 as a scalar argument")


def IntImplicit(t):
    _implicit(t, "int")
    if t.is_floating_point() or t.is_complex():
        raise RuntimeError("Cannot input a tensor of type {} as an integral argument".format(t.dtype))
    return _int(t.item())


def FloatImplicit(t):
    _implicit(t, "float")
    return _float(t.item())


def ScalarImplicit(t):
    _implicit(t, "Scalar")
    return t.item()


def NumToTensor(a):
    return torch.tensor(a)


def unwrap_optional(x):
    if x is None:
        raise RuntimeError("Unwrapping null optional")
    return x


# --- text ---
def _number(d):
    if d == d and d not in (math.inf, -math.inf) and _abs(d) < 1e10 and _float(_int(d)) == d:
        return ("-0." if math.copysign(1.0, d) < 0 else "0.") if d == 0 else "%d." % d
    if d != d:
        return "nan"
    return "%.17g" % d


def str_(v):
    if _isinstance(v, _str):
        return v
    if v is None or v is True or v is False or _type(v) is _int:
        return _str(v)
    if _isinstance(v, _float):
        return _number(v)
    if _isinstance(v, _complex):
        imag = _number(v.imag)
        return _number(v.real) + ("" if imag[0] == "-" else "+") + imag + "j"
    if _isinstance(v, torch.Tensor):
        return _script.tensor_text(v)
    if _isinstance(v, tuple):
        if _len(v) == 1:
            return "(" + str_(v[0]) + ",)"
        return "(" + ", ".join([str_(x) for x in v]) + ")"
    if _isinstance(v, _list):
        return "[" + ", ".join([str_(x) for x in v]) + "]"
    if _isinstance(v, _dict):
        return "{" + ", ".join([str_(k) + ": " + str_(x) for k, x in v.items()]) + "}"
    if _isinstance(v, torch.device):
        return _str(v)
    if hasattr(v, "name") and hasattr(v, "value"):
        return "__torch__." + _type(v).__qualname__ + "." + v.name
    return "<__torch__." + _type(v).__qualname__ + " object at " + _hex(_id(v)) + ">"


def print_(*args):
    import sys
    sys.stdout.write(" ".join([str_(a) for a in args]) + "\n")


def format_(pattern, *args):
    out = []
    used = 0
    begin = 0
    while True:
        loc = pattern.find("{}", begin)
        if loc < 0:
            out.append(pattern[begin:])
            break
        out.append(pattern[begin:loc])
        if used >= _len(args):
            raise RuntimeError("Too few arguments for format string: {}".format(pattern))
        out.append(str_(args[used]))
        used += 1
        begin = loc + 2
    return "".join(out).replace("{{", "{").replace("}}", "}") if "{{" in pattern or "}}" in pattern else "".join(out)


def percent_format(pattern, args):
    if not _isinstance(args, tuple):
        args = (args,)
    out = []
    used = 0
    i = 0
    while i < _len(pattern):
        c = pattern[i]
        if c != "%":
            out.append(c)
            i += 1
            continue
        i += 1
        if i >= _len(pattern):
            raise RuntimeError("Incomplete format specifier")
        c = pattern[i]
        i += 1
        if c == "%":
            out.append("%")
            continue
        if used >= _len(args):
            raise RuntimeError("Too few arguments for format string")
        v = args[used]
        used += 1
        if c in "di":
            if not _isinstance(v, (_int, _float)):
                raise RuntimeError("%" + c + " requires a number for formatting, but got " + _type(v).__name__)
            out.append("%d" % v)
        elif c in "eEfFgG":
            if not _isinstance(v, (_int, _float)):
                raise RuntimeError("%" + c + " requires a number for formatting, but got " + _type(v).__name__)
            out.append(("%" + c) % v)
        elif c == "c":
            out.append(_chr(v) if _isinstance(v, _int) else v)
        elif c == "s":
            out.append(str_(v))
        elif c in "xXo":
            out.append(("%" + c) % v)
        else:
            raise RuntimeError("The specifier %" + c + " is not supported in TorchScript format strings")
    if used < _len(args):
        raise RuntimeError("Too many arguments for format string")
    return "".join(out)


def chr_(i):
    return _chr(i)


def ord_(s):
    if _len(s) != 1:
        raise RuntimeError("String for ord() must be 1 character, found {}".format(_len(s)))
    return _ord(s)


def bin_(i):
    return _bin(i)


def hex_(i):
    return _hex(i)


def oct_(i):
    return _oct(i)


def hash_(v):
    return _hash(v)


def id_(v):
    return 0 if v is None else _id(v)


def device(text, index=None):
    return torch.device(text) if index is None else torch.device(text, index)


# --- mathematics ---
def divmod_(a, b):
    if b == 0:
        raise RuntimeError("ZeroDivisionError: integer division or modulo by zero" if _isinstance(a, _int) and _isinstance(b, _int)
                           else "ZeroDivisionError: float divmod()")
    q = a // b
    r = a % b
    return (q, r) if _isinstance(a, _int) and _isinstance(b, _int) else (_float(q), _float(r))


def abs_(a):
    return _abs(a)


def min_(*args):
    return _min(*args) if _len(args) == 2 or _len(args[0]) else _empty("min")


def max_(*args):
    return _max(*args) if _len(args) == 2 or _len(args[0]) else _empty("max")


def _empty(name):
    raise RuntimeError(name + "() arg is an empty sequence")


def min_float(a, b):
    return _float(_min(a, b))


def max_float(a, b):
    return _float(_max(a, b))


def _of_complex(name, a):
    return getattr(torch, name)(torch.tensor(a, dtype=torch.complex128)).item()


def _real(name):
    real = getattr(math, name)

    def f(a):
        if _isinstance(a, _complex):
            return _of_complex(name, a)
        try:
            return _float(real(a))
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return f


for _name in ("sqrt", "exp", "log1p", "log10", "expm1", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
              "acosh", "atanh", "erf", "erfc", "lgamma", "degrees", "radians", "fabs"):
    if hasattr(math, _name):
        globals()[_name] = _real(_name)
gamma = _real("gamma")


def log(a, base=None):
    if base is not None:
        return div(log(a), log(base))
    if _isinstance(a, _complex):
        return _of_complex("log", a)
    if a == 0:
        return -math.inf
    return math.log(a) if a > 0 else math.nan


def atan2(a, b):
    return math.atan2(a, b)


def ceil(a):
    return math.ceil(a)


def floor(a):
    return math.floor(a)


def round_(a):
    return _float(_round(a))


def fmod(a, b):
    return math.fmod(a, b) if b != 0 else math.nan


def copysign(a, b):
    return math.copysign(a, b)


def mathremainder(a, b):
    return math.remainder(a, b)


def gcd(a, b):
    return math.gcd(a, b)


def factorial(a):
    if a < 0:
        raise RuntimeError("factorial() not defined for negative values")
    return math.factorial(a)


def ldexp(x, i):
    return math.ldexp(x, i)


def frexp(a):
    return math.frexp(a)


def modf(a):
    return math.modf(a)


def isnan(a):
    return a != a


def isinf(a):
    if _isinstance(a, _complex):
        return isinf(a.real) or isinf(a.imag)
    return a in (math.inf, -math.inf)


def isfinite(a):
    return not isnan(a) and not isinf(a)


def polar(a, b):
    return _complex(a * math.cos(b), a * math.sin(b))


def angle(a):
    a = _complex(a)
    return math.atan2(a.imag, a.real)


# --- lists and dictionaries ---
def eq_tensors(a, b):
    return _len(a) == _len(b) and _all([_bool_eq(x, y) for x, y in zip(a, b)])


def _bool_eq(x, y):
    return bool((x == y).all())


def ne_tensors(a, b):
    return not eq_tensors(a, b)


def remove(l, v):
    if v not in l:
        raise RuntimeError("list.remove(x): x not in list")
    l.remove(v)


def count(l, v):
    return l.count(v)


def list_index(l, v):
    if v not in l:
        raise RuntimeError("'" + _str(v) + "' is not in list")
    return l.index(v)


def sort_(l, reverse=False):
    if l and hasattr(l[0], "__lt__") and not _isinstance(l[0], (_int, _float, _str, tuple, torch.Tensor)):
        import functools
        l.sort(key=functools.cmp_to_key(lambda a, b: -1 if a < b else 1 if b < a else 0), reverse=reverse)
    else:
        l.sort(reverse=reverse)


def sorted_(l):
    out = _list(l)
    sort_(out)
    return out


def sum_int(l):
    return _int(_sum(l))


def sum_float(l):
    return _float(_sum(l))


def sum_complex(l):
    return _complex(_sum(l))


def all_(l):
    return _all(l)


def any_(l):
    return _any(l)


def list_(v):
    return _list(v)


def rangelist(n):
    return _list(_range(n))


def range_length(lo, hi, step):
    if step == 0:
        raise RuntimeError("range() arg 3 must not be zero")
    return _len(_range(lo, hi, step))


def derive_index(index, start, step):
    return start + index * step


def unpack_list(l, n):
    if _len(l) != n:
        raise RuntimeError("Expected {} elements in a list but found {}".format(n, _len(l)))
    return tuple(l)


def keys(d):
    return _list(d)


def values(d):
    return _list(d.values())


def items(d):
    return _list(d.items())


def dict_(v=()):
    return _dict(v)


# --- strings: the end of -1 means the whole string ---
def _end(s, end):
    return _len(s) if end == -1 else end


def str_count(s, sub, start=0, end=-1):
    return s.count(sub, start, _end(s, end))


def str_index(s, sub, start=0, end=-1):
    i = s.find(sub, start, _end(s, end))
    if i < 0:
        raise RuntimeError("ValueError: substring not found")
    return i


def rindex(s, sub, start=0, end=-1):
    i = s.rfind(sub, start, _end(s, end))
    if i < 0:
        raise RuntimeError("ValueError: substring not found")
    return i


def find(s, sub, start=0, end=-1):
    return s.find(sub, start, _end(s, end))


def rfind(s, sub, start=0, end=-1):
    return s.rfind(sub, start, _end(s, end))


def endswith(s, sub, start=0, end=-1):
    return s.endswith(sub, start, _end(s, end))


def startswith(s, sub, start=0, end=-1):
    return s.startswith(sub, start, _end(s, end))


# --- tensors ---
def layout_of(t):
    return 0


def shape(t):
    return _list(t.shape)


def stride(t):
    return _list(t.stride())


def is_cpu(t):
    return t.device.type == "cpu"


def is_meta(t):
    return t.device.type == "meta"


def never(t):
    return False


def never1(t, x):
    return False


def never0():
    return False


def never_any(*args):
    return False


def always0():
    return True


def none(t):
    return None


def is_contiguous(t, memory_format):
    return t.is_contiguous(memory_format=_script.memory_format(memory_format))


def is_same_size(a, b):
    return a.shape == b.shape


def fill_(t, v):
    return t.fill_(v)


def to_device(t, device, d, non_blocking=False, copy=False, memory_format=None):
    return t.to(device=device, dtype=dtype(d), copy=copy)


def to_dtype(t, d, non_blocking=False, copy=False, memory_format=None):
    return t.to(dtype=dtype(d), copy=copy)


def to_other(t, other, non_blocking=False, copy=False, memory_format=None):
    return t.to(other, copy=copy)


def to_dtype_layout(t, d=None, layout=None, device=None, pin_memory=None, non_blocking=False, copy=False, memory_format=None):
    kwargs = {}
    if d is not None:
        kwargs["dtype"] = dtype(d)
    if device is not None:
        kwargs["device"] = device
    if memory_format is not None:
        kwargs["memory_format"] = _script.memory_format(memory_format)
    return t.to(copy=copy, **kwargs) if kwargs or copy else t


def to_prim_device(t, device=None, d=None, non_blocking=False, copy=False):
    return to_dtype_layout(t, d, None, device, None, non_blocking, copy)


def to_prim_dtype(t, d=None, non_blocking=False, copy=False):
    return to_dtype_layout(t, d, None, None, None, non_blocking, copy)


def tensor_(v, d=None, device=None, requires_grad=False):
    return torch.tensor(v, dtype=dtype(d), device=device, requires_grad=requires_grad)


tensor_float = tensor_int = tensor_bool = tensor_


def tensor_list(v, d=None, device=None, requires_grad=False):
    return torch.tensor(v, dtype=dtype(d), device=device, requires_grad=requires_grad)


def as_tensor_(t, d=None, device=None):
    return to_dtype_layout(t, d, None, device)


def infer_size(a, b):
    return _list(torch.broadcast_shapes(a, b))


def grad_sum_to_size(t, size):
    return t if size is None else t.sum_to_size(size)


def _indices(indices):
    return tuple([slice(None) if i is None else i for i in indices])


def index_tensor(t, indices):
    return t[_indices(indices)]


def index_put_(t, indices, values, accumulate=False):
    if accumulate:
        return t.index_put_(_indices(indices), values, True)
    t[_indices(indices)] = values
    return t


def index_put(t, indices, values, accumulate=False):
    return index_put_(t.clone(), indices, values, accumulate)


def slice_tensor(t, dim=0, start=None, end=None, step=1):
    n = t.dim()
    if dim < 0:
        dim += n
    if not 0 <= dim < n:
        raise IndexError("Dimension out of range (expected to be in range of [{}, {}], but got {})".format(-n, n - 1, dim - n if dim < 0 else dim))
    return t[(slice(None),) * dim + (slice(start, end, step),)]


def promote_types(a, b):
    return dtype_number(torch.promote_types(dtype(a), dtype(b)))


def result_type(a, b):
    return dtype_number(torch.result_type(a, b))


def can_cast(a, b):
    return torch.can_cast(dtype(a), dtype(b))


def tolist(t, type):
    out = t.tolist()
    if not fits(out, type):
        raise RuntimeError("Output annotation element type and runtime tensor element type must match for tolist()")
    return out


def einsum(equation, tensors, path=None):
    return torch.einsum(equation, tensors)


def convolution_mode(input, weight, bias, stride, padding, dilation, groups):
    convolution = (torch.conv1d, torch.conv2d, torch.conv3d)[weight.dim() - 3]
    return convolution(input, weight, bias, stride, padding, dilation, groups)


def weight_norm(v, g, dim=0):
    return v * (g / torch.norm_except_dim(v, 2, dim))


_CDIST_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(x1, x2, p=2.0, compute_mode=None):
    return torch.cdist(x1, x2, p, _CDIST_MODES[compute_mode or 0])


# --- resampling to a size, with or without the factors that gave it ---
def _upsample(name, t, size, options, factors):
    op = getattr(torch._C._nn, name)
    if factors[0] is None:
        return op(t, size, *options, None)
    if [_int(n * f) for n, f in zip(t.shape[2:], factors)] != size:
        raise NotImplementedError(name + " with a size that does not follow from the scale factors")
    return op(t, None, *options, factors)


def upsample_nearest1d(t, size, *factors):
    return _upsample("upsample_nearest1d", t, size, (), _list(factors))


def upsample_nearest2d(t, size, *factors):
    return _upsample("upsample_nearest2d", t, size, (), _list(factors))


def upsample_nearest3d(t, size, *factors):
    return _upsample("upsample_nearest3d", t, size, (), _list(factors))


def upsample_linear1d(t, size, align_corners, *factors):
    return _upsample("upsample_linear1d", t, size, (align_corners,), _list(factors))


def upsample_bilinear2d(t, size, align_corners, *factors):
    return _upsample("upsample_bilinear2d", t, size, (align_corners,), _list(factors))


def upsample_bicubic2d(t, size, align_corners, *factors):
    return _upsample("upsample_bicubic2d", t, size, (align_corners,), _list(factors))


def upsample_trilinear3d(t, size, align_corners, *factors):
    return _upsample("upsample_trilinear3d", t, size, (align_corners,), _list(factors))


# --- attention, and nested tensors: padded ones that know their lengths ---
def is_left_aligned(t, mask):
    """Whether what a mask keeps stands at the start of each row."""
    return mask.size(1) < 2 or not bool((mask[:, 1:] & mask[:, :-1].logical_not()).any())


def nested_from_mask(t, mask, mask_check=True):
    if t.dim() != 3 or mask.dim() != 2 or t.shape[:2] != mask.shape:
        raise RuntimeError("Expected mask to be a 2d tensor of the first two sizes of the tensor")
    if mask_check and not is_left_aligned(t, mask):
        raise RuntimeError("Mask must be left-aligned")
    return _nested(t.clone(), mask.sum(1))


def _nested(t, lengths):
    t._lengths = lengths
    return t


def is_nested(t):
    return hasattr(t, "_lengths")


def _padding_of(t):
    return torch.arange(t.size(1)).unsqueeze(0) >= t._lengths.unsqueeze(1)


def to_padded_tensor(t, padding, output_size=None):
    if not is_nested(t):
        raise RuntimeError("to_padded_tensor expects a nested tensor")
    out = t.masked_fill(_padding_of(t).unsqueeze(-1), padding)
    longest = _int(t._lengths.max())
    if output_size is None:
        return out[:, :longest].contiguous()
    whole = out.new_full(output_size, padding)
    whole[:out.size(0), :longest, :out.size(2)] = out[:, :longest]
    return whole


def _attention(query, key, value, heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, mask_type):
    batch, length, size = query.shape
    if query is key and key is value:
        q, k, v = torch.nn.functional.linear(query, qkv_weight, qkv_bias).chunk(3, -1)
    else:
        parts = zip((query, key, value), qkv_weight.chunk(3), qkv_bias.chunk(3))
        q, k, v = [torch.nn.functional.linear(x, w, b) for x, w, b in parts]

    def split(x):
        return x.reshape(batch, x.size(1), heads, size // heads).transpose(1, 2)

    weights = split(q / math.sqrt(size // heads)) @ split(k).transpose(-2, -1)
    if is_nested(query):
        mask, mask_type = _padding_of(query), 1
    if mask is not None:
        if mask_type == 1:
            mask = mask.view(batch, 1, 1, mask.size(1))
        elif mask.dim() == 3:
            mask = mask.view(batch, heads, length, mask.size(2))
        weights = weights.masked_fill(mask, -math.inf) if mask.dtype == torch.bool else weights + mask
    weights = torch.softmax(weights, -1)
    out = (weights @ split(v)).transpose(1, 2).reshape(batch, length, size)
    return torch.nn.functional.linear(out, proj_weight, proj_bias), weights


def native_multi_head_attention(query, key, value, embed_dim, heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask=None,
                                need_weights=True, average_attn_weights=True, mask_type=None):
    out, weights = _attention(query, key, value, heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, mask_type)
    if is_nested(query):
        _nested(out, query._lengths)
    if not need_weights:
        return out, None
    return out, weights.sum(1) / heads if average_attn_weights else weights


def transformer_encoder_layer(src, embed_dim, heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps,
                              norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2,
                              ffn_bias_2, mask=None, mask_type=None):
    F = torch.nn.functional

    def attend(x):
        if is_nested(src) and x is not src:
            _nested(x, src._lengths)
        return _attention(x, x, x, heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, mask_type)[0]

    def feed(x):
        x = F.linear(x, ffn_weight_1, ffn_bias_1)
        return F.linear(F.gelu(x) if use_gelu else F.relu(x), ffn_weight_2, ffn_bias_2)

    size = (embed_dim,)
    if norm_first:
        x = src + attend(F.layer_norm(src, size, norm_weight_1, norm_bias_1, eps))
        x = x + feed(F.layer_norm(x, size, norm_weight_2, norm_bias_2, eps))
    else:
        x = F.layer_norm(src + attend(src), size, norm_weight_1, norm_bias_1, eps)
        x = F.layer_norm(x + feed(x), size, norm_weight_2, norm_bias_2, eps)
    return _nested(x, src._lengths) if is_nested(src) else x


# --- the surroundings ---
def is_grad_enabled():
    return torch.is_grad_enabled()


def set_grad_enabled_(mode):
    torch._C._set_grad_enabled(mode)


def manual_seed(seed):
    torch.manual_seed(seed)


def warn(message, stacklevel=2):
    import warnings
    warnings.warn(message, stacklevel=stacklevel)


def time_point():
    import time
    return time.perf_counter_ns()


# --- futures: a forked call is done at once; its exception waits for who waits ---
class Future:
    def __init__(self, value, error=None):
        self._value = value
        self._error = error

    def wait(self):
        if self._error is not None:
            raise self._error
        return self._value

    def value(self):
        return self.wait()

    def done(self):
        return True

    def then(self, callback):
        return fork(callback, self)

    def add_done_callback(self, callback):
        callback(self)

    def set_result(self, result):
        self._value = result


def fork(f, *args, **kwargs):
    try:
        return Future(f(*args, **kwargs))
    except Exception as e:
        return Future(None, e)


def done(value):
    return Future(value)


def wait(future):
    return future.wait()
