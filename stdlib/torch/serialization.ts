"""torch.save and torch.load: PyTorch's archives, both ways.

An archive is a zip file: data.pkl, a pickle of the object in which storages are only named, and the bytes of each storage in an
entry of its own. The old format is pickles one after the other with the storages' bytes behind them; it is read and, on request,
written. Reading builds data only: see pickle. Storages of a file are its mapped pages, not copies.
"""
import copyreg
import io
import os
import pickle
import sys
import torch
from contextlib import contextmanager
from _archive import Bytes as _Bytes, Writer as _Writer, Zip as _Zip, storage_bytes
from torch.storage import TypedStorage, UntypedStorage, _CLASSES, _NAMES

DEFAULT_PROTOCOL = 2
MAGIC_NUMBER = 0x1950a86a20f9469cfc6c
PROTOCOL_VERSION = 1001
STORAGE_KEY_SEPARATOR = ","


class SourceChangeWarning(Warning):
    pass


# --- what a pickle may name --------------------------------------------------------------------------------------------

_REBUILDERS = frozenset(["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state",
                         "_rebuild_sparse_tensor", "_rebuild_sparse_csr_tensor", "_rebuild_meta_tensor_no_storage",
                         "_rebuild_qtensor", "_set_obj_state"])
_OLD_MODULES = {"torch.tensor": "torch._tensor", "torch._C": "torch"}


class StorageType:
    """Stands for a storage class named in a pickle."""

    def __init__(self, name):
        self.dtype = _CLASSES[name]
        self.__name__ = name

    def __repr__(self):
        return f"StorageType(dtype={self.dtype})"


def _get_layout(name):
    """A layout by the name that its repr shows."""
    layouts = {str(layout): layout for layout in (torch.strided, torch.sparse_coo)}
    if name not in layouts:
        raise NotImplementedError(f"torch.load: layout {name} is not supported")
    return layouts[name]


copyreg.pickle(torch.layout, lambda layout: (_get_layout, (str(layout),)))


def _allowed_global(module, name):
    """An object of torch that a pickle may name: dtypes, classes, the functions that make tensors again, and functions that a
    module may hold as data."""
    from importlib import import_module
    module = _OLD_MODULES.get(module, module)
    if module in ("torch", "torch.storage") and name in _CLASSES:
        return getattr(torch.storage, name)
    if module == "torch._tensor" and name == "_rebuild_from_type_v2":
        module = "torch._utils"
    if module == "torch.nn.parameter" and name == "Buffer":
        module = "torch"
        name = "Tensor"
    if module.startswith("torch.") and module not in sys.modules:
        if module.split(".")[1] not in ("nn", "optim", "utils", "storage", "serialization", "_utils", "_tensor", "distributions",
                                        "functional", "autograd"):
            raise pickle.UnpicklingError(f"the pickle names {module}.{name}, which is no data type: refused")
        try:
            import_module(module)
        except ImportError:
            raise pickle.UnpicklingError(f"the pickle names {module}.{name}, which tsvm does not have") from None
    found = sys.modules[module]
    for part in name.split("."):
        if part.startswith("__") or not hasattr(found, part):
            raise pickle.UnpicklingError(f"the pickle names {module}.{name}, which tsvm does not have")
        found = getattr(found, part)
    if isinstance(found, (type, torch.dtype)) or (callable(found) and not _runs_code(module, name)):
        return found
    raise pickle.UnpicklingError(f"the pickle names {module}.{name}, which is no data type: refused")


def _runs_code(module, name):
    """Functions that do more than compute."""
    return module not in ("torch", "torch.functional", "torch._utils", "torch.serialization",
                          "torch.storage") and not module.startswith("torch.nn") or name in ("load", "save", "compile", "import_ir_module")


def _may_be_called(f):
    module, name = f.__module__, f.__name__
    return (module == "torch._utils" and (name in _REBUILDERS or name == "_rebuild_from_type_v2") or
            module == "torch.serialization" and name == "_get_layout" or
            module == "torch.storage" and name == "_load_from_bytes")


