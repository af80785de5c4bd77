"""Worker processes of a DataLoader."""
import os, time, warnings
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
class D(Dataset):
    def __init__(self, n, t=0.0): self.n, self.t = n, t
    def __len__(self): return self.n
    def __getitem__(self, i):
        if self.t: time.sleep(self.t)
        return torch.tensor([float(i), get_worker_info().id]), torch.rand(1)
def main():
    warnings.simplefilter("ignore")  # about few processors
    torch.manual_seed(3)
    for x, r in DataLoader(D(10), batch_size=3, num_workers=2, shuffle=True):
        print(x.tolist(), r.tolist())
    t = time.time()
    n = sum(len(x) for x, _ in DataLoader(D(40, 0.1), batch_size=10, num_workers=4))
    print(n, time.time() - t < 3.5)  # one after the other: four seconds
    class S(IterableDataset):
        def __iter__(self):
            w = get_worker_info()
            return iter(range(w.id, 11, w.num_workers))
    print([b.tolist() for b in DataLoader(S(), batch_size=2, num_workers=3)])
    print([b for b in DataLoader(S(), batch_size=None, num_workers=3)])
    dl = DataLoader(D(9), batch_size=2, num_workers=2, persistent_workers=True)
    for _ in range(2):
        for x, r in dl: print(x.tolist(), r.tolist())
    it = iter(dl); next(it); del it
    for x, r in dl: print(len(x))
    class Bad(Dataset):
        def __len__(self): return 4
        def __getitem__(self, i):
            if i == 2: raise KeyError("two")
            return i
    try:
        for v in DataLoader(Bad(), num_workers=2): print(v)
    except KeyError as e: print(str(e).split("Original")[0])
    class Dies(Dataset):
        def __len__(self): return 4
        def __getitem__(self, i):
            if i == 0: os._exit(3)
            return i
    try:
        for v in DataLoader(Dies(), num_workers=1): print(v)
    except RuntimeError as e: print(str(e).split("(")[0])
    for big in DataLoader(torch.arange(2000000).view(2, 1000000), batch_size=None, num_workers=2): print(big.sum())
    idx = [list(range(50000)), list(range(50000))] * 4
    print(sum(b.sum().item() for b in DataLoader(torch.arange(50000.), batch_sampler=idx, num_workers=2)))
if __name__ == "__main__":
    main()
# expect: [[6.0, 0.0], [2.0, 0.0], [0.0, 0.0]] [[0.2876076102256775], [0.686290979385376], [0.6020464301109314]]
# expect: [[1.0, 1.0], [8.0, 1.0], [3.0, 1.0]] [[0.7470175623893738], [0.8290408253669739], [0.682488203048706]]
# expect: [[5.0, 0.0], [4.0, 0.0], [7.0, 0.0]] [[0.6949343085289001], [0.9360095262527466], [0.7469896078109741]]
# expect: [[9.0, 1.0]] [[0.6939346790313721]]
# expect: 40 True
# expect: [[0, 3], [1, 4], [2, 5], [6, 9], [7, 10], [8]]
# expect: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
# expect: [[0.0, 0.0], [1.0, 0.0]] [[0.9140531420707703], [0.5029496550559998]]
# expect: [[2.0, 1.0], [3.0, 1.0]] [[0.4301798343658447], [0.49780207872390747]]
# expect: [[4.0, 0.0], [5.0, 0.0]] [[0.22259896993637085], [0.6906065940856934]]
# expect: [[6.0, 1.0], [7.0, 1.0]] [[0.4194374680519104], [0.5281786918640137]]
# expect: [[8.0, 0.0]] [[0.6692246794700623]]
# expect: [[0.0, 0.0], [1.0, 0.0]] [[0.8919030427932739], [0.45193803310394287]]
# expect: [[2.0, 1.0], [3.0, 1.0]] [[0.8252493143081665], [0.38292938470840454]]
# expect: [[4.0, 0.0], [5.0, 0.0]] [[0.8522680401802063], [0.03295785188674927]]
# expect: [[6.0, 1.0], [7.0, 1.0]] [[0.1976252794265747], [0.620191216468811]]
# expect: [[8.0, 0.0]] [[0.799330472946167]]
# expect: 2
# expect: 2
# expect: 2
# expect: 2
# expect: 1
# expect: tensor([0])
# expect: tensor([1])
# expect: Caught KeyError in DataLoader worker process 0.
# expect:
# expect: DataLoader worker 
# expect: tensor(499999500000)
# expect: tensor(1499999500000)
# expect: 9999800320.0
