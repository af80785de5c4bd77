# A lone function, which PyTorch loads as a module.
import torch
from typing import Dict, List, Optional


@torch.jit.script
def scale(x, factors: List[float], names: Dict[str, int], extra: Optional[torch.Tensor]):
    y = x
    for i, f in enumerate(factors):
        y = y * f + i
    for name in names:
        if name.startswith("a"):
            y = y + names[name]
    if extra is not None:
        y[:, 0] = extra
        y[y > 5] = 0
    return y, torch.zeros([2], dtype=torch.int64), x[1:, ::2]


x = torch.arange(6.0).reshape(2, 3)
names = {"ab": 1, "cd": 2}
calls = [("forward", (x, [0.5, 2.0], names, None), scale(x, [0.5, 2.0], names, None)),
         ("forward", (x, [1.0], names, torch.tensor([7.0, 8.0])), scale(x, [1.0], names, torch.tensor([7.0, 8.0])))]
scale.save("model.pt")
torch.save({"calls": calls}, "io.pt")