_WEIGHTS_ONLY = frozenset(["collections.OrderedDict", "torch.nn.parameter.Parameter", "torch.serialization._get_layout",
                           "torch.Size", "torch.Tensor"] +
                          ["torch." + name for name in _CLASSES] +
                          ["torch." + name for name in
                           "complex64 complex128 float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool".split()] +
                          ["torch._utils." + name for name in _REBUILDERS])


# --- devices -----------------------------------------------------------------------------------------------------------

_package_registry = []


def register_package(priority, tagger, deserializer):
    """Adds a kind of device: tagger(storage) gives its tag or None, deserializer(storage, tag) moves the storage there or gives
    None."""
    _package_registry.append((priority, tagger, deserializer))
    _package_registry.sort(key=lambda entry: entry[0])


def _cuda_deserialize(storage, location):
    if location.startswith("cuda"):
        raise RuntimeError("Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
                           "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map "
                           "your storages to the CPU.")


register_package(10, lambda s: "cpu" if s.device.type == "cpu" else None, lambda s, location: s if location == "cpu" else None)
register_package(20, lambda s: None, _cuda_deserialize)
register_package(22, lambda s: "meta" if s.device.type == "meta" else None,
                 lambda s, location: UntypedStorage(s.nbytes(), device="meta") if location == "meta" else None)


def location_tag(storage):
    for _, tagger, _ in _package_registry:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError("don't know how to determine data location of " + torch.typename(storage))


def default_restore_location(storage, location):
    for _, _, restore in _package_registry:
        result = restore(storage, location)
        if result is not None:
            return result
    raise RuntimeError(f"don't know how to restore data location of {torch.typename(storage)} (tagged with {location})")


def _get_restore_location(map_location):
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, torch.device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def restore(storage, location):
        result = map_location(storage, location)
        return default_restore_location(storage, location) if result is None else result

    return restore


# --- saving ------------------------------------------------------------------------------------------------------------

def _is_path(f):
    return isinstance(f, (str, os.PathLike))


def _is_storage(obj):
    return type(obj) is TypedStorage or type(obj) is UntypedStorage


class _Storages:
    """The storages met while pickling: persistent ids, and what has to be written."""

    def __init__(self, key_of):
        self.key_of = key_of
        self.found = {}  # key -> storage
        self.dtypes = {}

    def id(self, storage):
        dtype = storage.dtype if type(storage) is TypedStorage else torch.uint8
        address = storage.data_ptr()
        if address != 0 and self.dtypes.setdefault(address, dtype) != dtype:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        key = self.key_of(storage)
        self.found[key] = storage
        return ("storage", getattr(torch.storage, _NAMES[dtype]), key, location_tag(storage), len(storage))


def save(obj, f, pickle_module=pickle, pickle_protocol=DEFAULT_PROTOCOL, _use_new_zipfile_serialization=True):
    """Writes an object to a file (a path, or an object with write)."""
    if not _is_path(f) and not hasattr(f, "write"):
        raise AttributeError(f"'{type(f).__name__}' object has no attribute 'write'")
    if pickle_module is None:
        pickle_module = pickle
    if _use_new_zipfile_serialization:
        _save(obj, f, pickle_module, pickle_protocol)
    elif _is_path(f):
        # The whole file first, so that an error leaves no half of one.
        whole = io.BytesIO()
        _legacy_save(obj, whole, pickle_module, pickle_protocol)
        with open(f, "wb") as opened:
            opened.write(whole.getvalue())
    else:
        _legacy_save(obj, f, pickle_module, pickle_protocol)
        if hasattr(f, "flush"):
            f.flush()


def _pickled(obj, pickle_module, protocol, persistent_id, types=(TypedStorage, UntypedStorage)):
    data = io.BytesIO()
    pickler = pickle_module.Pickler(data, protocol=protocol)
    if types is not None and isinstance(pickler, pickle.Pickler):
        pickler._persistent_types = types
    pickler.persistent_id = persistent_id
    pickler.dump(obj)
    return data.getvalue()


