"""Stand-ins for objects in tests: they take any call and attribute, and remember how they were used."""
import functools
import sys
import types

__all__ = ["Mock", "MagicMock", "patch", "sentinel", "DEFAULT", "ANY", "call", "create_autospec", "FILTER_DIR",
           "NonCallableMock", "NonCallableMagicMock", "mock_open", "PropertyMock"]

FILTER_DIR = True


class _Sentinel:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"sentinel.{self.name}"


class _Sentinels:
    """sentinel.NAME: one object for each name."""

    def __init__(self):
        self._known = {}

    def __getattr__(self, name):
        if name == "__bases__":
            raise AttributeError
        return self._known.setdefault(name, _Sentinel(name))


sentinel = _Sentinels()
DEFAULT = sentinel.DEFAULT


class _Any:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __repr__(self):
        return "<ANY>"


ANY = _Any()


class InvalidSpecError(Exception):
    pass


def _arguments(args, kwargs):
    return ", ".join([repr(a) for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()])


class _Call(tuple):
    """A call: (name, args, kwargs); compares with shorter tuples too."""

    def __new__(cls, value=(), name=""):
        args, kwargs = (), {}
        for part in value:
            if isinstance(part, str):
                name = part
            elif isinstance(part, tuple):
                args = part
            else:
                kwargs = part
        self = tuple.__new__(cls, (name, args, kwargs))
        self._path = name  # of what is called on its result
        return self

    @property
    def args(self):
        return self[1]

    @property
    def kwargs(self):
        return self[2]

    def __call__(self, *args, **kwargs):
        made = _Call((self._path, args, kwargs))
        made._path = self._path + "()"
        return made

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Call(name=f"{self._path}.{name}" if self._path else name)

    def __eq__(self, other):
        if not isinstance(other, tuple):
            return NotImplemented
        if not isinstance(other, _Call):
            if len(other) > 3:
                return False
            named = any(isinstance(part, str) for part in other)
            other = _Call(other)
            if not named:
                return other[1:] == tuple(self)[1:]
        return (self[0] == other[0] or not self[0] or not other[0]) and tuple(self)[1:] == tuple(other)[1:]

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __repr__(self):
        name = self[0]
        if not name:
            name = "call"
        elif not name.startswith("()"):
            name = "call." + name
        else:
            name = "call" + name
        return f"{name}({_arguments(self[1], self[2])})"


call = _Call()


class _CallList(list):
    def __contains__(self, value):
        if not isinstance(value, list):
            return list.__contains__(self, value)
        n = len(value)
        return any(self[i:i + n] == value for i in range(len(self) - n + 1))

    def __repr__(self):
        import pprint
        return pprint.pformat(list(self))


_missing = object()
_OWN = {"return_value", "side_effect", "called", "call_count", "call_args", "call_args_list", "mock_calls", "method_calls"}


class NonCallableMock:
    """A mock that cannot be called."""

    def __new__(cls, /, *args, **kwargs):
        # A class of its own, so that special methods can be put on one mock alone.
        return object.__new__(type(cls.__name__, (cls,), {"__doc__": cls.__doc__, "__module__": cls.__module__}))

    def __init__(self, spec=None, wraps=None, name=None, spec_set=None, parent=None, side_effect=None, return_value=DEFAULT,
                 unsafe=False, **kwargs):
        own = self.__dict__
        own["_children"] = {}
        own["_deleted"] = set()
        own["_parent"] = parent
        own["_mock_name"] = name
        own["_in_parent"] = None  # the attribute's name in the parent, or "()" for its result
        own["_wraps"] = wraps
        own["_unsafe"] = unsafe
        own["_sealed"] = False
        spec = spec_set if spec is None else spec
        own["_strict"] = spec_set is not None
        own["_spec_class"] = None
        own["_names"] = None
        if spec is not None:
            if isinstance(spec, list):
                own["_names"] = set(spec)
            else:
                own["_spec_class"] = spec if isinstance(spec, type) else type(spec)
                own["_names"] = set(dir(spec))
        own["_return_value"] = return_value
        own["_side_effect"] = None
        self._forget()
        self.side_effect = side_effect
        if kwargs:
            self.configure_mock(**kwargs)

    def _forget(self):
        own = self.__dict__
        own["called"] = False
        own["call_count"] = 0
        own["call_args"] = None
        own["call_args_list"] = _CallList()
        own["mock_calls"] = _CallList()
        own["method_calls"] = _CallList()

    @property
    def __class__(self):
        spec = self.__dict__.get("_spec_class")
        return type(self) if spec is None else spec

    def _child(self, **kwargs):
        cls = type(self).__mro__[1]
        if cls is NonCallableMock:
            cls = Mock
        elif cls is NonCallableMagicMock:
            cls = MagicMock
        return cls(**kwargs)

    @property
    def return_value(self):
        if self.__dict__["_return_value"] is DEFAULT:
            child = self._child(parent=self)
            child.__dict__["_in_parent"] = "()"
            self.__dict__["_return_value"] = child
        return self.__dict__["_return_value"]

    @return_value.setter
    def return_value(self, value):
        self.__dict__["_return_value"] = value

    @property
    def side_effect(self):
        return self.__dict__["_side_effect"]

    @side_effect.setter
    def side_effect(self, value):
        if value is not None and not callable(value) and not isinstance(value, BaseException) and hasattr(value, "__iter__"):
            value = iter(value)
        self.__dict__["_side_effect"] = value

    def __getattr__(self, name):
        own = self.__dict__
        if name in ("_children", "_names"):
            raise AttributeError(name)
        if own["_names"] is not None and name not in own["_names"] or name in own["_deleted"]:
            raise AttributeError(f"Mock object has no attribute {name!r}" if own["_names"] is not None else name)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if not own["_unsafe"] and name.startswith(("assert", "assret", "asert", "aseert", "assrt")):
            raise AttributeError(f"{name!r} is not a valid assertion. Use a spec for the mock if {name!r} is meant to be an attribute.")
        child = own["_children"].get(name)
        if child is None:
            if own["_sealed"]:
                raise AttributeError(f"{self._full_name()}.{name}")
            wraps = getattr(own["_wraps"], name) if own["_wraps"] is not None else None
            child = self._child(parent=self, wraps=wraps)
            child.__dict__["_in_parent"] = name
            own["_children"][name] = child
        return child

    def __setattr__(self, name, value):
        own = self.__dict__
        if name in ("return_value", "side_effect") or name in _OWN:
            object.__setattr__(self, name, value)
            return
        if own["_strict"] and name not in own["_names"]:
            raise AttributeError(f"Mock object has no attribute '{name}'")
        if name.startswith("__") and name.endswith("__"):
            _set_special(self, name, value)
            return
        if isinstance(value, NonCallableMock) and value.__dict__["_parent"] is None and value.__dict__["_mock_name"] is None:
            value.__dict__["_parent"] = self
            value.__dict__["_in_parent"] = name
            own["_children"][name] = value
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        own = self.__dict__
        if name in own["_deleted"]:
            raise AttributeError(name)
        own["_children"].pop(name, None)
        if name in own:
            object.__delattr__(self, name)
        own["_deleted"].add(name)

    def __dir__(self):
        own = self.__dict__
        names = own["_names"] or set(n for n in dir(type(self)) if not n.startswith("_"))
        return sorted(set(names) | set(own["_children"]) | {n for n in own if not n.startswith("_")})

    def _full_name(self, default="mock"):
        own = self.__dict__
        if own["_mock_name"] is not None:
            return own["_mock_name"]
        parent, part = own["_parent"], own["_in_parent"]
        if parent is None or part is None:
            return default
        return parent._full_name(default) + (part if part == "()" else "." + part)

    def __repr__(self):
        own = self.__dict__
        name = self._full_name("")
        if not name and own["_parent"] is not None:
            name = self._full_name()
        name = f" name={name!r}" if name else ""
        spec = ""
        if own["_spec_class"] is not None:
            spec = f" {'spec_set' if own['_strict'] else 'spec'}={own['_spec_class'].__name__!r}"
        return f"<{type(self).__name__}{name}{spec} id='{id(self)}'>"

    def configure_mock(self, /, **kwargs):
        for path, value in sorted(kwargs.items(), key=lambda entry: entry[0].count(".")):
            *before, last = path.split(".")
            target = self
            for part in before:
                target = getattr(target, part)
            setattr(target, last, value)

    def attach_mock(self, mock, attribute):
        mock.__dict__["_parent"] = mock.__dict__["_mock_name"] = mock.__dict__["_in_parent"] = None
        setattr(self, attribute, mock)

    def mock_add_spec(self, spec, spec_set=False):
        self.__dict__["_names"] = set(spec if isinstance(spec, list) else dir(spec))
        self.__dict__["_strict"] = spec_set

    def reset_mock(self, visited=None, *, return_value=False, side_effect=False):
        own = self.__dict__
        visited = [] if visited is None else visited
        if any(m is self for m in visited):
            return
        visited.append(self)
        self._forget()
        if return_value:
            own["_return_value"] = DEFAULT
        if side_effect:
            own["_side_effect"] = None
        for child in own["_children"].values():
            if isinstance(child, NonCallableMock):
                child.reset_mock(visited, return_value=return_value, side_effect=side_effect)
        if isinstance(own["_return_value"], NonCallableMock):
            own["_return_value"].reset_mock(visited)

    # --- assertions ---

    def _named(self):
        return self.__dict__["_mock_name"] or self.__dict__["_in_parent"] or "mock"

    def _history(self, prefix="Calls"):
        return f"\n{prefix}: {self.mock_calls!r}." if self.mock_calls else ""

    def assert_called(self):
        if self.call_count == 0:
            raise AssertionError(f"Expected '{self._named()}' to have been called.")

    def assert_not_called(self):
        if self.call_count:
            raise AssertionError(f"Expected '{self._named()}' to not have been called. Called {self.call_count} times.{self._history()}")

    def assert_called_once(self):
        if self.call_count != 1:
            raise AssertionError(f"Expected '{self._named()}' to have been called once. Called {self.call_count} times.{self._history()}")

    def _call_text(self, args, kwargs):
        return f"{self._named()}({_arguments(args, kwargs)})"

    def assert_called_with(self, /, *args, **kwargs):
        if self.call_args is None:
            raise AssertionError(f"expected call not found.\nExpected: {self._call_text(args, kwargs)}\nActual: not called.")
        if self.call_args != _Call(("", args, kwargs)):
            raise AssertionError(f"expected call not found.\nExpected: {self._call_text(args, kwargs)}\nActual: "
                                 f"{self._call_text(*tuple(self.call_args)[1:])}")

    def assert_called_once_with(self, /, *args, **kwargs):
        if self.call_count != 1:
            raise AssertionError(f"Expected '{self._named()}' to be called once. Called {self.call_count} times.{self._history()}")
        self.assert_called_with(*args, **kwargs)

    def assert_any_call(self, /, *args, **kwargs):
        if _Call(("", args, kwargs)) not in self.call_args_list:
            raise AssertionError(f"{self._call_text(args, kwargs)} call not found")

    def assert_has_calls(self, calls, any_order=False):
        calls = [_Call(c) for c in calls]
        seen = _CallList(self.mock_calls)
        if not any_order:
            if calls not in seen:
                raise AssertionError(f"Calls not found.\nExpected: {_CallList(calls)!r}{self._history('Actual').rstrip('.')}")
            return
        rest, lost = list(seen), []
        for c in calls:
            if c in rest:
                rest.remove(c)
            else:
                lost.append(c)
        if lost:
            raise AssertionError(f"{self._named()!r} does not contain all of {tuple(lost)!r} in its call list, found {seen!r} instead")


class _Calls:
    """What makes mocks callable."""

    def __call__(self, /, *args, **kwargs):
        own = self.__dict__
        own["called"] = True
        own["call_count"] += 1
        own["call_args"] = entry = _Call(("", args, kwargs))
        own["call_args_list"].append(entry)
        own["mock_calls"].append(entry)
        name, mock = "", self
        method = True
        while mock.__dict__["_parent"] is not None:
            part, parent = mock.__dict__["_in_parent"], mock.__dict__["_parent"]
            if part is None:
                break
            name = part + ("" if not name else name if name.startswith("()") else "." + name)
            method = method and part != "()" and not part.startswith("__")
            parent.__dict__["mock_calls"].append(_Call((name, args, kwargs)))
            if method:
                parent.__dict__["method_calls"].append(_Call((name, args, kwargs)))
            mock = parent
        return self._answer(args, kwargs)

    def _answer(self, args, kwargs):
        own = self.__dict__
        effect = own["_side_effect"]
        if effect is not None:
            if isinstance(effect, BaseException) or isinstance(effect, type) and issubclass(effect, BaseException):
                raise effect
            if callable(effect):
                result = effect(*args, **kwargs)
            else:
                result = next(effect)
                if isinstance(result, BaseException) or isinstance(result, type) and issubclass(result, BaseException):
                    raise result
            if result is not DEFAULT:
                return result
        if own["_return_value"] is not DEFAULT:
            return own["_return_value"]
        if own["_wraps"] is not None:
            return own["_wraps"](*args, **kwargs)
        return self.return_value


class Mock(_Calls, NonCallableMock):
    """Takes any call and gives any attribute, and remembers it."""


