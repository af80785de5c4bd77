# A frozen module, whose weights are constants, with text that is not ASCII and numbers of all kinds.
import torch
import torch.nn as nn
from typing import List, Tuple


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 3, 2)
        self.scale = 0.1

    def forward(self, x) -> Tuple[torch.Tensor, str, List[float], complex]:
        y = self.conv(x) * self.scale
        numbers = [1e22, 1e10, 3.0, -0.0, 0.1, float("inf"), 123456789012345.0]
        return y, "größe \"q\"\\\n\t", numbers, complex(1, -2.5)


torch.manual_seed(5)
m = torch.jit.freeze(torch.jit.script(Net().eval()))
x = torch.randn(1, 2, 5)
calls = [("forward", (x,), m(x))]
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
