"""Data classes: __init__, __repr__, __eq__ and more from a class's annotations."""
import sys
import types
from keyword import iskeyword


class _Missing:
    def __repr__(self):
        return "<dataclasses._MISSING_TYPE object>"


MISSING = _Missing()


class _KwOnly:
    def __repr__(self):
        return "<dataclasses._KW_ONLY_TYPE object>"


KW_ONLY = _KwOnly()


class FrozenInstanceError(AttributeError):
    pass


class InitVar:
    """A field that is only a parameter of __init__, passed on to __post_init__."""

    def __init__(self, type):
        self.type = type

    def __class_getitem__(cls, type):
        return InitVar(type)

    def __repr__(self):
        name = self.type.__name__ if isinstance(self.type, type) else repr(self.type)
        return f"dataclasses.InitVar[{name}]"


_running = set()  # the ids of what is being printed


class Field:
    __slots__ = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only",
                 "_kind")

    def __init__(self, default, default_factory, init, repr, hash, compare, metadata, kw_only):
        self.name = None
        self.type = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata = types.MappingProxyType({} if metadata is None else metadata)
        self.kw_only = kw_only
        self._kind = None  # "field", "classvar" or "initvar"; None outside of a class

    def __set_name__(self, owner, name):
        forward = getattr(type(self.default), "__set_name__", None)
        if forward is not None:
            forward(self.default, owner, name)

    def __repr__(self):
        if id(self) in _running:
            return "..."
        _running.add(id(self))
        try:
            return self._text()
        finally:
            _running.discard(id(self))

    def _text(self):
        return ("Field("
                f"name={self.name!r},type={self.type!r},default={self.default!r},default_factory={self.default_factory!r},"
                f"init={self.init!r},repr={self.repr!r},hash={self.hash!r},compare={self.compare!r},"
                f"metadata={self.metadata!r},kw_only={self.kw_only!r},"
                f"_field_type={'_FIELD' if self._kind == 'field' else self._kind and '_FIELD_' + self._kind.upper()})")


def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None, compare=True, metadata=None,
          kw_only=MISSING):
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only)


def _kind_of(cls, annotation):
    import typing
    if isinstance(annotation, str):
        annotation = _named(cls, annotation, typing)
    if isinstance(annotation, InitVar) or annotation is InitVar:
        return "initvar"
    if annotation is typing.ClassVar or getattr(annotation, "__origin__", None) is typing.ClassVar:
        return "classvar"
    return "field"


def _named(cls, text, typing):
    """What the name at the start of an annotation in a string is: of the class's module, or of typing or dataclasses."""
    end = 0
    while end < len(text) and (text[end].isalnum() or text[end] in "_. "):
        end += 1
    *prefix, name = text[:end].split(".")[:2]
    prefix, name = "".join(prefix).strip(), name.strip().partition(" ")[0]
    space = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    if prefix:
        module = space.get(prefix)
        if module is not typing and module is not sys.modules[__name__]:
            return None
        space = module.__dict__
    return space.get(name)


def _own_field(cls, name, annotation, kw_only):
    default = getattr(cls, name, MISSING)
    f = default if isinstance(default, Field) else Field(
        MISSING if isinstance(default, types.MemberDescriptorType) else default, MISSING, True, True, None, True, None, MISSING)
    f.name = name
    f.type = annotation
    f._kind = _kind_of(cls, annotation)
    if f._kind == "classvar" and f.kw_only is not MISSING:
        raise TypeError(f"field {f.name} is a ClassVar but specifies kw_only")
    if f._kind == "field" and f.default is not MISSING and f.default.__class__.__hash__ is None:
        raise ValueError(f"mutable default {type(f.default)} for field {f.name} is not allowed: use default_factory")
    if f._kind in ("classvar", "initvar") and f.default_factory is not MISSING:
        raise TypeError(f"field {f.name} cannot have a default factory")
    if f._kind != "classvar" and f.kw_only is MISSING:
        f.kw_only = kw_only
    return f


