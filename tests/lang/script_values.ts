# Values of every kind in scripted functions: PyTorch's own output.
import torch
from typing import List, Dict, Tuple, Optional, Union, Any
from torch import nn
import torch.nn.functional as F

def run(name, f, *args):
    try:
        print(name, f(*args))
    except Exception as e:
        print(name, type(e).__name__, str(e).strip().split("\n")[-1])

@torch.jit.script
def ints(a: int, b: int):
    return a + b, a - b, a * b, a / b, a // b, a % b, -a, a ** 2, a & b, a | b, a ^ b, a << 1, a >> 1
run("ints", ints, 7, 2)
run("ints", ints, -7, 2)
run("ints0", ints, -7, 0)
@torch.jit.script
def floats(a: float, b: float):
    return a + b, a / b, a // b, a % b, a ** b, min(a, b), max(a, b), abs(a), int(a), round(a)
run("floats", floats, 7.5, 2.0)
run("floats", floats, -7.5, 2.0)
run("floats0", floats, 1.0, 0.0)
@torch.jit.script
def wrap(n: int):
    x = 9223372036854775807
    return x + n, x * 2
run("wrap", wrap, 1)
@torch.jit.script
def texts(s: str, n: int):
    return s * n if False else s + "x", s.upper(), s[1:], s[-1], len(s), s.split("b"), "-".join([s, s]), s.find("b"), s.replace("a", "z"), s == "abc", s < "b", "b" in s
run("texts", texts, "abc", 2)
@torch.jit.script
def lists(xs: List[int]):
    ys = xs.copy()
    ys.append(4)
    ys.extend([5, 6])
    ys.insert(0, 9)
    a = ys.pop()
    b = ys.pop(0)
    ys.sort(reverse=True)
    zs = ys[::-1] + [1] * 3
    zs.remove(1)
    return ys, zs, a, b, ys.index(4), zs.count(1), 3 in ys, ys == xs, sum(xs), min(xs), max(xs), sorted(zs), ys[-1], xs[1:2], any([x > 2 for x in xs])
run("lists", lists, [1, 2, 3])
@torch.jit.script
def dicts(d: Dict[str, int]):
    e = d.copy()
    e["z"] = 26
    e.update({"y": 25})
    p = e.pop("z")
    ks = [k for k in e.keys()]
    vs = [v for v in e.values()]
    del e["y"]
    return e, p, ks, vs, e.get("q"), e.get("a", 5), len(e), "a" in e, [(k, v) for k, v in d.items()], e.setdefault("n", 3)
run("dicts", dicts, {"a": 1, "b": 2})
@torch.jit.script
def tup(t: Tuple[int, str, float]):
    a, b, c = t
    return t[0], t[-1], t[1:], (a, c), len(t)
run("tup", tup, (1, "x", 2.5))
@torch.jit.script
def opt(x: Optional[int], y: Optional[str] = None):
    if x is not None and x > 3:
        return x + 1
    if y is None:
        return 0
    return len(y)
run("opt", opt, 5); run("opt", opt, None, "abc"); run("opt", opt, 1)
@torch.jit.script
def un(x: Union[int, str, List[int]]):
    if isinstance(x, int):
        return x + 1
    elif isinstance(x, str):
        return len(x)
    else:
        return x[0]
run("un", un, 5); run("un", un, "abc"); run("un", un, [7])
@torch.jit.script
def anyf(x: Any) -> int:
    if isinstance(x, torch.Tensor):
        return x.numel()
    if isinstance(x, (int, float)):
        return 1
    return -1
run("any", anyf, torch.ones(3)); run("any", anyf, 2.0); run("any", anyf, "s")
@torch.jit.script
def tens(x):
    a = x[0]
    b = x[:, 1:]
    c = x[..., None]
    d = x[x > 1]
    e = x[None, 0]
    f = x[[0, 1]]
    y = x.clone()
    y[0] = 5
    y[:, 0] += 1
    y[y > 4] = -1
    return a, b, c.shape, d, e, f, y, x.size(0), x.dim(), x.dtype == torch.float32, x.device.type
run("tens", tens, torch.arange(4.).view(2, 2))
@torch.jit.script
def fmt(x: float, n: int, s: str, b: bool, xs: List[int], ss: List[str], o: Optional[int]):
    return "{} {} {} {} {} {} {}".format(x, n, s, b, xs, ss, o) + f"|{x}|{n}" + "%s %d %f" % (s, n, x) + str(x) + str(n) + str(b) + str(xs)
run("fmt", fmt, 0.1, 3, "hi", True, [1, 2], ["a"], None)
@torch.jit.script
def pr(x, y: float, d: Dict[str, int]):
    print(x, y, "s", True, None, d, [1.5, 2.0], (1, "a"))
    return y
