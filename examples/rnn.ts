# The recurrent network of PyTorch's announcement of Torch Script, trained to say whether more ones than zeros went by.
#
# The scripted function is compiled; `tsvm dump kernel examples/rnn.ts` shows that the sum and tanh of a step are one
# kernel, with one more for their gradient.
import torch
from torch.nn import functional as F


@torch.jit.script
def RNN(x, h, W_h, U_h, b_h):
    y = []
    for t in range(x.size(0)):
        h = torch.tanh(x[t] @ W_h + h @ U_h + b_h)
        y += [h]
    return torch.stack(y), h


torch.manual_seed(0)
steps, batch, hidden = 15, 64, 24
W = (torch.randn(2, hidden) * 0.5).requires_grad_()
U = (torch.randn(hidden, hidden) * 0.15).requires_grad_()
b = torch.zeros(hidden, requires_grad=True)
V = (torch.randn(hidden, 2) * 0.5).requires_grad_()
optimizer = torch.optim.Adam([W, U, b, V], lr=0.005)


def sequences():
    bits = torch.randint(0, 2, (steps, batch))
    return F.one_hot(bits, 2).float(), (bits.sum(0) * 2 > steps).long()


for epoch in range(6):
    total, right = 0.0, 0
    for _ in range(40):
        x, label = sequences()
        y, h = RNN(x, torch.zeros(batch, hidden), W, U, b)
        score = h @ V
        loss = F.cross_entropy(score, label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        right += int((score.argmax(1) == label).sum())
    print(f"epoch {epoch + 1}: loss {total / 40:.3f}, accuracy {right / (40 * batch):.1%}")
