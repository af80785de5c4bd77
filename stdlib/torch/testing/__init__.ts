"""torch.testing: comparing and making tensors in tests."""
import torch

_TOLERANCES = {torch.float16: (1e-3, 1e-5), torch.bfloat16: (1.6e-2, 1e-5), torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7),
               torch.complex64: (1.3e-6, 1e-5), torch.complex128: (1e-7, 1e-7)}


def _tolerances(a, b, rtol, atol):
    if (rtol is None) != (atol is None):
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {'rtol' if rtol is None else 'atol'}.")
    if rtol is not None:
        return rtol, atol
    first, second = _TOLERANCES.get(a, (0.0, 0.0)), _TOLERANCES.get(b, (0.0, 0.0))
    return max(first[0], second[0]), max(first[1], second[1])


def _fail(msg, text):
    if callable(msg):
        text = msg(text)
    elif msg is not None:
        text = msg
    raise AssertionError(text)


def _number(v):
    return isinstance(v, (int, float, complex, bool))


def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True,
                 check_layout=True, check_stride=False, msg=None):
    """Raises AssertionError unless the two are close: tensors, numbers, or sequences and mappings of them."""
    options = dict(allow_subclasses=allow_subclasses, rtol=rtol, atol=atol, equal_nan=equal_nan, check_device=check_device,
                   check_dtype=check_dtype, check_layout=check_layout, check_stride=check_stride, msg=msg)
    _compare(actual, expected, "", options)


def _compare(actual, expected, place, options):
    msg = options["msg"]
    where = f"\n\nThe failure occurred for item {place}" if place else ""
    if isinstance(actual, dict) and isinstance(expected, dict):
        missing = [k for k in expected if k not in actual]
        more = [k for k in actual if k not in expected]
        if missing or more:
            text = "The keys of the mappings do not match:"
            if missing:
                text += f"\nMissing keys in the actual mapping: {sorted(missing)}"
            if more:
                text += f"\nAdditional keys in the actual mapping: {sorted(more)}"
            _fail(msg, text + where)
        for k in actual:
            _compare(actual[k], expected[k], f"{place}[{k!r}]" if isinstance(k, str) else f"{place}[{k}]", options)
        return
    if isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(actual) != len(expected):
            _fail(msg, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}" + where)
        for i, (a, b) in enumerate(zip(actual, expected)):
            _compare(a, b, f"{place}[{i}]", options)
        return
    if actual is None or expected is None:
        if actual is not expected:
            _fail(msg, f"None mismatch: {actual} is not {expected}" + where)
        return
    both_tensors = isinstance(actual, torch.Tensor) and isinstance(expected, torch.Tensor)
    both_numbers = _number(actual) and _number(expected)
    if not both_tensors and not both_numbers:
        if type(actual) is not type(expected):
            raise TypeError("No comparison pair was able to handle inputs of type "
                            f"{type(actual)} and {type(expected)}." + where)
        if actual != expected:
            _fail(msg, f"Object comparison failed: {actual} != {expected}" + where)
        return
    if both_numbers:
        _compare_numbers(actual, expected, where, options)
    else:
        _compare_tensors(actual, expected, where, options)


def _compare_numbers(actual, expected, where, options):
    kinds = {bool: torch.bool, int: torch.int64, float: torch.float64, complex: torch.complex128}
    rtol, atol = _tolerances(kinds[type(actual)], kinds[type(expected)], options["rtol"], options["atol"])
    if options["check_dtype"] and type(actual) is not type(expected):
        _fail(options["msg"], f"The (d)types do not match: {type(actual)} != {type(expected)}." + where)
    if actual == expected or (options["equal_nan"] and actual != actual and expected != expected):
        return
    difference = abs(actual - expected)
    inf = float("inf")
    if difference < inf and abs(actual) < inf and abs(expected) < inf and difference <= atol + rtol * abs(expected):
        return
    relative = difference / abs(expected) if expected != 0 else inf
    text = "Scalars are not equal!" if rtol == 0 and atol == 0 else "Scalars are not close!"
    if rtol == 0 and atol == 0:
        text += f"\n\nAbsolute difference: {difference}\nRelative difference: {relative}"
    else:
        text = (f"Scalars are not close!\n\nAbsolute difference: {difference} (up to {atol} allowed)\n"
                f"Relative difference: {relative} (up to {rtol} allowed)")
    _fail(options["msg"], text + where)


