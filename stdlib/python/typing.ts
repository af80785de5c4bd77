"""Type hints. They are objects that print and compare as CPython's do; nothing checks them at run time."""
import collections


class _Final:
    """Base of the special forms: callable ones say that they cannot be called."""

    __slots__ = ()


def _text(t):
    """How a type prints inside brackets."""
    if t is ...:
        return "..."
    if isinstance(t, type):
        return t.__qualname__ if t.__module__ == "builtins" else f"{t.__module__}.{t.__qualname__}"
    if isinstance(t, (list, tuple)):
        return "[" + ", ".join(map(_text, t)) + "]"
    return repr(t)


def _argument(t):
    """None stands for its type; a string for a forward reference."""
    if t is None:
        return type(None)
    if isinstance(t, str):
        return ForwardRef(t)
    return t


class ForwardRef(_Final):
    def __init__(self, arg, is_argument=True, module=None, *, is_class=False):
        self.__forward_arg__ = arg

    def __eq__(self, other):
        return isinstance(other, ForwardRef) and self.__forward_arg__ == other.__forward_arg__

    def __hash__(self):
        return hash(self.__forward_arg__)

    def __repr__(self):
        return f"ForwardRef({self.__forward_arg__!r})"

    def __or__(self, other):
        return Union[self, other]


class _Form(_Final):
    """A name such as Union or ClassVar; subscripting makes a hint."""

    def __init__(self, name, make=None, origin=None):
        self._name = name
        self._make = make
        self.__origin__ = origin

    def __repr__(self):
        return "typing." + self._name

    def __getitem__(self, parameters):
        if self._make is None:
            raise TypeError(f"{self} is not subscriptable")
        return self._make(self, parameters)

    def __call__(self, *args, **kwargs):
        if self.__origin__ is not None:
            return self.__origin__(*args, **kwargs)
        raise TypeError(f"Cannot instantiate {self!r}")

    def __instancecheck__(self, obj):
        if self.__origin__ is not None:
            return isinstance(obj, self.__origin__)
        raise TypeError(f"{self} cannot be used with isinstance()")

    def __subclasscheck__(self, cls):
        if self.__origin__ is not None:
            return issubclass(cls, self.__origin__)
        raise TypeError(f"{self} cannot be used with issubclass()")

    def __mro_entries__(self, bases):
        if self._name == "NamedTuple":
            return (_NamedTupleBase,)
        return (self.__origin__,) if self.__origin__ is not None else ()

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


