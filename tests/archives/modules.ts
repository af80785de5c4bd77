# Containers, attributes of all kinds, exported methods, buffers, shared submodules, hooks.
import torch
import torch.nn as nn
from typing import Dict, List, Optional, Tuple


class Block(nn.Module):
    def __init__(self, size: int, factor: float):
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.norm = nn.LayerNorm(size)
        self.factor = factor

    def forward(self, x):
        return torch.relu(self.norm(self.linear(x))) * self.factor


class Net(nn.Module):
    limit: Optional[int]
    names: List[str]

    def __init__(self):
        super().__init__()
        block = Block(4, 0.5)
        self.blocks = nn.ModuleList([block, Block(4, 2.0), block])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Sequential(nn.Linear(4, 3), nn.Tanh())})
        self.register_buffer("calls", torch.zeros(1, dtype=torch.int64))
        self.limit = None
        self.names = ["first", "second"]
        self.table = {"x": 1, "y": 2}
        self.pair = (1, "two")

    def forward(self, x, key: str = "a"):
        self.calls += 1
        for i, block in enumerate(self.blocks):
            x = block(x) + i
        out: List[torch.Tensor] = []
        for name, head in self.heads.items():
            if name == key:
                out.append(head(x))
        return out

    @torch.jit.export
    def describe(self, keys: List[str], default: int = -1) -> Tuple[List[int], str, Optional[int]]:
        found = [self.table.get(k, default) for k in keys]
        text = ""
        for i, name in enumerate(self.names):
            text += "{}={};".format(name, i)
        if self.limit is not None:
            text += str(self.limit)
        return found, text + self.pair[1], self.limit


torch.manual_seed(1)
m = torch.jit.script(Net().eval())
x = torch.randn(3, 4)
calls = [("forward", (x,), m(x)), ("forward", (x, "b"), m(x, "b")), ("describe", (["x", "q"],), m.describe(["x", "q"]))]
m.calls.zero_()
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