def _archive_name(path):
    """The top folder in an archive: the file's name without its extension."""
    name = os.path.basename(path)
    dot = name.rfind(".")
    return name if dot < 0 else name[:dot]


@contextmanager
def _new_archive(f):
    """(writer, top folder) of a new archive; what was begun is thrown away when something raises."""
    if not _is_path(f):
        writer, top = _Writer(f), "archive"
    else:
        path = os.fspath(f)
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise RuntimeError(f"Parent directory {folder} does not exist.")
        writer, top = _Writer(path), _archive_name(path)
    try:
        yield writer, top
        writer.finish()
    except BaseException:
        writer.discard()
        raise
    if not _is_path(f) and hasattr(f, "flush"):
        f.flush()


def _save(obj, f, pickle_module, protocol):
    keys = {}
    storages = _Storages(lambda storage: keys.setdefault(storage._cdata, str(len(keys))))
    data = _pickled(obj, pickle_module, protocol, lambda o: storages.id(o) if _is_storage(o) else None)
    with _new_archive(f) as (writer, name):
        writer.add(name + "/data.pkl", data)
        for key in sorted(storages.found):
            writer.add(name + "/data/" + key, _bytes_of(storages.found[key]))
        writer.add(name + "/version", b"3\n")


def _bytes_of(storage):
    return storage._typed(torch.uint8)


def _legacy_save(obj, f, pickle_module, protocol):
    storages = _Storages(lambda storage: str(storage._cdata))
    classes = set()

    def persistent_id(o):
        if _is_storage(o):
            return storages.id(o) + (None,)
        if isinstance(o, type) and issubclass(o, torch.nn.Module) and o not in classes:
            classes.add(o)
            return ("module", o, None, None)
        return None

    # Classes of modules are asked about too, so every object is.
    import torch.nn
    types = (TypedStorage, UntypedStorage, type)
    for part in (MAGIC_NUMBER, PROTOCOL_VERSION,
                 {"protocol_version": PROTOCOL_VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}):
        f.write(_pickled(part, pickle_module, protocol, lambda o: None, types))
    f.write(_pickled(obj, pickle_module, protocol, persistent_id, types))
    keys = sorted(storages.found)
    f.write(_pickled(keys, pickle_module, protocol, lambda o: None, types))
    for key in keys:
        storage = storages.found[key]
        f.write(len(storage).to_bytes(8, "little"))
        f.write(storage_bytes(storage))


# --- loading -----------------------------------------------------------------------------------------------------------

def load(f, map_location=None, pickle_module=None, *, weights_only=False, **pickle_load_args):
    """Reads what save wrote. Storages go to their device, or where map_location says."""
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if pickle_module is None:
        pickle_module = pickle
    pickle_load_args.setdefault("encoding", "utf-8")
    if _is_path(f):
        data = _Bytes(f)
        start = 0
    else:
        if not hasattr(f, "read") or not hasattr(f, "seek") or not hasattr(f, "tell"):
            raise AttributeError(f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a file that is "
                                 "seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead.")
        start = f.tell()
        whole = f.read()
        if not isinstance(whole, bytes):
            raise TypeError(f"torch.load needs a file opened in binary mode: read() gave {type(whole).__name__}")
        data = _Bytes(whole)
    if len(data) >= 4 and data.slice(0, 4) == b"PK\x03\x04":
        archive = _open_archive(data)
        if archive.has("constants.pkl"):
            import warnings
            warnings.warn("'torch.load' received a zip file that looks like a TorchScript archive dispatching to 'torch.jit.load' "
                          "(call 'torch.jit.load' directly to silence this warning)", UserWarning)
            if not _is_path(f):
                f.seek(start)
            return torch.jit.load(f, map_location=map_location)
        return _load(archive, map_location, pickle_module, weights_only, pickle_load_args)
    value, used = _legacy_load(data, map_location, pickle_module, weights_only, pickle_load_args)
    if not _is_path(f):
        f.seek(start + used)
    return value