class _Hint(_Final):
    """A subscripted hint: List[int], Optional[str], Callable[[int], str] ..."""

    def __init__(self, form, name, origin, args):
        self._form = form
        self._name = name
        self.__origin__ = origin
        self.__args__ = args

    @property
    def __parameters__(self):
        found = []
        for a in self.__args__:
            for p in ([a] if isinstance(a, TypeVar) else getattr(a, "__parameters__", ())):
                if p not in found:
                    found.append(p)
        return tuple(found)

    def __getitem__(self, items):
        """Fills in type variables."""
        items = items if isinstance(items, tuple) else (items,)
        parameters = self.__parameters__
        if not parameters:
            raise TypeError(f"{self} is not a generic class")
        if len(items) != len(parameters):
            raise TypeError(f"Too {'many' if len(items) > len(parameters) else 'few'} arguments for {self}; actual "
                            f"{len(items)}, expected {len(parameters)}")
        mapping = dict(zip(parameters, items))

        def fill(a):
            if isinstance(a, TypeVar):
                return _argument(mapping[a])
            inner = getattr(a, "__parameters__", ())
            return a[tuple(mapping[p] for p in inner)] if inner and not isinstance(a, type) else a

        args = tuple(fill(a) for a in self.__args__)
        if self.__origin__ is Union:
            return Union[args]
        return _Hint(self._form, self._name, self.__origin__, args)

    def __repr__(self):
        args = self.__args__
        if self.__origin__ is Union and len(args) == 2 and type(None) in args:
            return f"typing.Optional[{_text(args[0] if args[1] is type(None) else args[1])}]"
        if self._name == "Callable":
            if args[0] is ...:
                return f"typing.Callable[..., {_text(args[1])}]"
            return f"typing.Callable[[{', '.join(map(_text, args[:-1]))}], {_text(args[-1])}]"
        if self._name == "Literal":
            return "typing.Literal[" + ", ".join(map(repr, args)) + "]"
        if self._name == "Tuple" and args == ():
            return "typing.Tuple[()]"
        if isinstance(self.__origin__, type) and self._form is None:
            return _text(self.__origin__) + "[" + ", ".join(map(_text, args)) + "]"
        return f"typing.{self._name}[" + ", ".join(map(_text, args)) + "]"

    def __eq__(self, other):
        if not isinstance(other, _Hint):
            return NotImplemented
        if self.__origin__ is Union and other.__origin__ is Union:
            return set(self.__args__) == set(other.__args__)
        return self.__origin__ == other.__origin__ and self.__args__ == other.__args__ and self._name == other._name

    def __hash__(self):
        if self.__origin__ is Union:
            return hash(frozenset(self.__args__))
        return hash((self.__origin__, self.__args__))

    def __call__(self, *args, **kwargs):
        if not isinstance(self.__origin__, type):
            raise TypeError(f"Type {self._name} cannot be instantiated; use {self._name.lower()}() instead")
        result = self.__origin__(*args, **kwargs)
        try:
            result.__orig_class__ = self
        except AttributeError:
            pass
        return result

    def __instancecheck__(self, obj):
        if self.__origin__ is Union:
            return isinstance(obj, self.__args__)
        raise TypeError("Subscripted generics cannot be used with class and instance checks")

    def __subclasscheck__(self, cls):
        if self.__origin__ is Union:
            return issubclass(cls, self.__args__)
        raise TypeError("Subscripted generics cannot be used with class and instance checks")

    def __mro_entries__(self, bases):
        if self._name in ("Generic", "Protocol"):
            return (self._form.__origin__,) if not any(b is not self and isinstance(b, _Hint) and isinstance(b.__origin__, type) and
                                                       issubclass(b.__origin__, Generic) for b in bases) else ()
        return (self.__origin__,)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(self.__origin__, name)

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


def _make_generic(form, parameters):
    parameters = parameters if isinstance(parameters, tuple) else (parameters,)
    return _Hint(form, form._name, form.__origin__, tuple(_argument(p) for p in parameters))


def _make_union(form, parameters):
    if parameters == ():
        raise TypeError("Cannot take a Union of no types.")
    parameters = parameters if isinstance(parameters, tuple) else (parameters,)
    flat = []
    for p in parameters:
        p = _argument(p)
        for q in (p.__args__ if isinstance(p, _Hint) and p.__origin__ is Union else (p,)):
            if q not in flat:
                flat.append(q)
    return flat[0] if len(flat) == 1 else _Hint(form, "Union", Union, tuple(flat))


def _make_optional(form, parameter):
    return Union[parameter, None]


def _make_callable(form, parameters):
    if not isinstance(parameters, tuple) or len(parameters) != 2:
        raise TypeError("Callable must be used as Callable[[arg, ...], result].")
    args, result = parameters
    if args is ...:
        flat = (..., _argument(result))
    elif isinstance(args, (list, tuple)):
        flat = tuple(_argument(a) for a in args) + (_argument(result),)
    else:
        raise TypeError("Callable[args, result]: args must be a list. Got " + repr(args))
    import collections.abc
    return _Hint(form, "Callable", collections.abc.Callable, flat)


def _make_tuple(form, parameters):
    parameters = parameters if isinstance(parameters, tuple) else (parameters,)
    return _Hint(form, "Tuple", tuple, tuple(_argument(p) for p in parameters))


