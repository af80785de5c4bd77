"""torch.jit.save and torch.jit.load: archives of scripted modules and functions.

An archive has the code of everything that the module needs (code/**.py, printed and read by the native module `_script`), the
module tree as a pickle (data.pkl) and the bytes of its tensors (data/N), tensors that the code mentions (constants.pkl), and extra
files. The pickle is PyTorch's own dialect, so it has its own writer here; it is read by the allow-list unpickler: a class of the
archive is first a stand-in that only keeps its state, and becomes an object when the whole pickle has been read.
"""
import os
import struct
import torch
import _script
from collections import OrderedDict
from torch.jit import _archive
from torch.jit._script import ScriptModule
from torch.serialization import (Archive, _archive_name, _bytes_of, _Bytes, _get_restore_location, _is_path, _new_archive, _SIZES,
                                 _dtype_of, _text, StorageType)
from torch.storage import UntypedStorage, _CLASSES, _NAMES

# Operators whose meaning an older version of the format had differently: the version from which on it is today's.
_VERSIONS = {"torch.div(": 4, "torch.div_(": 4, "torch.full(": 5, "torch.linspace(": 10, "torch.logspace(": 10, "torch.gelu(": 10}
_LOWEST_VERSION = 3


# --- writing -----------------------------------------------------------------------------------------------------------------

def _split_type(text):
    """("Dict", ["str", "int"]) of Dict[str, int]."""
    head, bracket, rest = text.partition("[")
    if not bracket:
        return text, []
    parts, depth, start = [], 0, 0
    inner = rest[:-1]
    for i, c in enumerate(inner):
        if c == "[":
            depth += 1
        elif c == "]":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(inner[start:i].strip())
            start = i + 1
    parts.append(inner[start:].strip())
    return head, [] if parts == ["()"] else parts


def _type_of(value):
    """The type text of a value that nothing is declared about."""
    if value is None:
        return "NoneType"
    if isinstance(value, list):
        return f"List[{_type_of(value[0])}]" if value else "List[Tensor]"
    if isinstance(value, dict):
        for key, item in value.items():
            return f"Dict[{_type_of(key)}, {_type_of(item)}]"
        return "Dict[str, Tensor]"
    if isinstance(value, tuple):
        return "Tuple[" + ", ".join([_type_of(v) for v in value]) + "]" if value else "Tuple[()]"
    for cls, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (complex, "complex"), (torch.Tensor, "Tensor"),
                      (torch.device, "Device")):
        if isinstance(value, cls):
            return name
    return "Any"


def _fits(value, text):
    head, args = _split_type(text)
    if head in ("Any", "number"):
        return True
    if head in ("Optional", "Union"):
        return (head == "Optional" and value is None) or any(_fits(value, a) for a in args)
    if head == "NoneType":
        return value is None
    if head == "List":
        return isinstance(value, list) and (not value or _fits(value[0], args[0]))
    if head == "Dict":
        return isinstance(value, dict) and all(_fits(k, args[0]) and _fits(v, args[1]) for k, v in value.items())
    if head == "Tuple":
        return isinstance(value, tuple) and len(value) == len(args) and all(_fits(v, a) for v, a in zip(value, args))
    if head in ("int", "float", "bool", "str", "complex"):
        return type(value).__name__ == head
    if head == "Tensor":
        return isinstance(value, torch.Tensor)
    if head == "Device":
        return isinstance(value, torch.device)
    return _archive.name(value) == text


