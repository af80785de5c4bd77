# torch.distributed in processes of one machine: collective operations, messages, DistributedDataParallel.
import os
import tempfile
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def work(rank, size, path):
    dist.init_process_group("gloo", init_method="file://" + path, rank=rank, world_size=size)
    lines = []
    t = torch.tensor([rank + 1.0, 5.0 - rank])
    dist.all_reduce(t)
    lines.append(t.tolist())
    pair = dist.new_group([0, 2])
    t = torch.ones(1) * (rank + 1)
    if rank != 1:
        dist.all_reduce(t, op=dist.ReduceOp.PRODUCT, group=pair)
    lines.append((t.item(), dist.get_rank(pair), dist.get_world_size(pair)))
    parts = [torch.zeros(2, dtype=torch.int64) for _ in range(size)]
    dist.all_gather(parts, torch.tensor([rank, rank * 10]))
    lines.append([p.tolist() for p in parts])
    out = torch.zeros(1)
    dist.scatter(out, [torch.tensor([float(i)]) for i in range(size)] if rank == 1 else None, src=1)
    lines.append(out.item())
    objects = [None] * size
    dist.all_gather_object(objects, {"rank": rank})
    lines.append(objects)
    works = [dist.all_reduce(torch.ones(1) * i, async_op=True) for i in range(3)]
    for w in reversed(works):
        w.wait()
    if rank == 0:
        got = torch.zeros(1, dtype=torch.int64)
        lines.append(sorted((dist.recv(got), got.item()) for _ in range(2)))
    else:
        dist.send(torch.tensor([rank * 100]), dst=0)
    torch.manual_seed(rank)
    model = DistributedDataParallel(nn.Linear(2, 1))
    x = torch.ones(1, 2) * (rank + 1)
    with model.no_sync():
        model(x).sum().backward()
    model(x).sum().backward()
    lines.append((model.module.weight.grad.tolist(), list(model.state_dict())))
    dist.barrier()
    if rank == 0:
        for line in lines:
            print(line, flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(work, args=(3, os.path.join(folder, "meet")), nprocs=3)
        print(os.listdir(folder), dist.is_initialized())
# expect: [6.0, 12.0]
# expect: (3.0, 0, 2)
# expect: [[0, 0], [1, 10], [2, 20]]
# expect: 0.0
# expect: [{'rank': 0}, {'rank': 1}, {'rank': 2}]
# expect: [(1, 100), (2, 200)]
# expect: ([[4.0, 4.0]], ['module.weight', 'module.bias'])
# expect: [] False