def _make_literal(form, parameters):
    parameters = parameters if isinstance(parameters, tuple) else (parameters,)
    flat = []
    for p in parameters:
        for q in (p.__args__ if isinstance(p, _Hint) and p._name == "Literal" else (p,)):
            if not any(type(q) is type(r) and q == r for r in flat):
                flat.append(q)
    return _Hint(form, "Literal", form, tuple(flat))


def _make_one(form, parameter):
    return _Hint(form, form._name, form, (_argument(parameter),))


def _make_annotated(form, parameters):
    if not isinstance(parameters, tuple) or len(parameters) < 2:
        raise TypeError("Annotated[...] should be used with at least two arguments (a type and an annotation).")
    hint = _Hint(form, "Annotated", parameters[0], (parameters[0],) + parameters[1:])
    hint.__metadata__ = parameters[1:]
    return hint


class _Any(type):
    def __repr__(cls):
        return "typing.Any"

    def __instancecheck__(cls, obj):
        raise TypeError("typing.Any cannot be used with isinstance()")

    def __or__(cls, other):
        return Union[cls, other]


class Any(metaclass=_Any):
    pass


Union = _Form("Union", _make_union)
Optional = _Form("Optional", _make_optional)


class _CallableForm(_Form):
    def __instancecheck__(self, obj):
        return callable(obj)

    def __subclasscheck__(self, cls):
        return hasattr(cls, "__call__")


Callable = _CallableForm("Callable", _make_callable)
Literal = _Form("Literal", _make_literal)
ClassVar = _Form("ClassVar", _make_one)
Final = _Form("Final", _make_one)
Required = _Form("Required", _make_one)
NotRequired = _Form("NotRequired", _make_one)
TypeGuard = _Form("TypeGuard", _make_one)
Unpack = _Form("Unpack", _make_one)
Annotated = _Form("Annotated", _make_annotated)
Concatenate = _Form("Concatenate", _make_generic)
NoReturn = _Form("NoReturn")
Never = _Form("Never")
Self = _Form("Self")
LiteralString = _Form("LiteralString")
TypeAlias = _Form("TypeAlias")
List = _Form("List", _make_generic, list)
Dict = _Form("Dict", _make_generic, dict)
Set = _Form("Set", _make_generic, set)
FrozenSet = _Form("FrozenSet", _make_generic, frozenset)
Tuple = _Form("Tuple", _make_tuple, tuple)
Type = _Form("Type", _make_generic, type)
DefaultDict = _Form("DefaultDict", _make_generic, collections.defaultdict)
OrderedDict = _Form("OrderedDict", _make_generic, collections.OrderedDict)
Counter = _Form("Counter", _make_generic, collections.Counter)
ChainMap = _Form("ChainMap", _make_generic, collections.ChainMap)
Deque = _Form("Deque", _make_generic, collections.deque)


def _abstract(name):
    """One of the abstract collections, as a hint and as a base class."""
    import collections.abc
    return _Form(name, _make_generic, getattr(collections.abc, name))


_ABSTRACT = {"Iterable", "Iterator", "Sequence", "MutableSequence", "Mapping", "MutableMapping", "Generator", "Hashable",
             "Sized", "Collection", "Container", "Reversible", "MutableSet", "KeysView", "ValuesView", "ItemsView",
             "MappingView", "Awaitable", "Coroutine", "AsyncIterator", "AsyncIterable", "AsyncGenerator", "ByteString"}
_PROTOCOLS = {"SupportsInt": "__int__", "SupportsFloat": "__float__", "SupportsAbs": "__abs__", "SupportsIndex": "__index__",
              "SupportsRound": "__round__", "SupportsBytes": "__bytes__", "SupportsComplex": "__complex__"}


