# Script classes, enumerations, named tuples, interfaces, overloads; loops, exceptions and text.
import enum
import torch
import torch.nn as nn
from typing import Dict, List, NamedTuple, Optional, Tuple, Union


class Mode(enum.Enum):
    FAST = "fast"
    EXACT = "exact"


class Box(NamedTuple):
    low: torch.Tensor
    label: str
    size: int


@torch.jit.script
class Vec:
    def __init__(self, x: float, y: float):
        self.x = x
        self.y = y

    def __add__(self, other: "Vec") -> "Vec":
        return Vec(self.x + other.x, self.y + other.y)

    def __lt__(self, other: "Vec") -> bool:
        return self.x < other.x

    def text(self) -> str:
        return "({}, {})".format(self.x, self.y)


@torch.jit.interface
class Stage(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pass


class Plus(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


class Times(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([2.0, 3.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


@torch.jit.script
def collatz(n: int) -> List[int]:
    out = [n]
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        if n > 10000:
            break
        out.append(n)
    return out


class Net(nn.Module):
    stage: Stage

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleDict({"plus": Plus(), "times": Times()})
        self.stage = Times()
        self.mode = Mode.EXACT

    def forward(self, x, key: str):
        stage: Stage = self.stages[key]
        y = self.stage.forward(stage.forward(x))
        if self.mode == Mode.FAST:
            y = y * 0
        return Box(y, self.mode.value + key, len(key))

    @torch.jit.export
    def sums(self, n: int) -> Tuple[str, List[int], Dict[str, float]]:
        vs = [Vec(float(i % 3), float(i)) for i in range(n)]
        vs.sort()
        total = Vec(0.0, 0.0)
        for v in vs:
            total = total + v
        if n > 100:
            raise ValueError("too many")
        squares = {str(i): float(i * i) for i in range(n)}
        return total.text() + vs[0].text(), collatz(n + 5), squares

    @torch.jit.export
    def kinds(self, v: Union[int, List[int], str], o: Optional[int]) -> int:
        if isinstance(v, int):
            return v + (o if o is not None else 0)
        elif isinstance(v, str):
            return len(v)
        else:
            return v[0]


m = torch.jit.script(Net())
x = torch.tensor([1.5, -2.0])
calls = [("forward", (x, "plus"), tuple(m(x, "plus"))), ("forward", (x, "times"), tuple(m(x, "times"))), ("sums", (7,), m.sums(7)),
         ("kinds", ([4, 5], None), m.kinds([4, 5], None)), ("kinds", (3, 4), m.kinds(3, 4)), ("kinds", ("abc", None), m.kinds("abc", None))]
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
