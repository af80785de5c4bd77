# torch.save and torch.load: sharing of storages, large files mapped, both formats, map_location, what is refused.
import io
import os
import torch
import torch.nn as nn

path = f"save_load.{os.getpid()}.pt"
try:
    base = torch.arange(300000.0)
    torch.save({"all": base, "part": base[5:8], "turned": base.view(1000, 300).t()}, path)
    back = torch.load(path)
    print(back["part"], back["turned"].stride(), torch.equal(back["all"], base))
    # expect: tensor([5., 6., 7.]) (1, 300) True
    back["all"][6] = -1
    print(back["part"], torch.load(path)["part"])  # expect: tensor([ 5., -1.,  7.]) tensor([5., 6., 7.])
    # The file may be written over while its pages are in use, by save and by open.
    torch.save({"all": base * 2}, path)
    print(back["all"][299999])  # expect: tensor(299999.)
    mapped = torch.load(path)["all"]
    with open(path, "wb") as f:
        f.write(b"short")
    print(mapped[299999], mapped.sum().item() == (base * 2).sum().item())  # expect: tensor(599998.) True
    mapped.resize_(300001)
    print(mapped.shape, mapped[299999])  # expect: torch.Size([300001]) tensor(599998.)
    # An object that cannot be saved leaves the old file as it was.
    torch.save([1], path)
    try:
        torch.save([torch.ones(3), lambda: 0], path)
    except Exception as e:
        print(type(e).__name__, torch.load(path), [n for n in os.listdir(".") if n.startswith("." + path)])
        # expect: PicklingError [1] []
finally:
    if os.path.exists(path):
        os.remove(path)


def trip(obj, load={}, **kw):
    f = io.BytesIO()
    torch.save(obj, f, **kw)
    f.seek(0)
    return torch.load(f, **load)


torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU())
for options in ({}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}):
    again = trip(net, **options)
    x = torch.randn(4, 2)
    print(torch.equal(again.eval()(x), net.eval()(x)), [n for n, _ in again.named_parameters()], again.training)
    # expect: True ['0.weight', '0.bias', '1.weight', '1.bias'] False
# expect: True ['0.weight', '0.bias', '1.weight', '1.bias'] False
# expect: True ['0.weight', '0.bias', '1.weight', '1.bias'] False
where = []
trip(torch.ones(2), {"map_location": lambda storage, location: where.append((location, len(storage)))})
print(where)  # expect: [('cpu', 2)]
print(trip(torch.ones(2), {"map_location": {"cpu": "meta"}}).device)  # expect: meta
print(trip({"w": torch.ones(1), "n": [1]}, {"weights_only": True}))  # expect: {'w': tensor([1.]), 'n': [1]}
try:
    trip(net, {"weights_only": True})
except Exception as e:
    print(type(e).__name__, "Unsupported class torch.nn.modules.container.Sequential" in str(e))  # expect: UnpicklingError True
t = torch.ones(2)
try:
    trip([t, t.view(torch.int32)])
except RuntimeError as e:
    print(e)  # expect: Cannot save multiple tensors or storages that view the same data as different types
for storage in (trip(torch.arange(3).storage()), torch.FloatStorage([1.5, 2.5])):
    print(type(storage).__name__, storage.dtype, storage.tolist(), isinstance(storage, torch.LongStorage))
# expect: TypedStorage torch.int64 [0, 1, 2] True
# expect: TypedStorage torch.float32 [1.5, 2.5] False
