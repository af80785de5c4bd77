# A trace: convolutions, sizes that it follows, recurrent layers, indices, a scripted function inside.
import torch
import torch.nn as nn
import torch.nn.functional as F


@torch.jit.script
def clip(x, n: int):
    if x.size(0) > n:
        x = x[:n]
    return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2))
        self.lstm = nn.LSTM(6, 4, batch_first=True)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = F.interpolate(self.features(x), scale_factor=2.0)
        b, c, h, w = x.shape
        y, _ = self.lstm(x.reshape(b, c * h, w))
        y = self.out(y[:, -1]) + torch.einsum("bij,bkj->bik", y, y).sum(dim=(1, 2)).unsqueeze(1)
        return clip(y, 4), torch.arange(x.size(0)) * 2, y.T[0]


torch.manual_seed(4)
m = torch.jit.trace(Net().eval(), torch.randn(2, 1, 8, 8))
a, b = torch.randn(3, 1, 8, 8), torch.randn(6, 1, 8, 8)
with torch.no_grad():
    calls = [("forward", (a,), m(a)), ("forward", (b,), m(b))]
m.save("model.pt")
torch.save({"calls": calls}, "io.pt")