class _Pickle:
    """Writes values in PyTorch's dialect: everything at protocol 2, strings, storages and objects memoized."""

    def __init__(self, storages, prefix_count=0):
        self.out = bytearray(b"\x80\x02")
        self.memo = {}
        self.alive = []
        self.count = 0
        self.storages = storages  # storage address -> (key, storage)

    def finish(self):
        self.out += b"."
        return bytes(self.out)

    def _put(self, key):
        if key is not None:
            self.memo[key] = self.count
        if self.count < 256:
            self.out += bytes([0x71, self.count])
        else:
            self.out += b"r" + struct.pack("<I", self.count)
        self.count += 1

    def _get(self, key):
        i = self.memo.get(key)
        if i is None:
            return False
        self.out += bytes([0x68, i]) if i < 256 else b"j" + struct.pack("<I", i)
        return True

    def text(self, s):
        if not self._get(("str", s)):
            data = s.encode("utf-8", "surrogatepass")
            self.out += b"X" + struct.pack("<I", len(data)) + data
            self._put(("str", s))

    def name(self, module, name):
        if not self._get(("name", module, name)):
            self.out += b"c" + module.encode() + b"\n" + name.encode() + b"\n"
            self._put(("name", module, name))

    def qualified(self, name):
        module, _, last = name.rpartition(".")
        self.name(module, last)

    def integer(self, i):
        if 0 <= i < 256:
            self.out += bytes([0x4b, i])
        elif 0 <= i < 65536:
            self.out += b"M" + struct.pack("<H", i)
        elif -0x80000000 <= i <= 0x7fffffff:
            self.out += b"J" + struct.pack("<i", i)
        else:
            self.out += b"\x8a\x08" + struct.pack("<q", i)

    def tensor(self, t):
        storage = t.storage()
        address = storage._cdata
        if address not in self.storages:
            self.storages[address] = (str(len(self.storages)), storage)
        if t.layout != torch.strided:
            raise NotImplementedError("torch.jit.save: sparse tensors")
        self.name("torch._utils", "_rebuild_tensor_v2")
        self.out += b"("
        if not self._get(("storage", address)):
            self.out += b"("
            self.text("storage")
            self.name("torch", _NAMES[t.dtype])
            self.text(self.storages[address][0])
            self.text(str(t.device))
            self.integer(len(storage))
            self.out += b"tQ"
            self._put(("storage", address))
        self.integer(t.storage_offset())
        for values in (t.size(), t.stride()):
            self.out += b"("
            for v in values:
                self.integer(v)
            self.out += b"t"
        self.out += b"\x88" if t.requires_grad else b"\x89"
        self.name("collections", "OrderedDict")
        self.out += b")RtR"

    def value(self, v, text):
        head, args = _split_type(text)
        if head in ("Optional", "Union"):
            if v is None:
                head = "NoneType"
            else:
                for a in args:
                    if _fits(v, a):
                        return self.value(v, a)
                text = _type_of(v)
                head, args = _split_type(text)
        if head in ("Any", "number"):
            text = _type_of(v)
            head, args = _split_type(text)
        if v is None:
            self.out += b"N"
        elif isinstance(v, torch.Tensor):
            self.tensor(v)
        elif isinstance(v, bool):
            self.out += b"\x88" if v else b"\x89"
        elif isinstance(v, int) and not hasattr(v, "_value_"):
            if head == "float":
                self.out += b"G" + struct.pack(">d", float(v))
            elif not -0x8000000000000000 <= v <= 0x7fffffffffffffff:
                raise RuntimeError("int too big to convert")
            else:
                self.integer(v)
        elif isinstance(v, float):
            self.out += b"G" + struct.pack(">d", v)
        elif isinstance(v, str) and not hasattr(v, "_value_"):
            self.text(v)
        elif isinstance(v, complex):
            self.name("builtins", "complex")
            self.out += b"(G" + struct.pack(">d", v.real) + b"G" + struct.pack(">d", v.imag) + b"tR"
        elif isinstance(v, torch.device):
            self.name("torch", "device")
            self.text(str(v))
            self.out += b"\x85R"
        elif isinstance(v, torch.dtype):
            self.integer(_script.dtype_number(v))
        elif isinstance(v, list):
            self._list(v, args[0] if args else _split_type(_type_of(v))[1][0])
        elif isinstance(v, dict):
            if not args:
                args = _split_type(_type_of(v))[1]
            self.name("torch.jit._pickle", "restore_type_tag")
            self.out += b"}("
            for key, item in v.items():
                self.value(key, args[0])
                self.value(item, args[1])
            self.out += b"u"
            self.text(f"Dict[{args[0]}, {args[1]}]")
            self.out += b"\x86R"
        elif isinstance(v, tuple):
            if len(args) != len(v):
                args = [_type_of(x) for x in v]
            if len(v) > 3:
                self.out += b"("
            for x, a in zip(v, args):
                self.value(x, a)
            self.out += (b")", b"\x85", b"\x86", b"\x87", b"t")[min(len(v), 4)]
        else:
            self.object(v)

    def _list(self, v, element):
        typed = {"int": "build_intlist", "float": "build_doublelist", "bool": "build_boollist", "Tensor": "build_tensorlist"}
        maker = typed.get(element)
        self.name("torch.jit._pickle", maker or "restore_type_tag")
        if maker:
            self.out += b"("
        self.out += b"]("
        for x in v:
            self.value(x, element)
        self.out += b"e"
        if maker:
            self.out += b"tR"
        else:
            self.text(f"List[{element}]")
            self.out += b"\x86R"

    def object(self, v):
        """A module, an object of a script class, or a member of an enum."""
        if self._get(id(v)):
            return
        name = _archive.name(v)
        if name is None:
            raise RuntimeError(f"torch.jit.save: a value of type {type(v).__name__} cannot be saved")
        self.qualified(name)
        if hasattr(v, "_value_"):
            value = v._value_
            self.value(value, _type_of(value))
            self.out += b"R"
            return
        self.alive.append(v)
        self.out += b")\x81"
        if _says_its_state(v):
            state = v.__getstate__()
            self.value(state, _type_of(state))
        else:
            self.out += b"}("
            for attribute, value, text in _archive.state(v):
                self.text(attribute)
                self.value(value, text)
            self.out += b"u"
        self.out += b"b"
        self._put(id(v))