class Archive:
    """A PyTorch archive: entries by their names below the top folder."""

    def __init__(self, data):
        try:
            self.zip = _Zip(data)
        except RuntimeError as e:
            raise RuntimeError(f"PytorchStreamReader failed reading zip archive: {e}") from None
        names = self.zip.names()
        if not names:
            raise RuntimeError("PytorchStreamReader failed: archive is empty")
        top, slash, _ = names[0].partition("/")
        if not slash:
            raise RuntimeError(f"PytorchStreamReader failed: file in archive is not in a subdirectory: {names[0]}")
        self.top = top + "/"
        self.names = [n[len(self.top):] for n in names if n.startswith(self.top)]
        self._known = frozenset(self.names)

    def has(self, name):
        return name in self._known

    def read(self, name):
        if name not in self._known:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found")
        try:
            return self.zip.read(self.top + name)
        except RuntimeError as e:
            raise RuntimeError(f"PytorchStreamReader failed reading file {name}: {e}") from None

    def storage(self, name, dtype, size):
        """The bytes of an entry as a storage of elements of that type."""
        if name not in self._known:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found")
        return self.zip.storage(self.top + name, dtype, size)

    def version(self):
        text = self.read(".data/version" if self.has(".data/version") else "version")
        try:
            version = int(text.decode("ascii"))
        except ValueError:
            raise RuntimeError(f"Couldn't parse the version of the archive: {text[:20]!r}") from None
        if version < 1 or version > 10:
            which = "minimum supported version is 1" if version < 1 else "maximum supported version for reading is 10"
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the {which}. Your PyTorch "
                               "installation may be too old.")
        return version


def _open_archive(data):
    archive = Archive(data)
    archive.version()
    if archive.has("byteorder") and archive.read("byteorder") != b"little":
        raise NotImplementedError("torch.load: archives in big-endian byte order are not supported")
    return archive


def _text(v):
    return v.decode("ascii") if isinstance(v, bytes) else v


def _dtype_of(storage_type):
    dtype = getattr(storage_type, "dtype", None)
    if storage_type is UntypedStorage:
        return torch.uint8
    if not isinstance(dtype, torch.dtype):
        raise pickle.UnpicklingError(f"a storage's class in the pickle is no storage class: {storage_type!r}")
    return dtype


def _unpickler_class(base, weights_only):
    """An unpickler of the module's class that knows storages."""

    class _StorageUnpickler(base):
        def find_class(self, module, name):
            if "Storage" in name and name in _CLASSES and module in ("torch", "torch.cuda", "torch.storage"):
                return StorageType(name)
            module = _OLD_MODULES.get(module, module)
            if weights_only and module + "." + name not in _WEIGHTS_ONLY:
                raise pickle.UnpicklingError(
                    "Weights only load failed. Re-running `torch.load` with `weights_only` set to `False` will likely succeed, but it "
                    "can result in arbitrary code execution.Do it only if you get the file from a trusted source. WeightsUnpickler "
                    f"error: Unsupported class {module}.{name}")
            return super().find_class(module, name)

    return _StorageUnpickler


class _Cursor:
    """Bytes read from a place on, as a file gives them."""

    def __init__(self, data, at):
        self.data = data
        self.at = at

    def read(self, n):
        n = min(n, len(self.data) - self.at)
        piece = self.data.slice(self.at, n)
        self.at += n
        return piece

    def readline(self):
        raise NotImplementedError("a pickle is read in blocks")


def _unpickle(data, pickle_module, persistent_load, weights_only, args, at=0):
    """(value, position behind it) of the pickle at a place in some Bytes."""
    cls = _unpickler_class(pickle_module.Unpickler, weights_only)
    if issubclass(cls, pickle.Unpickler):
        unpickler = cls(_Cursor(data, at), **args)
        # Which functions may be called is the allow list's business here too, though find_class is one of our own.
        value, used, _ = unpickler._reader.load(unpickler._file, True, pickle._Checked(unpickler.find_class), persistent_load,
                                                unpickler.encoding, unpickler.errors)
        return value, at + used
    stream = io.BytesIO(data.slice(at, len(data) - at))
    unpickler = cls(stream, **args)
    unpickler.persistent_load = persistent_load
    value = unpickler.load()
    return value, at + stream.tell()


