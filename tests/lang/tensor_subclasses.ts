# Subclasses of Tensor, __torch_function__, modes, uninitialised parameters, autocast.
import torch
from torch import nn
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode, has_torch_function, is_tensor_like


class Sub(torch.Tensor):
    def hello(self):
        return "hi"


s = torch.ones(2).as_subclass(Sub)
print(s, type(s * 2).__name__, (2 - s).hello(), isinstance(s, torch.Tensor))  # expect: Sub([1., 1.]) Sub hi True
print(type(s[0]).__name__, type(torch.stack([s, s])).__name__, type(s.T).__name__, Sub([1, 2]))  # expect: Sub Sub Sub Sub([1., 2.])
print([type(x).__name__ for x in s], s.max(0))  # expect: ['Sub', 'Sub'] torch.return_types.max(
# expect: values=Sub(1.),
# expect: indices=Sub(0))
print(type(torch.ones(2) + s).__name__, type(torch.Tensor(s)).__name__)  # expect: Sub Tensor


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__, [t.__name__ for t in types])
        return super().__torch_function__(func, types, args, kwargs or {})


t = torch.ones(2).as_subclass(Logged)
u = t + 1  # expect: add ['Logged']
v = F.relu(u)  # expect: relu ['Logged']
print(v.shape)  # expect: __get__ ['Logged']
# expect: torch.Size([2])
w = torch.cat([torch.ones(1), v])  # expect: cat ['Logged']
print(type(w).__name__)  # expect: Logged


class Wrapped:
    def __init__(self, value):
        self.value = value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return cls(func(*[a.value if isinstance(a, cls) else a for a in args], **(kwargs or {})))


print(torch.add(Wrapped(torch.ones(1)), 2).value, (torch.ones(1) + Wrapped(torch.ones(1))).value)  # expect: tensor([3.]) tensor([2.])
print(is_tensor_like(Wrapped(1)), has_torch_function([Wrapped(1)]), has_torch_function((torch.ones(1),)))  # expect: True True False


class Mode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        print("mode", func.__name__)
        return func(*args, **(kwargs or {}))


with Mode():
    torch.add(torch.ones(1), 1)
# expect: mode ones
# expect: mode add

lazy = nn.LazyLinear(3)
print(lazy.weight, isinstance(lazy.weight, nn.Parameter))  # expect: <UninitializedParameter> True
for f in (lambda: lazy.weight.shape, lambda: lazy.weight + 1, lambda: lazy.weight.numel()):
    try:
        f()
    except (RuntimeError, ValueError) as e:
        print(type(e).__name__, str(e)[:50])
# expect: RuntimeError Can't access the shape of an uninitialized paramet
# expect: ValueError Attempted to use an uninitialized parameter in <me
# expect: ValueError Attempted to use an uninitialized parameter in <me
print(lazy(torch.ones(1, 4)).shape, type(lazy.weight).__name__, lazy.weight.shape)  # expect: torch.Size([1, 3]) Parameter torch.Size([3, 4])

linear = nn.Linear(3, 2)
with torch.autocast("cpu", dtype=torch.bfloat16):
    y = linear(torch.ones(4, 3))
    loss = F.cross_entropy(y, torch.tensor([0, 1, 0, 1]))
    with torch.autocast("cpu", enabled=False):
        print(y.dtype, loss.dtype, linear(torch.ones(1, 3)).dtype)  # expect: torch.bfloat16 torch.float32 torch.float32
    print((torch.ones(2) + 1).dtype, torch.cat([y, y.float()]).dtype, torch.is_autocast_cpu_enabled())  # expect: torch.float32 torch.float32 True
loss.backward()
print(linear.weight.grad.dtype, torch.mm(torch.ones(1, 1), torch.ones(1, 1)).dtype)  # expect: torch.float32 torch.float32
