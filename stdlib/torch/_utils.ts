"""What pickles of tensors call to make them again."""
import torch
from _torch_c import _rebuild_tensor as _on_storage


def _element_size(dtype):
    return torch.empty(0, dtype=dtype).element_size()


def _rebuild_tensor(storage, storage_offset, size, stride):
    return _on_storage(storage, storage_offset, size, stride)


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    if metadata:
        raise NotImplementedError("torch.load: tensors with a conjugate or negative bit are not supported")
    tensor = _on_storage(storage, storage_offset, size, stride)
    if requires_grad:
        tensor.requires_grad_()
    return tensor


def _rebuild_parameter(data, requires_grad, backward_hooks):
    return torch.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    param = torch.nn.Parameter(data, requires_grad)
    _set_obj_state(param, state)
    return param


def _set_obj_state(obj, state):
    plain, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    for part in (plain, slots):
        if part:
            for key, value in part.items():
                setattr(obj, key, value)
    return obj


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    return torch.empty_strided(size, stride, dtype=dtype, device="meta", requires_grad=requires_grad)


def _rebuild_sparse_tensor(layout, data):
    if layout != torch.sparse_coo:
        raise NotImplementedError(f"rebuilding sparse tensor for layout {layout}")
    indices, values, size = data[:3]
    return torch.sparse_coo_tensor(indices, values, size)


def _rebuild_sparse_csr_tensor(layout, data):
    raise NotImplementedError("torch.load: sparse tensors in CSR layout are not supported")


def _rebuild_qtensor(*args):
    raise NotImplementedError("torch.load: quantized tensors are not supported")


def _rebuild_from_type_v2(func, new_type, args, state):
    """A tensor with attributes of its own, or of a class derived from Tensor."""
    ret = func(*args)
    if type(ret) is not new_type:
        ret = ret.as_subclass(new_type)
    if getattr(ret.__class__, "__setstate__", torch.Tensor.__setstate__) is not torch.Tensor.__setstate__:
        ret.__setstate__(state)
    else:
        _set_obj_state(ret, state)
    return ret


def _accumulate(iterable, fn=None):
    from itertools import accumulate
    return accumulate(iterable) if fn is None else accumulate(iterable, fn)


def _flatten_dense_tensors(tensors):
    """All elements of the tensors in one of a single dimension."""
    tensors = list(tensors)
    return torch.cat([t.contiguous().view(-1) for t in tensors]) if tensors else torch.empty(0)


def _unflatten_dense_tensors(flat, tensors):
    """The parts of a flat tensor that have the sizes of the given ones."""
    parts, offset = [], 0
    for t in tensors:
        parts.append(flat.narrow(0, offset, t.numel()).view(t.size()))
        offset += t.numel()
    return tuple(parts)