def _make_init(cls, fields, frozen, slots):
    positional = [f for f in fields if f.init and not f.kw_only]
    keyword = [f for f in fields if f.init and f.kw_only]
    seen_default = False
    for f in positional:
        if f.default is not MISSING or f.default_factory is not MISSING:
            seen_default = True
        elif seen_default:
            raise TypeError(f"non-default argument {f.name!r} follows default argument")
    has_post_init = hasattr(cls, "__post_init__")
    names = [f.name for f in positional]
    known = set(names) | {f.name for f in keyword}
    simple = not frozen and not keyword and not has_post_init and all(
        f._kind == "field" and f.init and f.default is MISSING and f.default_factory is MISSING for f in fields)
    missing_list = [f for f in positional if f.default is MISSING and f.default_factory is MISSING]

    def complain(args, kwargs):
        """Raises what a call of a function with these parameters would raise."""
        count = len(positional)
        label = cls.__qualname__ + ".__init__()"
        for key in kwargs:
            if key not in known:
                raise TypeError(f"{label} got an unexpected keyword argument {key!r}")
        for name, _ in zip(names, args):
            if name in kwargs:
                raise TypeError(f"{label} got multiple values for argument {name!r}")
        if len(args) > count:
            required = len(missing_list)
            takes = f"{count + 1}" if required == count else f"from {required + 1} to {count + 1}"
            plural = "s" if count + 1 != 1 or required != count else ""
            raise TypeError(f"{label} takes {takes} positional argument{plural} but {len(args) + 1} were given")
        for group, kind in ((positional, "positional"), (keyword, "keyword-only")):
            lost = [f.name for i, f in enumerate(group)
                    if f.default is MISSING and f.default_factory is MISSING and f.name not in kwargs
                    and not (kind == "positional" and i < len(args))]
            if lost:
                quoted = [repr(n) for n in lost]
                if len(quoted) == 1:
                    text = quoted[0]
                elif len(quoted) == 2:
                    text = " and ".join(quoted)
                else:
                    text = ", ".join(quoted[:-1]) + ", and " + quoted[-1]
                raise TypeError(f"{label} missing {len(lost)} required {kind} argument{'s' if len(lost) > 1 else ''}: {text}")

    def __init__(self, /, *args, **kwargs):
        if simple and not kwargs and len(args) == len(names):
            for name, value in zip(names, args):
                setattr(self, name, value)
            return
        given = dict(zip(names, args))
        if len(args) > len(names) or kwargs:
            for key in kwargs:
                if key not in known or key in given:
                    complain(args, kwargs)
            if len(args) > len(names):
                complain(args, kwargs)
            given.update(kwargs)
        init_only = []
        for f in fields:
            name = f.name
            if f.init and name in given:
                value = given[name]
            elif f.default_factory is not MISSING:
                value = f.default_factory()
            elif f.default is not MISSING and (f.init or slots):
                value = f.default
            elif f.init:
                complain(args, kwargs)
            else:
                continue  # the class has the default
            if f._kind == "initvar":
                init_only.append(value)
            elif frozen:
                object.__setattr__(self, name, value)
            else:
                setattr(self, name, value)
        if has_post_init:
            self.__post_init__(*init_only)

    def make_signature():
        import inspect
        parameters = [inspect.Parameter("__dataclass_self__" if "self" in known else "self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        for group, kind in ((positional, inspect.Parameter.POSITIONAL_OR_KEYWORD), (keyword, inspect.Parameter.KEYWORD_ONLY)):
            for f in group:
                default = f.default if f.default is not MISSING else _FACTORY if f.default_factory is not MISSING else inspect._empty
                parameters.append(inspect.Parameter(f.name, kind, default=default, annotation=f.type))
        return inspect.Signature(parameters, return_annotation=None)

    __init__._make_signature = make_signature
    return __init__


class _Factory:
    """Stands in signatures for a default that a function makes."""

    def __repr__(self):
        return "<factory>"


_FACTORY = _Factory()


def _set_new(cls, name, value):
    """Sets a method unless the class defines it itself; says whether it was defined."""
    if name in cls.__dict__:
        return True
    value.__qualname__ = f"{cls.__qualname__}.{name}"
    setattr(cls, name, value)
    return False


def _process(cls, init, repr_, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot):
    fields = {}
    any_frozen = False
    has_data_base = False
    for base in cls.__mro__[-1:0:-1]:
        base_fields = base.__dict__.get("__dataclass_fields__")
        if base_fields is not None:
            has_data_base = True
            fields.update(base_fields)
            any_frozen = any_frozen or base.__dataclass_params__.frozen
    own = []
    sentinel_kw = kw_only
    seen_kw_only = False
    if weakref_slot and not slots:
        raise TypeError("weakref_slot is True but slots is False")
    for name, annotation in cls.__dict__.get("__annotations__", {}).items():
        if annotation is KW_ONLY or isinstance(annotation, str) and _named(cls, annotation, sys) is KW_ONLY:
            if seen_kw_only:
                raise TypeError(f"{name!r} is KW_ONLY, but KW_ONLY has already been specified")
            sentinel_kw = seen_kw_only = True
            continue
        own.append(_own_field(cls, name, annotation, sentinel_kw))
    for f in own:
        fields[f.name] = f
        if isinstance(cls.__dict__.get(f.name), Field):
            if f.default is MISSING:
                delattr(cls, f.name)
            else:
                setattr(cls, f.name, f.default)
    for name, value in cls.__dict__.items():
        if isinstance(value, Field) and name not in cls.__dict__.get("__annotations__", {}):
            raise TypeError(f"{name!r} is a field but has no type annotation")
    if has_data_base:
        if any_frozen and not frozen:
            raise TypeError("cannot inherit non-frozen dataclass from a frozen one")
        if not any_frozen and frozen:
            raise TypeError("cannot inherit frozen dataclass from a non-frozen one")
    cls.__dataclass_fields__ = fields
    cls.__dataclass_params__ = _Params(init, repr_, eq, order, unsafe_hash, frozen)
    has_explicit_hash = "__hash__" in cls.__dict__ and not (cls.__dict__["__hash__"] is None and "__eq__" in cls.__dict__)
    real = [f for f in fields.values() if f._kind == "field"]
    if init:
        _set_init = _make_init(cls, [f for f in fields.values() if f._kind in ("field", "initvar")], frozen, slots)
        _set_new(cls, "__init__", _set_init)
    if repr_:
        shown = [f.name for f in real if f.repr]

        def __repr__(self):
            if id(self) in _running:
                return "..."
            _running.add(id(self))
            try:
                return self.__class__.__qualname__ + "(" + ", ".join(f"{n}={getattr(self, n)!r}" for n in shown) + ")"
            finally:
                _running.discard(id(self))

        __repr__._of_dataclass = True  # for pprint
        _set_new(cls, "__repr__", __repr__)
    compared = [f.name for f in real if f.compare]

    def values(self):
        return tuple(getattr(self, n) for n in compared)

    if eq:
        def __eq__(self, other):
            if other.__class__ is self.__class__:
                return values(self) == values(other)
            return NotImplemented

        _set_new(cls, "__eq__", __eq__)
    elif order:
        raise ValueError("eq must be true if order is true")
    if order:
        def __lt__(self, other):
            return values(self) < values(other) if other.__class__ is self.__class__ else NotImplemented

        def __le__(self, other):
            return values(self) <= values(other) if other.__class__ is self.__class__ else NotImplemented

        def __gt__(self, other):
            return values(self) > values(other) if other.__class__ is self.__class__ else NotImplemented

        def __ge__(self, other):
            return values(self) >= values(other) if other.__class__ is self.__class__ else NotImplemented

        for name, function in (("__lt__", __lt__), ("__le__", __le__), ("__gt__", __gt__), ("__ge__", __ge__)):
            if _set_new(cls, name, function):
                raise TypeError(f"Cannot overwrite attribute {name} in class {cls.__name__}. Consider using "
                                "functools.total_ordering")
    if frozen:
        names = {f.name for f in fields.values()}

        def __setattr__(self, name, value):
            if type(self) is cls or name in names:
                raise FrozenInstanceError(f"cannot assign to field {name!r}")
            super(cls, self).__setattr__(name, value)

        def __delattr__(self, name):
            if type(self) is cls or name in names:
                raise FrozenInstanceError(f"cannot delete field {name!r}")
            super(cls, self).__delattr__(name)

        for name, function in (("__setattr__", __setattr__), ("__delattr__", __delattr__)):
            if _set_new(cls, name, function):
                raise TypeError(f"Cannot overwrite attribute {name} in class {cls.__name__}")
    hashed = [f.name for f in real if (f.compare if f.hash is None else f.hash)]

    def __hash__(self):
        return hash(tuple(getattr(self, n) for n in hashed))

    __hash__.__qualname__ = f"{cls.__qualname__}.__hash__"
    if unsafe_hash:
        if has_explicit_hash:
            raise TypeError(f"Cannot overwrite attribute __hash__ in class {cls.__name__}")
        cls.__hash__ = __hash__
    elif eq and frozen and not has_explicit_hash:
        cls.__hash__ = __hash__
    elif eq and not has_explicit_hash:
        cls.__hash__ = None
    if not getattr(cls, "__doc__", None):
        params = []
        for f in fields.values():
            if f.init and f._kind != "classvar":
                default = "" if f.default is MISSING else f" = {f.default!r}"
                if f.default_factory is not MISSING:
                    default = " = <factory>"
                params.append((f.kw_only, f"{f.name}: {_hint(f.type)}{default}"))
        listed = [text for kw, text in params if not kw]
        if len(listed) < len(params):
            listed += ["*"] + [text for kw, text in params if kw]
        cls.__doc__ = cls.__name__ + "(" + ", ".join(listed) + ")"
    if match_args and "__match_args__" not in cls.__dict__:
        cls.__match_args__ = tuple(f.name for f in real if f.init and not f.kw_only)
    if slots:
        if "__slots__" in cls.__dict__:
            raise TypeError(f"{cls.__name__} already specifies __slots__")
        inherited = set()
        for base in cls.__mro__[1:-1]:
            declared = base.__dict__.get("__slots__", ())
            if isinstance(declared, str):
                declared = (declared,)
            elif hasattr(declared, "__next__"):
                raise TypeError(f"Slots of '{base.__name__}' cannot be determined")
            inherited.update(declared)
        namespace = dict(cls.__dict__)
        wanted = [f.name for f in real] + (["__weakref__"] if weakref_slot else [])
        namespace["__slots__"] = tuple(name for name in wanted if name not in inherited)
        for f in real:
            namespace.pop(f.name, None)
        if frozen:
            namespace.setdefault("__getstate__", _get_state)
            namespace.setdefault("__setstate__", _set_state)
        for name in ("__dict__", "__weakref__"):
            namespace.pop(name, None)
        qualname = cls.__qualname__
        cls = type(cls)(cls.__name__, cls.__bases__, namespace)
        cls.__qualname__ = qualname
    if getattr(cls, "__abstractmethods__", None):
        from abc import update_abstractmethods
        update_abstractmethods(cls)
    return cls


def _get_state(self):
    return [getattr(self, f.name) for f in fields(self)]


def _set_state(self, state):
    for f, value in zip(fields(self), state):
        object.__setattr__(self, f.name, value)


def _hint(annotation):
    """An annotation as signatures show it."""
    module = getattr(annotation, "__module__", None)
    if module == "typing":
        return repr(annotation).replace("typing.", "")
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation.__qualname__ if module == "builtins" else f"{module}.{annotation.__qualname__}"
    return repr(annotation)


class _Params:
    def __init__(self, init, repr, eq, order, unsafe_hash, frozen):
        self.init = init
        self.repr = repr
        self.eq = eq
        self.order = order
        self.unsafe_hash = unsafe_hash
        self.frozen = frozen

    def __repr__(self):
        return (f"_DataclassParams(init={self.init!r},repr={self.repr!r},eq={self.eq!r},order={self.order!r},"
                f"unsafe_hash={self.unsafe_hash!r},frozen={self.frozen!r})")


def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False, frozen=False, match_args=True,
              kw_only=False, slots=False, weakref_slot=False):
    def wrap(cls):
        return _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot)

    return wrap if cls is None else wrap(cls)