run("pr", pr, torch.ones(2), 2.0, {"a": 1})
@torch.jit.script
def loops(n: int):
    out: List[int] = []
    for i, (a, b) in enumerate(zip([1, 2, 3], [4, 5, 6])):
        out.append(i + a * b)
    for j in range(10, 0, -3):
        if j == 4:
            continue
        out.append(j)
    k = 0
    while True:
        k += 1
        if k > n:
            break
    else_val = k if k > 2 else -k
    return out, k, else_val
run("loops", loops, 4)
def m(x):
    return F.relu(x) + F.softmax(x, dim=0) + F.gelu(x) + torch.sigmoid(x) + F.dropout(x, 0.5, False) + F.layer_norm(x, [2])
run("F", torch.jit.script(m), torch.tensor([-1.0, 2.0]))
@torch.jit.script
def exc(n: int):
    if n == 0:
        raise ValueError("zero")
    assert n < 5, "too big"
    xs = [1, 2, 3]
    return xs[n]
for i in (0, 2, 4, 9):
    try:
        print(exc(i))
    except torch.jit.Error as e:
        print("JIT", "\n".join(str(e).split("\n")[:2] + str(e).split("\n")[3:]))
    except Exception as e:
        print(type(e).__name__, "\n".join(str(e).split("\n")[:2] + str(e).split("\n")[3:]))

# The output, line by line:
# expect: ints (9, 5, 14, 3.5, 3, 1, -7, 49.0, 2, 7, 5, 14, 3)
# expect: ints (-5, -9, -14, -3.5, -4, 1, 7, 49.0, 0, -5, -5, -14, -4)
# expect: ints0 RuntimeError RuntimeError: division by 0
# expect: floats (9.5, 3.75, 3.0, 1.5, 56.25, 2.0, 7.5, 7.5, 7, 8.0)
# expect: floats (-5.5, -3.75, -4.0, 0.5, 56.25, -7.5, 2.0, 7.5, -7, -8.0)
# expect: floats0 (1.0, inf, inf, nan, 1.0, 0.0, 1.0, 1.0, 1, 1.0)
# expect: wrap (-9223372036854775808, -2)
# expect: texts ('abcx', 'ABC', 'bc', 'c', 3, ['a', 'c'], 'abc-abc', 1, 'zbc', True, True, True)
# expect: lists ([5, 4, 3, 2, 1], [2, 3, 4, 5, 1, 1, 1], 6, 9, 1, 3, True, False, 6, 1, 3, [1, 1, 1, 2, 3, 4, 5], 1, [2], True)
# expect: dicts ({'a': 1, 'b': 2, 'n': 3}, 26, ['a', 'b', 'y'], [1, 2, 25], None, 1, 2, True, [('a', 1), ('b', 2)], 3)
# expect: tup (1, 2.5, ('x', 2.5), (1, 2.5), 3)
# expect: opt 6
# expect: opt 3
# expect: opt 0
# expect: un 6
# expect: un 3
# expect: un 7
# expect: any 3
# expect: any 1
# expect: any -1
# expect: tens (tensor([0., 1.]), tensor([[1.],
# expect:         [3.]]), [2, 2, 1], tensor([2., 3.]), tensor([[0., 1.]]), tensor([[0., 1.],
# expect:         [2., 3.]]), tensor([[-1., -1.],
# expect:         [ 3.,  3.]]), 2, 2, True, 'cpu')
# expect: fmt 0.10000000000000001 3 hi True [1, 2] [a] None|0.10000000000000001|3hi 3 0.1000000.100000000000000013True[1, 2]
# expect:  1
# expect:  1
# expect: [ CPUFloatType{2} ] 2. s True None {a: 1} [1.5, 2.] (1, a)
# expect: pr 2.0
# expect: loops ([4, 11, 20, 10, 7, 1], 5, 5)
# expect: F tensor([-1.8423,  8.7879])
# expect: JIT The following operation failed in the TorchScript interpreter.
# expect: Traceback of TorchScript (most recent call last):
# expect: def exc(n: int):
# expect:     if n == 0:
# expect:         raise ValueError("zero")
# expect:         ~~~~~~~~~~~~~~~~~~~~~~ <--- HERE
# expect:     assert n < 5, "too big"
# expect:     xs = [1, 2, 3]
# expect: builtins.ValueError: zero
# expect:
# expect: 3
# expect: RuntimeError The following operation failed in the TorchScript interpreter.
# expect: Traceback of TorchScript (most recent call last):
# expect:     assert n < 5, "too big"
# expect:     xs = [1, 2, 3]
# expect:     return xs[n]
# expect:            ~~~~~ <--- HERE
# expect: RuntimeError: list index out of range
# expect:
# expect: JIT The following operation failed in the TorchScript interpreter.
# expect: Traceback of TorchScript (most recent call last):
# expect:     if n == 0:
# expect:         raise ValueError("zero")
# expect:     assert n < 5, "too big"
# expect:     ~~~~~~~~~~~~~~~~~~~~~~ <--- HERE
# expect:     xs = [1, 2, 3]
# expect:     return xs[n]
# expect: RuntimeError: AssertionError: too big
# expect:
