"""The parts of the loader: collating samples, fetching them, workers."""
from torch.utils.data._utils import collate, fetch, worker