def fields(class_or_instance):
    """The fields of a data class, in order."""
    found = getattr(class_or_instance, "__dataclass_fields__", None)
    if found is None:
        raise TypeError("must be called with a dataclass type or instance")
    return tuple(f for f in found.values() if f._kind == "field")


def is_dataclass(obj):
    return hasattr(obj if isinstance(obj, type) else type(obj), "__dataclass_fields__")


def _is_instance(obj):
    return hasattr(type(obj), "__dataclass_fields__")


def _convert(obj, on_data_class, dict_factory):
    import copy
    if _is_instance(obj):
        return on_data_class(obj)
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*[_convert(v, on_data_class, dict_factory) for v in obj])
    if isinstance(obj, (list, tuple)):
        return type(obj)(_convert(v, on_data_class, dict_factory) for v in obj)
    if isinstance(obj, dict):
        return type(obj)((_convert(k, on_data_class, dict_factory), _convert(v, on_data_class, dict_factory))
                         for k, v in obj.items())
    return copy.deepcopy(obj)


def asdict(obj, *, dict_factory=dict):
    if not _is_instance(obj):
        raise TypeError("asdict() should be called on dataclass instances")

    def convert(o):
        return dict_factory([(f.name, _convert(getattr(o, f.name), convert, dict_factory)) for f in fields(o)])

    return convert(obj)