_DEFAULTS = {"__len__": 0, "__int__": 1, "__bool__": True, "__contains__": False, "__index__": 1, "__float__": 1.0,
             "__complex__": 1j, "__exit__": False, "__lt__": NotImplemented, "__gt__": NotImplemented, "__le__": NotImplemented,
             "__ge__": NotImplemented}
_NEW_MOCKS = ("enter getitem setitem delitem add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor "
              "or radd rsub rmul rmatmul rtruediv rfloordiv rmod rpow iadd isub imul itruediv neg pos invert abs round trunc "
              "floor ceil next reversed").split()
_SPECIAL = set(_DEFAULTS) | {f"__{n}__" for n in _NEW_MOCKS} | {"__iter__"}


def _set_special(mock, name, value):
    """Puts a special method on the mock's own class."""
    cls = type(mock)
    if isinstance(value, NonCallableMock):
        value.__dict__["_parent"] = value.__dict__["_parent"] or mock
        value.__dict__["_in_parent"] = value.__dict__["_in_parent"] or name
        mock.__dict__["_children"][name] = value
        setattr(cls, name, value)
    elif callable(value) and not isinstance(value, type):
        setattr(cls, name, lambda self, /, *args, **kwargs: value(self, *args, **kwargs))
    else:
        setattr(cls, name, value)


class _SpecialMethod:
    """A special method of a class of mocks: a mock of each object's own, made when it is first looked at or used."""

    def __init__(self, name):
        self.name = name

    def __get__(self, mock, cls=None):
        if mock is None:
            return self
        own, name = mock.__dict__, self.name
        if own["_names"] is not None and name not in own["_names"] or name in own["_deleted"]:
            raise AttributeError(name)
        child = own["_children"].get(name)
        if child is None:
            child = MagicMock(parent=mock)
            child.__dict__["_in_parent"] = name
            own["_children"][name] = child
            if name in _DEFAULTS:
                child.return_value = _DEFAULTS[name]
            elif name == "__iter__":
                given = child.__dict__
                child.side_effect = lambda: iter([] if given["_return_value"] is DEFAULT else given["_return_value"])
        return child


class _Magic:
    pass


for _name in sorted(_SPECIAL):
    setattr(_Magic, _name, _SpecialMethod(_name))
del _name


class NonCallableMagicMock(_Magic, NonCallableMock):
    pass


class MagicMock(_Magic, Mock):
    """A Mock with special methods: len(), iteration, item access, with statements."""


class PropertyMock(Mock):
    """A mock to be put on a class, as a property."""

    def __get__(self, obj, obj_type=None):
        return self()

    def __set__(self, obj, value):
        self(value)


def seal(mock):
    mock.__dict__["_sealed"] = True
    for child in mock.__dict__["_children"].values():
        seal(child)


def create_autospec(spec, spec_set=False, instance=False, _parent=None, _name=None, **kwargs):
    """A mock with the attributes of an object; calls are checked against its signature."""
    import inspect
    mock = MagicMock(spec=spec, name=_name, **kwargs)
    if callable(spec) and not isinstance(spec, NonCallableMock):
        signature = inspect.signature(spec)

        def check(*args, **kwargs):
            signature.bind(*args, **kwargs)
            return DEFAULT

        mock.side_effect = check
    if isinstance(spec, type) and not instance:
        mock.return_value = MagicMock(spec=spec)
    return mock


def _target(path):
    name, _, attribute = path.rpartition(".")
    if not name:
        raise TypeError(f"Need a valid target to patch. You supplied: {path!r}")
    return _resolve(name), attribute


def _resolve(path):
    import importlib
    first, *rest = path.split(".")
    found, so_far = importlib.import_module(first), first
    for part in rest:
        so_far += "." + part
        if not hasattr(found, part):
            importlib.import_module(so_far)
        found = getattr(found, part)
    return found