def _load(archive, map_location, pickle_module, weights_only, args, pickle_file="data.pkl"):
    restore = _get_restore_location(map_location)
    loaded = {}

    def persistent_load(saved_id):
        if not isinstance(saved_id, tuple) or len(saved_id) != 5 or _text(saved_id[0]) != "storage":
            raise pickle.UnpicklingError(f"unknown persistent id in the archive: {saved_id!r}"[:200])
        storage_type, key, location, numel = saved_id[1:]
        key = _text(key)
        if key not in loaded:
            dtype = _dtype_of(storage_type)
            if not isinstance(numel, int) or numel < 0:
                raise pickle.UnpicklingError("the size of a storage in the archive is no number")
            storage = archive.storage("data/" + key, dtype, numel * _SIZES[dtype])
            restored = restore(storage, _text(location))
            if type(restored) is UntypedStorage or restored.dtype != dtype:
                restored = restored._typed(dtype)
            loaded[key] = restored
        return loaded[key]

    return _unpickle(_Bytes(archive.read(pickle_file)), pickle_module, persistent_load, weights_only, args)[0]


_SIZES = {dtype: torch.empty(0, dtype=dtype).element_size() for dtype in _NAMES}


def _legacy_load(data, map_location, pickle_module, weights_only, args):
    """(value, bytes used) of the format before zip."""
    restore = _get_restore_location(map_location)
    storages = {}  # key -> storage on its device, filled at the end
    pending = {}  # key -> (storage in memory, element size)

    def persistent_load(saved_id):
        if not isinstance(saved_id, tuple) or not saved_id:
            raise pickle.UnpicklingError(f"unknown persistent id in the file: {saved_id!r}"[:200])
        kind = _text(saved_id[0])
        if kind == "module":
            return saved_id[1]
        if kind != "storage" or len(saved_id) != 6:
            raise RuntimeError(f"Unknown saved id type: {saved_id[0]}")
        storage_type, key, location, numel, view = saved_id[1:]
        dtype = _dtype_of(storage_type)
        if not isinstance(numel, int) or not 0 <= numel * _SIZES[dtype] <= len(data):
            raise pickle.UnpicklingError("the size of a storage in the file is wrong")
        if key not in storages:
            # The bytes come after the pickles; tensors are made on the memory before.
            memory = TypedStorage(numel, dtype=dtype)
            restored = restore(memory, _text(location))
            if type(restored) is UntypedStorage or restored.dtype != dtype:
                restored = restored._typed(dtype)
            storages[key] = restored
            pending[key] = (restored, numel)
        if view is None:
            return storages[key]
        raise NotImplementedError("torch.load: storages that are views of others (PyTorch before 0.4) are not supported")

    if len(data) > 262 and data.slice(257, 5) == b"ustar":
        raise NotImplementedError("torch.load: tar files (PyTorch before 0.1.10) are not supported")
    if not len(data):
        raise EOFError("Ran out of input")

    def next_pickle(at, load_storages=None):
        return _unpickle(data, pickle_module, load_storages, weights_only, args, at)

    magic, at = next_pickle(0)
    if magic != MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version, at = next_pickle(at)
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    info, at = next_pickle(at)
    if isinstance(info, dict) and not info.get("little_endian", True):
        raise NotImplementedError("torch.load: files in big-endian byte order are not supported")
    value, at = next_pickle(at, persistent_load)
    keys, at = next_pickle(at)
    if not isinstance(keys, list):
        raise RuntimeError("the list of storages is no list; corrupt file?")
    for key in keys:
        if key not in pending:
            raise RuntimeError(f"storage {key!r} is not in the object; corrupt file?")
        storage, numel = pending[key]
        count = int.from_bytes(data.slice(at, 8), "little")
        if count != numel:
            raise RuntimeError(f"storage has wrong size: expected {count} got {numel}")
        at += 8
        size = numel * _SIZES[storage.dtype]
        if storage.device.type != "meta":
            storage.copy_(data.storage(storage.dtype, at, size))
        at += size
    return value, at