def __getattr__(name):
    """The abstract collections are made when they are first asked for."""
    if name in _ABSTRACT:
        value = _abstract(name)
    elif name == "AbstractSet":
        import collections.abc
        value = _Form("AbstractSet", _make_generic, collections.abc.Set)
    elif name in _PROTOCOLS:
        method = _PROTOCOLS[name]
        value = type(name, (Protocol,), {method: lambda self: None, "_is_runtime_protocol": True})
    elif name == "ContextManager":
        import contextlib
        value = _Form(name, _make_generic, contextlib.AbstractContextManager)
    elif name in ("Pattern", "Match"):
        import re
        value = _Form(name, _make_generic, getattr(re, name))
    elif name in ("IO", "TextIO", "BinaryIO"):
        value = _Form(name, _make_generic)
    else:
        raise AttributeError(f"module 'typing' has no attribute '{name}'")
    globals()[name] = value
    return value


class TypeVar(_Final):
    def __init__(self, name, *constraints, bound=None, covariant=False, contravariant=False):
        if len(constraints) == 1:
            raise TypeError("A single constraint is not allowed")
        self.__name__ = name
        self.__constraints__ = constraints
        self.__bound__ = bound
        self.__covariant__ = covariant
        self.__contravariant__ = contravariant

    def __repr__(self):
        return ("+" if self.__covariant__ else "-" if self.__contravariant__ else "~") + self.__name__

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


class ParamSpec(TypeVar):
    @property
    def args(self):
        return f"{self.__name__}.args"

    @property
    def kwargs(self):
        return f"{self.__name__}.kwargs"


class TypeVarTuple(TypeVar):
    def __iter__(self):
        yield Unpack[self]


AnyStr = TypeVar("AnyStr", bytes, str)
Text = str
TYPE_CHECKING = False


class Generic:
    """Base of user-defined generic classes: class Stack(Generic[T])."""

    __slots__ = ()
    __parameters__ = ()

    def __class_getitem__(cls, parameters):
        parameters = parameters if isinstance(parameters, tuple) else (parameters,)
        if cls is Generic or cls is Protocol:
            if not parameters:
                raise TypeError(f"Parameter list to {cls.__name__}[...] cannot be empty")
            if not all(isinstance(p, (TypeVar, _Hint)) for p in parameters):
                raise TypeError(f"Parameters to {cls.__name__}[...] must all be type variables or parameter specification variables.")
            if len(set(parameters)) < len(parameters):
                raise TypeError(f"Parameters to {cls.__name__}[...] must all be unique")
            return _Hint(_Form(cls.__name__, None, cls), cls.__name__, cls, parameters)
        expected = cls.__parameters__
        if not expected:
            raise TypeError(f"{cls} is not a generic class")
        if len(parameters) != len(expected) and all(type(p) is TypeVar for p in expected):
            raise TypeError(f"Too {'many' if len(parameters) > len(expected) else 'few'} arguments for {cls}; actual "
                            f"{len(parameters)}, expected {len(expected)}")
        return _Hint(None, cls.__name__, cls, tuple(_argument(p) for p in parameters))

    def __init_subclass__(cls, *args, **kwargs):
        super().__init_subclass__(*args, **kwargs)
        found = []
        for base in cls.__dict__.get("__orig_bases__", ()):
            if isinstance(base, _Hint) and (base.__origin__ is Generic or base.__origin__ is Protocol):
                found = base.__args__
                break
            if not isinstance(base, type):
                found += [p for p in getattr(base, "__parameters__", ()) if p not in found]
        cls.__parameters__ = tuple(found)


class _ProtocolMeta(type):
    def __instancecheck__(cls, obj):
        return cls.__subclasscheck__(type(obj)) or cls._has_members(obj)

    def __subclasscheck__(cls, sub):
        return cls in sub.__mro__ or cls._has_members(sub)

    def _has_members(cls, obj):
        if not cls.__dict__.get("_is_protocol", False):
            return False
        if not getattr(cls, "_is_runtime_protocol", False):
            raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
        members = set()
        for base in cls.__mro__:
            if base.__dict__.get("_is_protocol", False):
                members.update(n for n in base.__dict__ if n not in _PROTOCOL_INTERNALS)
                members.update(base.__dict__.get("__annotations__", {}))
        return all(hasattr(obj, n) for n in members)


