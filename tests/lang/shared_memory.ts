"""Tensors that processes share, and torch.multiprocessing.spawn."""
import torch
import torch.multiprocessing as mp
import torch.nn as nn
import torch.nn.functional as F


def fill(i, x, y):
    x[i] = i + 1.0
    y[i] = i + 1.0


def train(rank, model):
    torch.manual_seed(rank)
    opt = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(40):
        x = torch.randn(16, 3)
        loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
        opt.zero_grad()
        loss.backward()
        opt.step()


def fails(i):
    if i == 1:
        raise ValueError("from 1")


def leaves(i):
    import os
    os._exit(7)


class Gone:
    def __reduce__(self):
        return missing, (torch.ones(3),)


def missing(t):
    raise ValueError("cannot be made here")


def pipes():
    a, b = mp.Pipe()
    x = torch.arange(6.0).view(2, 3)
    a.send({"x": x, "again": x, "columns": x.t(), "weight": torch.ones(1, requires_grad=True)})
    got = b.recv()
    print(got["x"] is got["again"], got["columns"].tolist(), got["weight"])
    a.send([Gone(), torch.zeros(2)])
    try:
        b.recv()
    except ValueError as e:
        print(e)
    a.send("the next one")
    print(b.recv())


def main():
    pipes()
    x = torch.zeros(3).share_memory_()
    y = torch.zeros(3)
    mp.spawn(fill, args=(x, y), nprocs=3)
    print(x, x.is_shared(), y.is_shared())
    view = x[1:]
    view += 1
    print(x, view.is_shared(), x.storage().is_shared())

    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    model.share_memory()
    ps = [mp.Process(target=train, args=(rank, model)) for rank in range(2)]
    for p in ps:
        p.start()
    for p in ps:
        p.join()
    print((model.weight - 1).abs().max().item() < 0.2, all(p.is_shared() for p in model.parameters()))

    try:
        mp.spawn(fails, nprocs=2)
    except mp.ProcessRaisedException as e:
        print(str(e).splitlines()[2], str(e).splitlines()[-1], e.error_index)
    try:
        mp.spawn(leaves, nprocs=1)
    except mp.ProcessExitedException as e:
        print(e, e.exit_code)
    context = mp.spawn(fill, args=(x, x), nprocs=2, join=False)
    while not context.join():
        pass
    print(len(context.pids()), x.sum().item())
    try:
        x.storage().resize_(100)
    except RuntimeError as e:
        print(e)


if __name__ == "__main__":
    main()
# expect: True [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] tensor([1.], requires_grad=True)
# expect: cannot be made here
# expect: the next one
# expect: tensor([1., 2., 3.]) True True
# expect: tensor([1., 3., 4.]) True True
# expect: True True
# expect: -- Process 1 terminated with the following error: ValueError: from 1 1
# expect: process 0 terminated with exit code 7 7
# expect: 2 7.0
# expect: Trying to resize storage that is not resizable
