"""Makes one batch of a list of samples."""
import collections.abc
import torch

_ERROR = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
default_collate_err_msg_format = _ERROR


def _remake(cls, items, plain):
    """A container of the sample's own class where it takes the items, a plain one otherwise (range ...)."""
    try:
        return cls(items)
    except TypeError:
        return plain(items)


def default_convert(data):
    """What a loader without batching applies to each sample: containers are rebuilt, everything else stays as it is."""
    cls = type(data)
    if isinstance(data, (torch.Tensor, str, bytes)):
        return data
    if isinstance(data, collections.abc.Mapping):
        return _remake(cls, {key: default_convert(data[key]) for key in data}, dict)
    if isinstance(data, tuple):
        parts = [default_convert(d) for d in data]
        return cls(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, collections.abc.Sequence):
        return _remake(cls, [default_convert(d) for d in data], list)
    return data


def collate(batch, *, collate_fn_map=None):
    """Collates by the type of the first sample: first the functions of the map, then containers piece by piece."""
    first = batch[0]
    cls = type(first)
    if collate_fn_map is not None:
        if cls in collate_fn_map:
            return collate_fn_map[cls](batch, collate_fn_map=collate_fn_map)
        for known in collate_fn_map:
            if isinstance(first, known):
                return collate_fn_map[known](batch, collate_fn_map=collate_fn_map)
    if isinstance(first, collections.abc.Mapping):
        return _remake(cls, {key: collate([d[key] for d in batch], collate_fn_map=collate_fn_map) for key in first}, dict)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return cls(*[collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)])
    if isinstance(first, collections.abc.Sequence):
        size = len(first)
        for sample in batch:
            if len(sample) != size:
                raise RuntimeError("each element in list of batch should be of equal size")
        parts = [collate(samples, collate_fn_map=collate_fn_map) for samples in list(zip(*batch))]
        return parts if isinstance(first, tuple) else _remake(cls, parts, list)
    raise TypeError(_ERROR.format(cls))


def collate_tensor_fn(batch, *, collate_fn_map=None):
    return torch.stack(batch, 0)


def collate_float_fn(batch, *, collate_fn_map=None):
    return torch.tensor(batch, dtype=torch.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    return torch.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    return batch


default_collate_fn_map = {torch.Tensor: collate_tensor_fn, float: collate_float_fn, int: collate_int_fn,
                          (str, bytes): collate_str_fn}


def default_collate(batch):
    """Tensors are stacked, numbers become tensors, strings stay a list; containers of these keep their form."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def rows_of_tensors(dataset, indices, collate_fn):
    """The batch of a TensorDataset (or of Subsets of one) by one index operation a tensor; None where the samples have to be
    fetched one by one: another data set or collate function, indices that are no plain rows, tensors with gradients."""
    from torch.utils.data.dataset import Subset, TensorDataset
    if collate_fn is not default_collate or default_collate_fn_map.get(torch.Tensor) is not collate_tensor_fn:
        return None
    while type(dataset) is Subset:
        if type(dataset.indices) is not list:
            return None
        known = dataset.indices
        size = len(known)
        for i in indices:
            if type(i) is not int or not 0 <= i < size:
                return None
        indices = [known[i] for i in indices]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    size = len(dataset)
    for i in indices:
        if type(i) is not int or not 0 <= i < size:
            return None
    for t in dataset.tensors:
        if t.requires_grad or t.dim() == 0:
            return None
    rows = torch.tensor(indices)
    return [t.index_select(0, rows) for t in dataset.tensors]