_PROTOCOL_INTERNALS = {"_is_protocol", "_is_runtime_protocol", "__module__", "__qualname__", "__doc__", "__dict__",
                       "__weakref__", "__annotations__", "__init__", "__slots__", "__orig_bases__", "__parameters__",
                       "__init_subclass__", "__class_getitem__"}


class Protocol(Generic, metaclass=_ProtocolMeta):
    """Base of structural types."""

    __slots__ = ()
    _is_protocol = True

    def __init_subclass__(cls, *args, **kwargs):
        super().__init_subclass__(*args, **kwargs)
        cls._is_protocol = any(b is Protocol or getattr(b, "__origin__", None) is Protocol for b in cls.__bases__)
        if cls._is_protocol:
            if cls.__init__ is object.__init__:
                cls.__init__ = _refuse_protocol


def _refuse_protocol(self, *args, **kwargs):
    """__init__ of protocols. In a class that implements one it makes place for the next __init__ at the first call."""
    cls = type(self)
    if cls._is_protocol:
        raise TypeError("Protocols cannot be instantiated")
    if cls.__init__ is _refuse_protocol:
        cls.__init__ = next(i for i in (c.__dict__.get("__init__") for c in cls.__mro__) if i not in (None, _refuse_protocol))
    cls.__init__(self, *args, **kwargs)


def runtime_checkable(cls):
    cls._is_runtime_protocol = True
    return cls


runtime = runtime_checkable


class NewType:
    """A distinct name for a type; calling it gives its argument back."""

    def __init__(self, name, tp):
        import sys
        self.__name__ = self.__qualname__ = name
        self.__supertype__ = tp
        self.__module__ = sys._getframe(1).f_globals.get("__name__", __name__)

    def __call__(self, x):
        return x

    def __repr__(self):
        return f"{self.__module__}.{self.__qualname__}"

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


class _NamedTupleMeta(type):
    def __new__(metaclass, name, bases, namespace):
        annotations = namespace.get("__annotations__", {})
        fields = tuple(annotations)
        defaults = {}
        for field in fields:
            if field in namespace:
                defaults[field] = namespace[field]
            elif defaults:
                raise TypeError(f"Non-default namedtuple field {field} cannot follow default field {list(defaults)[-1]}")
        extra = {k: v for k, v in namespace.items() if k not in fields and k not in ("__annotations__", "__qualname__")}
        return collections.make_named_tuple(name, fields, defaults, namespace.get("__module__"), annotations, extra)


def _named_tuple_call(typename, fields=None, **kwargs):
    pairs = list(kwargs.items()) if fields is None else list(fields)
    return collections.make_named_tuple(typename, tuple(n for n, _ in pairs), {}, None, dict(pairs))


class _NamedTupleForm(_Form):
    def __call__(self, typename, fields=None, /, **kwargs):
        return _named_tuple_call(typename, fields, **kwargs)


NamedTuple = _NamedTupleForm("NamedTuple")
_NamedTupleBase = type.__new__(_NamedTupleMeta, "NamedTuple", (), {})


class _TypedDictMeta(type):
    def __new__(metaclass, name, bases, namespace, total=True):
        annotations = {}
        required = set()
        for base in bases:
            annotations.update(getattr(base, "__annotations__", {}))
            required.update(getattr(base, "__required_keys__", ()))
        for key, hint in namespace.get("__annotations__", {}).items():
            annotations[key] = hint
            form = getattr(hint, "__origin__", None)
            if form is Required or total and form is not NotRequired:
                required.add(key)
            else:
                required.discard(key)
        cls = super().__new__(metaclass, name, (dict,), namespace)
        cls.__annotations__ = annotations
        cls.__total__ = total
        cls.__required_keys__ = frozenset(required)
        cls.__optional_keys__ = frozenset(k for k in annotations if k not in required)
        return cls

    def __call__(cls, *args, **kwargs):
        return dict(*args, **kwargs)

    def __instancecheck__(cls, obj):
        raise TypeError("TypedDict does not support instance and class checks")


TypedDict = type.__new__(_TypedDictMeta, "TypedDict", (dict,), {})


def cast(typ, val):
    return val


def assert_type(val, typ, /):
    return val


def assert_never(arg, /):
    raise AssertionError(f"Expected code to be unreachable, but got: {arg!r}")


def reveal_type(obj, /):
    import sys
    print(f"Runtime type is {type(obj).__name__!r}", file=sys.stderr)
    return obj


_overloads = {}


def get_overloads(func):
    """The functions that @overload was put on, in order, of the function's name."""
    return list(_overloads.get((func.__module__, func.__qualname__), {}).values())


def clear_overloads():
    _overloads.clear()


def dataclass_transform(*, eq_default=True, order_default=False, kw_only_default=False, field_specifiers=(), **kwargs):
    """Says to checkers of types that a decorator or a base makes data classes."""

    def decorate(made):
        made.__dataclass_transform__ = {"eq_default": eq_default, "order_default": order_default,
                                        "kw_only_default": kw_only_default, "field_specifiers": field_specifiers,
                                        "kwargs": kwargs}
        return made

    return decorate


def no_type_check_decorator(decorator):
    def wrapped(*args, **kwargs):
        return no_type_check(decorator(*args, **kwargs))

    return wrapped


def overload(func):
    code = getattr(func, "__code__", None)
    if code is not None:
        _overloads.setdefault((func.__module__, func.__qualname__), {})[code.co_firstlineno] = func

    def refuse(*args, **kwargs):
        raise NotImplementedError("You should not call an overloaded function. A series of @overload-decorated functions "
                                  "outside a stub module should always be followed by an implementation that is not "
                                  "@overload-ed.")

    return refuse


def final(f):
    f.__final__ = True
    return f


def no_type_check(arg):
    arg.__no_type_check__ = True
    return arg


def get_origin(tp):
    """list for List[int], Union for Optional[int], None for a plain type."""
    if isinstance(tp, _Hint):
        return Annotated if tp._name == "Annotated" else tp.__origin__
    if isinstance(tp, _Form):
        return tp.__origin__
    if tp is Generic:
        return Generic
    return getattr(tp, "__origin__", None)


def get_args(tp):
    """(int,) for List[int]."""
    if isinstance(tp, _Hint):
        if tp._name == "Callable" and tp.__args__[0] is not ...:
            return (list(tp.__args__[:-1]), tp.__args__[-1])
        return tp.__args__
    return getattr(tp, "__args__", ()) if not isinstance(tp, _Form) else ()


def get_type_hints(obj, globalns=None, localns=None, include_extras=False):
    """The annotations of a function, class or module; strings are evaluated."""
    hints = {}
    sources = [obj]
    if isinstance(obj, type):
        sources = [c for c in reversed(obj.__mro__)]
    for source in sources:
        names = source.__dict__ if isinstance(source, type) else None
        annotations = (names or {}).get("__annotations__", {}) if names is not None else getattr(source, "__annotations__", {})
        for name, value in annotations.items():
            if value is None:
                value = type(None)
            if isinstance(value, ForwardRef):
                value = value.__forward_arg__
            if isinstance(value, str):
                scope = globalns
                if scope is None:
                    import sys
                    scope = getattr(obj, "__globals__", None) or vars(sys.modules[obj.__module__])
                value = eval(value, scope, localns)
            hints[name] = value
    return hints


def is_typeddict(tp):
    return isinstance(tp, _TypedDictMeta)
