"""Storages: the memory that tensors are views of. TypedStorage and UntypedStorage are native; here are their classes by element
type (torch.FloatStorage ...), under which archives know them, and the methods that are written in the language."""
import torch
from _torch_c import TypedStorage, UntypedStorage

_CLASSES = {"DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
            "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32, "ShortStorage": torch.int16,
            "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
            "ComplexDoubleStorage": torch.complex128, "ComplexFloatStorage": torch.complex64}
_NAMES = {dtype: name for name, dtype in _CLASSES.items()}


class _LegacyStorageMeta(type):
    def __instancecheck__(cls, instance):
        return type(instance) is TypedStorage and instance.dtype == getattr(cls, "dtype", None)


class _LegacyStorage(metaclass=_LegacyStorageMeta):
    def __new__(cls, *args, **kwargs):
        return TypedStorage(*args, dtype=cls.dtype, **kwargs)


for _name, _dtype in _CLASSES.items():
    globals()[_name] = _LegacyStorageMeta(_name, (_LegacyStorage,), {"dtype": _dtype, "__module__": "torch"})


def _class_name(self):
    return _NAMES[self.dtype] if type(self) is TypedStorage else "ByteStorage"


def _repr(self):
    items = "".join(f" {v}\n" for v in self.tolist())
    if type(self) is TypedStorage:
        return f"{items}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"
    return f"{items}[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"


def _copy_(self, source):
    self._tensor().copy_(source._tensor())
    return self


def _fill_(self, value):
    self._tensor().fill_(value)
    return self


def _to(self, dtype):
    return self._tensor().to(dtype).storage()


def _type(self, dtype):
    if dtype is None:
        return "torch." + _class_name(self) if type(self) is TypedStorage else "torch.storage.UntypedStorage"
    wanted = dtype.rpartition(".")[2] if isinstance(dtype, str) else dtype.__name__
    if wanted not in _CLASSES:
        raise ValueError(f"invalid type of a storage: {dtype}")
    return _to(self, _CLASSES[wanted])


def _deepcopy(self, memo):
    known = memo.get(id(self))
    if known is None:
        known = memo[id(self)] = self.clone()
    return known


def _reduce(self):
    import io
    data = io.BytesIO()
    torch.save(self, data, _use_new_zipfile_serialization=False)
    return _load_from_bytes, (data.getvalue(),)


def _load_from_bytes(b):
    import io
    return torch.load(io.BytesIO(b))