def _says_its_state(v):
    """Whether the class of a module or object exports __getstate__."""
    handle = getattr(type(v), "_type_handle", None)
    if handle is not None:
        return _script.has_method(handle, "__getstate__")
    return "__getstate__" in type(v).__dict__


def _placeholder(function, files):
    """The module that an archive of a lone function holds: its forward calls the function."""
    name = _archive.name(function)
    path = name.rpartition(".")[0].replace(".", "/") + ".py"
    short = name.rpartition(".")[2]
    text = files[path]
    at = text.index(f"def {short}(")
    head = text[at + len(short) + 5:]
    # "x: Tensor,\n    k: int=2) -> Tensor:\n"
    end = head.index(":\n")
    signature, _, result = head[:end].rpartition(") -> ")
    params = [p.partition(": ") for p in signature.replace("\n", " ").split(",     ")] if signature else []
    params = [(n.strip(), t.partition("=")[0].strip()) for n, _, t in params]
    lines = ["class PlaceholderModule(Module):", "  __parameters__ = []", "  __buffers__ = []", "  training : bool"]
    given = "".join([f",\n    {n}: {t}" for n, t in params])
    lines.append(f"  def forward(self: __torch__.PlaceholderModule{given}) -> {result}:")
    lines.append(f"    return {name}({''.join([n + ', ' for n, _ in params])})")
    main = "__torch__.py"
    files = dict(files)
    files[main] = "\n".join(lines) + "\n" + ("\n" + files[main] if main in files else "")
    return files


def save(m, f, _extra_files=None):
    """Writes a script module or function to a path or a file object."""
    is_function = not isinstance(m, ScriptModule)
    if is_function and not isinstance(m, _script.ScriptFunction):
        raise AttributeError(f"'{type(m).__name__}' object has no attribute 'save'")
    files, constants = _archive.code(m)
    storages = {}
    data = _Pickle(storages)
    if is_function:
        files = _placeholder(m, files)
        data.qualified("__torch__.PlaceholderModule")
        data.out += b")\x81}("
        data.text("training")
        data.out += b"\x88ub"
        data._put(None)
    else:
        data.object(m)
    tree = data.finish()
    constant_storages = {}
    table = _Pickle(constant_storages)
    table.value(tuple(constants), "Tuple[" + ", ".join([_type_of(c) for c in constants]) + "]")
    constants_pickle = table.finish()
    version = _LOWEST_VERSION
    for text in files.values():
        for operator, needed in _VERSIONS.items():
            if needed > version and operator in text:
                version = needed
    with _new_archive(f) as (writer, top):
        for name, content in (_extra_files or {}).items():
            writer.add(f"{top}/extra/{name}", content.encode() if isinstance(content, str) else bytes(content))
        for key, storage in storages.values():
            writer.add(f"{top}/data/{key}", _bytes_of(storage))
        writer.add(top + "/data.pkl", tree)
        for path, text in files.items():
            code = text.encode()
            writer.add(f"{top}/code/{path}", code, len(code) > 200)
        for key, storage in constant_storages.values():
            writer.add(f"{top}/constants/{key}", _bytes_of(storage))
        writer.add(top + "/constants.pkl", constants_pickle)
        writer.add(top + ("/version" if version <= 5 else "/.data/version"), f"{version}\n".encode())


# --- reading -----------------------------------------------------------------------------------------------------------------

class _StandIn:
    """An object of a class of the archive, while the pickle is read."""

    _name = None
    _takes_value = True  # members of enums: the class is called with the value itself

    def __init__(self, *value):
        self.value = value
        self.state = None
        self.has_state = False

    def __setstate__(self, state):
        self.state = state
        self.has_state = True


def _untag(value, text=None):
    return value


def _as_list(value):
    return list(value)