class _Patch:
    """Replaces an attribute for as long as a with statement or a call of the decorated function lasts."""

    def __init__(self, getter, attribute, new, spec, create, spec_set, autospec, new_callable, kwargs):
        self.getter, self.attribute, self.new, self.kwargs = getter, attribute, new, kwargs
        self.spec, self.create, self.spec_set, self.autospec, self.new_callable = spec, create, spec_set, autospec, new_callable

    def _replacement(self, original):
        if self.new is not DEFAULT:
            return self.new
        kwargs = dict(self.kwargs)
        if self.autospec:
            return create_autospec(original if self.autospec is True else self.autospec, _name=self.attribute, **kwargs)
        if self.spec is not None:
            kwargs["spec"] = original if self.spec is True else self.spec
        if self.spec_set is not None:
            kwargs["spec_set"] = original if self.spec_set is True else self.spec_set
        if self.new_callable is not None:
            return self.new_callable(**kwargs)
        return MagicMock(name=self.attribute, **kwargs)

    def __enter__(self):
        self.target = self.getter()
        own = getattr(self.target, "__dict__", {})
        self.local = self.attribute in own
        self.original = own[self.attribute] if self.local else getattr(self.target, self.attribute, DEFAULT)
        if self.original is DEFAULT and not self.create and self.attribute not in dir(sys.modules["builtins"]):
            raise AttributeError(f"{self.target} does not have the attribute {self.attribute!r}")
        new = self._replacement(getattr(self.target, self.attribute, None))
        setattr(self.target, self.attribute, new)
        return new

    def __exit__(self, *details):
        if self.local:
            setattr(self.target, self.attribute, self.original)
        else:
            delattr(self.target, self.attribute)
            if not hasattr(self.target, self.attribute) and self.original is not DEFAULT:
                setattr(self.target, self.attribute, self.original)
        return False

    def start(self):
        result = self.__enter__()
        _started.append(self)
        return result

    def stop(self):
        if self in _started:
            _started.remove(self)
            self.__exit__(None, None, None)

    def copy(self):
        return _Patch(self.getter, self.attribute, self.new, self.spec, self.create, self.spec_set, self.autospec,
                      self.new_callable, self.kwargs)

    def __call__(self, function):
        if isinstance(function, type):
            for name in dir(function):
                if name.startswith(patch.TEST_PREFIX) and callable(getattr(function, name)):
                    setattr(function, name, self.copy()(getattr(function, name)))
            return function
        if hasattr(function, "_patches"):
            function._patches.append(self)
            return function

        @functools.wraps(function)
        def patched(*args, **kwargs):
            from contextlib import ExitStack
            extra = []
            with ExitStack() as stack:
                for p in patched._patches:
                    value = stack.enter_context(p)
                    if p.new is DEFAULT:
                        extra.append(value)
                return function(*args, *extra, **kwargs)

        patched._patches = [self]
        return patched


_started = []


class _PatchDict:
    """Changes a dict for as long as a with statement or a call of the decorated function lasts."""

    def __init__(self, in_dict, values=(), clear=False, **kwargs):
        self.in_dict, self.values, self.clear = in_dict, dict(values, **kwargs), clear

    def __enter__(self):
        if isinstance(self.in_dict, str):
            self.in_dict = _resolve(self.in_dict)
        self.original = dict(self.in_dict)
        if self.clear:
            self.in_dict.clear()
        self.in_dict.update(self.values)
        return self.in_dict

    def __exit__(self, *details):
        self.in_dict.clear()
        self.in_dict.update(self.original)
        return False

    def start(self):
        return self.__enter__()

    def stop(self):
        return self.__exit__(None, None, None)

    def __call__(self, function):
        @functools.wraps(function)
        def patched(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return patched


class _Patcher:
    TEST_PREFIX = "test"
    dict = _PatchDict

    def __call__(self, target, new=DEFAULT, spec=None, create=False, spec_set=None, autospec=None, new_callable=None, **kwargs):
        _, attribute = target, target.rpartition(".")[2]
        return _Patch(lambda: _target(target)[0], attribute, new, spec, create, spec_set, autospec, new_callable, kwargs)

    def object(self, target, attribute, new=DEFAULT, spec=None, create=False, spec_set=None, autospec=None, new_callable=None,
               **kwargs):
        return _Patch(lambda: target, attribute, new, spec, create, spec_set, autospec, new_callable, kwargs)

    def multiple(self, target, **kwargs):
        from contextlib import ExitStack
        stack = ExitStack()
        found = _resolve(target) if isinstance(target, str) else target
        for name, new in kwargs.items():
            stack.enter_context(self.object(found, name, new))
        return stack

    def stopall(self):
        for p in reversed(list(_started)):
            p.stop()


patch = _Patcher()


def mock_open(mock=None, read_data=""):
    """A mock for open(): its files give read_data."""
    import io

    def fresh(*args, **kwargs):
        stream = io.BytesIO(read_data) if isinstance(read_data, bytes) else io.StringIO(read_data)
        for name in ("read", "readline", "readlines"):
            getattr(handle, name).side_effect = getattr(stream, name)
        handle.__iter__.side_effect = lambda: iter(stream)
        return DEFAULT

    handle = MagicMock()
    handle.__enter__.return_value = handle
    mock = MagicMock(name="open") if mock is None else mock
    mock.side_effect = fresh
    mock.return_value = handle
    return mock