def astuple(obj, *, tuple_factory=tuple):
    if not _is_instance(obj):
        raise TypeError("astuple() should be called on dataclass instances")

    def convert(o):
        return tuple_factory([_convert(getattr(o, f.name), convert, None) for f in fields(o)])

    return convert(obj)


def replace(obj, /, **changes):
    """A new instance with some fields changed."""
    if not _is_instance(obj):
        raise TypeError("replace() should be called on dataclass instances")
    for f in obj.__dataclass_fields__.values():
        if f._kind == "classvar":
            continue
        if not f.init:
            if f.name in changes:
                raise ValueError(f"field {f.name} is declared with init=False, it cannot be specified with replace()")
            continue
        if f.name not in changes:
            if f._kind == "initvar" and f.default is MISSING:
                raise ValueError(f"InitVar {f.name!r} must be specified with replace()")
            changes[f.name] = getattr(obj, f.name)
    return obj.__class__(**changes)


def make_dataclass(cls_name, fields, *, bases=(), namespace=None, **options):
    namespace = {} if namespace is None else dict(namespace)
    annotations = {}
    for item in fields:
        if isinstance(item, str):
            name, hint = item, "typing.Any"
        elif len(item) == 2:
            name, hint = item
        elif len(item) == 3:
            name, hint, namespace[item[0]] = item
        else:
            raise TypeError(f"Invalid field: {item!r}")
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"Field names must be valid identifiers: {name!r}")
        if iskeyword(name):
            raise TypeError(f"Field names must not be keywords: {name!r}")
        if name in annotations:
            raise TypeError(f"Field name duplicated: {name!r}")
        annotations[name] = hint
    namespace["__annotations__"] = annotations
    cls = types.new_class(cls_name, bases, {}, lambda ns: ns.update(namespace))
    return dataclass(cls, **options)