class _ArchiveUnpickler:
    """Reads data.pkl and constants.pkl: what they may name is what PyTorch's own reader knows."""

    def __init__(self, archive, folder, restore):
        from torch import _utils
        self.archive = archive
        self.folder = folder
        self.restore = restore
        self.storages = {}
        self.classes = {}
        self.known = {("torch._utils", "_rebuild_tensor_v2"): _utils._rebuild_tensor_v2,
                      ("torch._utils", "_rebuild_parameter"): _utils._rebuild_parameter,
                      ("collections", "OrderedDict"): OrderedDict, ("torch", "device"): torch.device,
                      ("builtins", "complex"): complex, ("torch.jit._pickle", "restore_type_tag"): _untag}
        for name in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist"):
            self.known["torch.jit._pickle", name] = _as_list

    def __call__(self, module, name):
        """find_class."""
        found = self.known.get((module, name))
        if found is not None:
            return found
        if module == "torch" and name in _CLASSES:
            return StorageType(name)
        if module == "__torch__" or module.startswith("__torch__."):
            full = module + "." + name
            if full not in self.classes:
                self.classes[full] = type("_StandIn", (_StandIn,), {"_name": full})
            return self.classes[full]
        import pickle
        raise pickle.UnpicklingError(f"the archive's pickle names {module}.{name}: refused")

    def persistent_load(self, saved_id):
        if not isinstance(saved_id, tuple) or len(saved_id) != 5 or _text(saved_id[0]) != "storage":
            raise RuntimeError("unknown persistent id in the archive")
        storage_type, key, location, numel = saved_id[1:]
        if key not in self.storages:
            dtype = _dtype_of(storage_type)
            if not isinstance(numel, int) or numel < 0:
                raise RuntimeError("the size of a storage in the archive is no number")
            storage = self.archive.storage(f"{self.folder}/{key}", dtype, numel * _SIZES[dtype])
            restored = self.restore(storage, _text(location))
            if type(restored) is UntypedStorage or restored.dtype != dtype:
                restored = restored._typed(dtype)
            self.storages[key] = restored
        return self.storages[key]

    def load(self, name):
        from _pickle import Reader
        return Reader().load(self.archive.read(name), False, self, self.persistent_load, "ASCII", "strict")[0]


class _Builder:
    """Makes objects of stand-ins."""

    def __init__(self, reader):
        self.reader = reader
        self.done = {}

    def value(self, v):
        if isinstance(v, _StandIn):
            key = id(v)
            if key not in self.done:
                self.done[key] = (self.object(v), v)  # the stand-in stays alive, so that its id stays its own
            return self.done[key][0]
        if type(v) is list:
            return [self.value(x) for x in v]
        if type(v) is tuple:
            return tuple([self.value(x) for x in v])
        if type(v) is dict:
            return {self.value(k): self.value(x) for k, x in v.items()}
        return v

    def object(self, v):
        kind, make = self.reader.find(v._name)
        if kind == "enum":
            return make(self.value(v.value[0]))
        if kind not in ("module", "class") or not v.has_state:
            raise RuntimeError(f"the archive's pickle has no state of an object of {v._name}")
        made = make()
        _archive.set_state(made, self.value(v.state))
        return made


def load(f, map_location=None, _extra_files=None):
    """Reads what save wrote: a script module."""
    if _is_path(f):
        path = os.fspath(f)
        if not os.path.exists(path):
            raise ValueError(f"The provided filename {path} does not exist")
        if os.path.isdir(path):
            raise ValueError(f"The provided filename {path} is a directory")
        data = _Bytes(f)
    else:
        data = _Bytes(bytes(f.read()))
    archive = Archive(data)
    version = archive.version()
    if not archive.has("constants.pkl"):
        raise RuntimeError("PytorchStreamReader failed locating file constants.pkl: file not found")
    restore = _get_restore_location(map_location)
    constants = _ArchiveUnpickler(archive, "constants", restore).load("constants.pkl")
    if not isinstance(constants, tuple):
        raise RuntimeError("the table of constants in the archive is no tuple")

    def read(path):
        name = "code/" + path
        return archive.read(name).decode() if archive.has(name) else None

    tree = _ArchiveUnpickler(archive, "data", restore).load("data.pkl")
    if not isinstance(tree, _StandIn):
        raise RuntimeError("the archive's data.pkl is no module")
    reader = _archive.Reader(read, constants, version)
    made = _Builder(reader).value(tree)
    if not isinstance(made, ScriptModule):
        raise RuntimeError("the archive's data.pkl is no module")
    _archive.finish(made, reader)
    if _extra_files is not None:
        for name in list(_extra_files):
            _extra_files[name] = archive.read("extra/" + name) if archive.has("extra/" + name) else b""
    return made