def _compare_tensors(actual, expected, where, options):
    msg = options["msg"]
    if actual.shape != expected.shape:
        _fail(msg, f"The values for attribute 'shape' do not match: {actual.shape} != {expected.shape}." + where)
    if options["check_layout"] and actual.layout != expected.layout:
        _fail(msg, f"The values for attribute 'layout' do not match: {actual.layout} != {expected.layout}." + where)
    if options["check_device"] and actual.device != expected.device:
        _fail(msg, f"The values for attribute 'device' do not match: {actual.device} != {expected.device}." + where)
    if options["check_dtype"] and actual.dtype != expected.dtype:
        _fail(msg, f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}." + where)
    if options["check_stride"] and actual.stride() != expected.stride():
        _fail(msg, f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}." + where)
    if actual.is_sparse:
        actual, expected = actual.to_dense(), expected.to_dense()
    rtol, atol = _tolerances(actual.dtype, expected.dtype, options["rtol"], options["atol"])
    actual, expected = actual.detach(), expected.detach()
    if actual.dtype != expected.dtype:
        dtype = torch.promote_types(actual.dtype, expected.dtype)
        actual, expected = actual.to(dtype), expected.to(dtype)
    close = torch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=options["equal_nan"])
    if bool(close.all()):
        return
    a, b = actual, expected
    if not (a.dtype.is_floating_point or a.is_complex()):
        a, b = a.to(torch.int64), b.to(torch.int64)
    exact = rtol == 0 and atol == 0
    distance = (a - b).abs()
    distance = torch.where(close, torch.zeros_like(distance), distance)
    ratio = distance / b.abs()
    ratio = torch.where(close, torch.zeros_like(ratio), ratio)
    count, total = int((~close).sum()), close.numel()
    if actual.dim() == 0:
        head = "Scalars are not equal!" if exact else "Scalars are not close!"
        lines = [("Absolute difference", distance.item(), atol), ("Relative difference", ratio.item(), rtol)]
        text = head + "\n"
        for name, value, limit in lines:
            text += f"\n{name}: {value}" + ("" if exact else f" (up to {limit} allowed)")
        _fail(msg, text + where)

    def at(values):
        flat = int(values.nan_to_num(nan=float("inf"), posinf=float("inf")).argmax()) if bool(values.isnan().any()) else int(values.argmax())
        index = []
        for size in reversed(values.shape):
            index.append(flat % size)
            flat //= size
        return tuple(reversed(index))

    text = f"Tensor-likes are not {'equal' if exact else 'close'}!\n\nMismatched elements: {count} / {total} ({count / total:.1%})"
    where_a, where_r = at(distance), at(ratio)
    largest = distance[where_a].item()
    limit_a, limit_r = ("", "") if exact else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
    text += f"\nGreatest absolute difference: {largest} at index {where_a}{limit_a}"
    text += f"\nGreatest relative difference: {ratio[where_r].item()} at index {where_r}{limit_r}"
    _fail(msg, text + where)


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """Older than assert_close."""
    import warnings
    warnings.warn("torch.testing.assert_allclose() is deprecated since 1.12 and will be removed in 1.14. Use torch.testing.assert_close() "
                  "instead. For detailed upgrade instructions see https://github.com/pytorch/pytorch/issues/61844.", FutureWarning,
                  stacklevel=2)
    if not isinstance(actual, torch.Tensor):
        actual = torch.tensor(actual)
    if not isinstance(expected, torch.Tensor):
        expected = torch.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        rtol, atol = {torch.float16: (1e-3, 1e-3), torch.float32: (1e-4, 1e-5), torch.float64: (1e-5, 1e-8)}.get(actual.dtype, (0.0, 0.0))
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def make_tensor(*shape, dtype, device="cpu", low=None, high=None, requires_grad=False, noncontiguous=False, exclude_zero=False,
                memory_format=None):
    """A tensor of random numbers in [low, high)."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    shape = tuple(shape)
    size = shape
    if noncontiguous:
        n = 1
        for s in shape:
            n *= s
        if n < 2:
            noncontiguous = False
        else:
            size = shape[:-1] + (2 * shape[-1],)
    if dtype == torch.bool:
        result = torch.randint(0, 2, size, dtype=dtype)
    elif dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
        info = torch.iinfo(dtype)
        a = max(0 if dtype == torch.uint8 else -9, info.min) if low is None else max(int(low), info.min)
        b = 10 if high is None else min(int(high), info.max)
        if a == b:
            b = a + 1
        result = torch.randint(a, b, size, dtype=dtype)
    else:
        a, b = -9 if low is None else low, 9 if high is None else high
        if a > b:
            raise ValueError("make_tensor: the lower bound is above the upper bound")
        if dtype in (torch.complex64, torch.complex128):
            real = torch.float32 if dtype == torch.complex64 else torch.float64
            result = torch.view_as_complex(torch.empty(size + (2,), dtype=real).uniform_(a, b))
        else:
            result = torch.empty(size, dtype=dtype).uniform_(a, b)
    if noncontiguous:
        result = result[..., ::2]
    if exclude_zero:
        result[result == 0] = torch.finfo(dtype).tiny if dtype.is_floating_point else 1
    return result.requires_grad_() if requires_grad else result
