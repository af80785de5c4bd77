import enum
import math
import somewhere
import torch
import torch.nn as nn
import torch.nn.functional as F
from somewhere import thing
from torch.jit import script
from typing import Dict, List, NamedTuple, Optional, Tuple

# `tsvm check` finds what is wrong in scripted code without running it: `# error: TEXT` is what it says of a line
LIMIT = 3
COMPUTED = somewhere.value()


def helper(x, k: int) -> int:
    return k + 1


def not_scripted(x):
    return x + undefined_name


@torch.jit.script
def arithmetic(x: int, y: str):
    z = x + y  # error: Arguments for call are not valid.
    w = undefined_name + 1  # error: undefined value undefined_name
    return w + 1


@script
def branches(x):
    if x.sum() > 0:  # error: Type mismatch: y is set to type int in the true branch and type str in the false branch
        y = 1
    else:
        y = "s"
    return y


@torch.jit.script
def filtered(xs: List[int]):
    return [x for x in xs if x > 1]  # error: Comprehension ifs are not supported yet


def later(x):
    helper(x)  # error: helper(Tensor x, int k) -> int:
    helper(x, "s")  # error: helper(Tensor x, int k) -> int:
    return x.no_such_method()  # error: 'Tensor' object has no attribute or method 'no_such_method'.


compiled = torch.jit.script(later)


@torch.jit.script
def outside(x):
    return x + LIMIT  # error: python value of type 'int' cannot be used as a value. Perhaps it is a closed over global variable? If so, please consider passing it in as an argument or use a local varible instead.


@torch.jit.script
def syntax(x):
    def inner(y):  # error: function definitions aren't supported
        return y
    yield x  # error: Yield aren't supported


@torch.jit.script
class Counter:
    def __init__(self, v: int):
        self.v = v

    def get(self) -> int:
        return self.v

    def wrong(self) -> str:
        return self.v  # error: Return value was annotated as having type str but is actually of type int

    def missing(self):
        return self.nothing  # error: Tried to access nonexistent attribute or method 'nothing' of type '__torch__.Counter'. Did you forget to initialize an attribute in __init__()?


@torch.jit.script
def uses_class(c: Counter):
    c.get("x")  # error: get(__torch__.Counter self) -> int:
    return c.get() + c.absent()  # error: Tried to access nonexistent attribute or method 'absent' of type '__torch__.Counter'. Did you forget to initialize an attribute in __init__()?


class Color(enum.Enum):
    RED = 1
    GREEN = 2


@torch.jit.script
def uses_enum(c: Color) -> str:
    if c == Color.RED:
        return c.name
    return c.value  # error: Return value was annotated as having type str but is actually of type int


class Point(NamedTuple):
    x: int
    y: int = 0


@torch.jit.script
def uses_tuple(p: Point) -> int:
    q = Point(1)
    return q.y + p.z  # error: '__torch__.Point' object has no attribute or method 'z'.


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)

    def forward(self, x, k: int):
        y = self.linear(x)
        for i in range("a"):  # error: Argument 0 passed to range must be of type int, but got type str instead
            y = y + i
        return self.more(y) + k

    @torch.jit.export
    def twice(self, k: int) -> int:
        return "s"  # error: Return value was annotated as having type int but is actually of type str

    def more(self, x):
        return x + undefined_name


net = Net()
scripted = torch.jit.script(net)


@torch.jit.script
def refined(x: Optional[int], y: Optional[int]) -> int:
    if y is not None:
        return y + 1
    return x + 1  # error: Arguments for call are not valid.


@torch.jit.script
def not_known(x, n: int = 3, d: Optional[Dict[str, int]] = None) -> Tuple[torch.Tensor, int]:
    y = F.relu(x)
    for i in range(thing.count()):
        y = y + thing(i)
    if somewhere.flag:
        z = 1
    else:
        z = COMPUTED
    k = z + n
    return torch.relu(x) * math.pi + y, k


@torch.jit.script
def starred(x, *args):  # error: Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults
    return x


@torch.jit.ignore
def plain(x):
    return x + undefined_name


@torch.jit.script
def calls_plain(x) -> int:
    return plain(x)
