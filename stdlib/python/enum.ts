"""Enumerations: Enum, IntEnum, StrEnum, Flag, IntFlag, auto, unique."""


class auto:
    """Stands for a value that the enumeration chooses."""

    value = None


def _is_descriptor(value):
    return hasattr(value, "__get__") or hasattr(value, "__set__") or hasattr(value, "__delete__")


def _is_dunder(name):
    return len(name) > 4 and name[:2] == name[-2:] == "__"


def _is_sunder(name):
    return len(name) > 2 and name[0] == name[-1] == "_" and name[1] != "_" and name[-2] != "_"


class nonmember:
    def __init__(self, value):
        self.value = value


class member:
    def __init__(self, value):
        self.value = value


class property(property):
    """A property that may share its name with a member."""

    def __set_name__(self, owner, name):
        self._owner, self._own_name = owner, name

    def __set__(self, instance, value):
        if self.fset is None:
            raise AttributeError(f"{self._owner!r} cannot set attribute {self._own_name!r}")
        self.fset(instance, value)


class _Names(dict):
    """The namespace of an enumeration's body: remembers which names are members, gives auto() its value."""

    def __init__(self, generate):
        super().__init__()
        self.members = []
        self.last_values = []
        self.ignored = []
        self.generate = generate

    def __setitem__(self, name, value):
        if name == "_generate_next_value_":
            self.generate = value.__func__ if isinstance(value, staticmethod) else value
        elif name == "_ignore_":
            self.ignored = value.replace(",", " ").split() if isinstance(value, str) else list(value)
        elif _is_dunder(name) or _is_sunder(name) or name in self.ignored or isinstance(value, nonmember):
            if isinstance(value, nonmember):
                value = value.value
        elif name in self.members:
            raise TypeError(f"{name!r} already defined as {self[name]!r}")
        elif isinstance(value, member) or not _is_descriptor(value) and not name.startswith("__"):
            if isinstance(value, member):
                value = value.value
            if isinstance(value, auto):
                value = self.generate(name, 1, len(self.members), self.last_values[:])
            elif type(value) is tuple and any(isinstance(v, auto) for v in value):
                value = tuple(self.generate(name, 1, len(self.members), self.last_values[:]) if isinstance(v, auto) else v
                              for v in value)
            self.members.append(name)
            self.last_values.append(value)
        elif name in self:
            pass
        super().__setitem__(name, value)


class EnumType(type):
    @classmethod
    def __prepare__(metaclass, name, bases, **kwargs):
        generate = None
        for base in reversed(bases):
            generate = getattr(base, "_generate_next_value_", None) or generate
        return _Names(generate)

    def __new__(metaclass, name, bases, namespace, *, boundary=None, **kwargs):
        if not isinstance(namespace, _Names):  # the roots of this module
            return super().__new__(metaclass, name, bases, namespace, **kwargs)
        for base in bases:
            if isinstance(base, EnumType) and base.__dict__.get("_member_names_"):
                raise TypeError(f"<enum {name!r}> cannot extend {base!r}")
        values = [(n, namespace[n]) for n in namespace.members]
        plain = {n: v for n, v in namespace.items() if n not in namespace.members and n != "_ignore_"
                 and n not in namespace.ignored}
        use_new = plain.pop("__new__", None)
        cls = super().__new__(metaclass, name, bases, plain, **kwargs)
        cls._member_names_ = []
        cls._member_map_ = {}
        cls._value2member_map_ = {}
        data_type = object
        for base in cls.__mro__:
            if base is object or isinstance(base, EnumType):
                continue
            if "__new__" in base.__dict__ and base.__dict__.get("__new__") is not object.__new__:
                data_type = base
                break
        cls._member_type_ = data_type
        if data_type is not object:
            # What the data type has of these gives way to the enumeration's; a ReprEnum keeps str() and format().
            keeps = any(b.__name__ == "ReprEnum" for b in cls.__mro__)
            for method in ("__repr__",) if keeps else ("__repr__", "__str__", "__format__"):
                owner = next(b for b in cls.__mro__ if method in b.__dict__)
                if not isinstance(owner, EnumType):
                    if owner is not data_type and owner is not object:
                        continue
                    enumeration = next(b for b in cls.__mro__ if isinstance(b, EnumType) and method in b.__dict__)
                    type.__setattr__(cls, method, enumeration.__dict__[method])
        if use_new is None:
            for base in cls.__mro__[1:]:
                if isinstance(base, EnumType) and base.__dict__.get("__new_member__") is not None:
                    use_new = base.__dict__["__new_member__"]
                    break
        if use_new is not None:
            new_member = use_new.__func__ if isinstance(use_new, staticmethod) else use_new
            cls.__new_member__ = staticmethod(new_member)
        is_flag = any(b.__name__ == "Flag" for b in cls.__mro__)
        for member_name, value in values:
            args = value if type(value) is tuple else (value,)
            if use_new is not None:
                item = new_member(cls, *args)
                if "_value_" not in item.__dict__:
                    item._value_ = value if data_type is object else data_type(*args)
            elif data_type is object:
                item = object.__new__(cls)
                item._value_ = value
            else:
                if data_type is tuple:
                    args = (value,)
                item = data_type.__new__(cls, *args)
                item._value_ = value if len(args) == 1 and type(value) is data_type else data_type(*args)
            item._name_ = member_name
            item.__objclass__ = cls
            item._sort_order_ = len(cls._member_names_)
            init = getattr(cls, "__init__", None)
            if init is not None and init is not object.__init__ and any("__init__" in b.__dict__ for b in cls.__mro__
                                                                      if b is not object and b is not data_type):
                item.__init__(*args)
            value = item._value_
            alias = None
            for known in cls._member_map_.values():
                if known._value_ == value:
                    alias = known
                    break
            if alias is not None:
                item = alias
            elif not is_flag or (value != 0 and value & (value - 1) == 0):
                cls._member_names_.append(member_name)
            cls._member_map_[member_name] = item
            type.__setattr__(cls, member_name, item)
            try:
                cls._value2member_map_.setdefault(value, item)
            except TypeError:
                pass
        return cls

    def __init__(cls, *args, **kwargs):
        pass

    def __call__(cls, value, names=None, *, module=None, qualname=None, type=None, start=1):
        if names is None:
            return cls._lookup(value)
        return cls._functional(value, names, start, type)

    def _lookup(cls, value):
        if type(value) is cls:
            return value
        try:
            if value in cls._value2member_map_:
                return cls._value2member_map_[value]
        except TypeError:
            for item in cls._member_map_.values():
                if item._value_ == value:
                    return item
        result = cls._missing_(value)
        if isinstance(result, cls):
            return result
        if result is None:
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        raise TypeError("error in %s._missing_: returned %r instead of None or a valid member" % (cls.__name__, result))

    def _functional(cls, class_name, names, start, mixin):
        if isinstance(names, str):
            names = names.replace(",", " ").split()
        bases = (cls,) if mixin is None else (mixin, cls)
        namespace = cls.__class__.__prepare__(class_name, bases)
        if isinstance(names, (list, tuple)) and names and isinstance(names[0], str):
            last = []
            pairs = []
            for i, n in enumerate(names):
                value = cls._generate_next_value_(n, start, i, last[:])
                last.append(value)
                pairs.append((n, value))
        else:
            pairs = list(names.items()) if hasattr(names, "items") else list(names)
        for n, value in pairs:
            namespace[n] = value
        return cls.__class__(class_name, bases, namespace)

    def __contains__(cls, item):
        if not isinstance(item, Enum):
            raise TypeError("unsupported operand type(s) for 'in': '%s' and '%s'" % (type(item).__qualname__,
                                                                                    cls.__class__.__qualname__))
        return isinstance(item, cls) and item._name_ in cls._member_map_

    def __delattr__(cls, name):
        if name in cls._member_map_:
            raise AttributeError("%r cannot delete member %r." % (cls.__name__, name))
        super().__delattr__(name)

    def __setattr__(cls, name, value):
        if name in cls.__dict__.get("_member_map_", {}):
            raise AttributeError("cannot reassign member %r" % (name,))
        super().__setattr__(name, value)

    def __getattr__(cls, name):
        raise AttributeError(name)

    def __getitem__(cls, name):
        return cls._member_map_[name]

    def __iter__(cls):
        return (cls._member_map_[name] for name in cls._member_names_)

    def __reversed__(cls):
        return (cls._member_map_[name] for name in reversed(cls._member_names_))

    def __len__(cls):
        return len(cls._member_names_)

    def __bool__(cls):
        return True

    @property
    def __members__(cls):
        return dict(cls._member_map_)

    def __repr__(cls):
        if any(b.__name__ == "Flag" for b in cls.__mro__):
            return "<flag %r>" % cls.__name__
        return "<enum %r>" % cls.__name__

    def __dir__(cls):
        return ["__class__", "__doc__", "__members__", "__module__"] + cls._member_names_


EnumMeta = EnumType


class Enum(metaclass=EnumType):
    _member_names_ = []
    _member_map_ = {}
    _value2member_map_ = {}
    _member_type_ = object

    def _generate_next_value_(name, start, count, last_values):
        numbers = [v for v in last_values if isinstance(v, int)]
        return max(numbers) + 1 if numbers else start

    @classmethod
    def _missing_(cls, value):
        return None

    @property
    def name(self):
        return self._name_

    @property
    def value(self):
        return self._value_

    def __repr__(self):
        data = self.__class__._member_type_
        text = repr(self._value_) if data is object else data.__repr__(self._value_)
        return "<%s.%s: %s>" % (self.__class__.__name__, self._name_, text)

    def __str__(self):
        return "%s.%s" % (self.__class__.__name__, self._name_)

    def __format__(self, format_spec):
        return str.__format__(str(self), format_spec)

    def __hash__(self):
        return hash(self._name_)

    def __eq__(self, other):
        return self is other if self.__class__._member_type_ is object else NotImplemented

    def __reduce_ex__(self, proto):
        return getattr, (self.__class__, self._name_)

    def __dir__(self):
        return ["__class__", "__doc__", "__module__", "name", "value"]

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class ReprEnum(Enum):
    """An enumeration whose members keep the str() and format() of their data type."""


class IntEnum(int, ReprEnum):
    def __str__(self):
        return int.__repr__(self)

    def __format__(self, spec):
        return int.__format__(self, spec)

    __eq__ = int.__eq__
    __hash__ = int.__hash__


class StrEnum(str, ReprEnum):
    def __new__(cls, *values):
        for value in values[:1]:
            if not isinstance(value, str):
                raise TypeError("%r is not a string" % (value,))
        item = str.__new__(cls, *values)
        item._value_ = str(*values)
        return item

    __new_member__ = staticmethod(__new__)

    def _generate_next_value_(name, start, count, last_values):
        return name.lower()

    def __str__(self):
        return str.__str__(self)

    def __format__(self, spec):
        return str.__format__(self, spec)

    __eq__ = str.__eq__
    __hash__ = str.__hash__


class FlagBoundary(StrEnum):
    STRICT = "strict"
    CONFORM = "conform"
    EJECT = "eject"
    KEEP = "keep"


STRICT, CONFORM, EJECT, KEEP = FlagBoundary.STRICT, FlagBoundary.CONFORM, FlagBoundary.EJECT, FlagBoundary.KEEP


class Flag(Enum):
    """Members that combine with | & ^ ~."""

    def _generate_next_value_(name, start, count, last_values):
        if not last_values:
            return start if start is not None else 1
        return 2 ** max(last_values).bit_length()

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, int):
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        mask = 0
        for item in cls._member_map_.values():
            mask |= item._value_
        if value < 0:
            value = value & mask if cls._member_type_ is object else (mask + 1 + value if -value <= mask + 1 else value)
        if value & ~mask and cls._member_type_ is object:
            width = max(value.bit_length(), mask.bit_length())
            raise ValueError("%r invalid value %r\n    given %s\n  allowed %s" % (
                cls, value, _bits(value, width), _bits(mask, width)))
        if value in cls._value2member_map_:
            return cls._value2member_map_[value]
        item = object.__new__(cls) if cls._member_type_ is object else cls._member_type_.__new__(cls, value)
        item._value_ = value
        item._name_ = None
        names = [n for n in cls._member_names_ if cls._member_map_[n]._value_ & value]
        if names:
            item._name_ = "|".join(names)
            rest = value
            for n in names:
                rest &= ~cls._member_map_[n]._value_
            if rest:
                item._name_ += "|%d" % rest
        cls._value2member_map_[value] = item
        return item

    def __contains__(self, other):
        if not isinstance(other, self.__class__):
            raise TypeError("unsupported operand type(s) for 'in': %r and %r" % (type(other).__qualname__,
                                                                                self.__class__.__qualname__))
        return other._value_ & self._value_ == other._value_

    def __iter__(self):
        for name in self.__class__._member_names_:
            item = self.__class__._member_map_[name]
            if item._value_ & self._value_:
                yield item

    def __len__(self):
        return bin(self._value_).count("1")

    def _names(self):
        """The member's name, or those of its bits; None when it has none."""
        if self._name_ is not None:
            return self._name_
        rest, names = self._value_, []
        for item in self:
            names.append(item._name_)
            rest &= ~item._value_
        if names and rest:
            names.append(repr(rest))
        return "|".join(names) or None

    def __repr__(self):
        names = self._names()
        where = self.__class__.__name__ if names is None else self.__class__.__name__ + "." + names
        return "<%s: %d>" % (where, self._value_)

    def __str__(self):
        names = self._names()
        return "%s(%d)" % (self.__class__.__name__, self._value_) if names is None else "%s.%s" % (self.__class__.__name__, names)

    def __bool__(self):
        return bool(self._value_)

    def _other(self, other):
        if isinstance(other, self.__class__):
            return other._value_
        if self.__class__._member_type_ is not object and isinstance(other, self.__class__._member_type_):
            return other
        return None

    def __or__(self, other):
        value = self._other(other)
        return NotImplemented if value is None else self.__class__(self._value_ | value)

    def __and__(self, other):
        value = self._other(other)
        return NotImplemented if value is None else self.__class__(self._value_ & value)

    def __xor__(self, other):
        value = self._other(other)
        return NotImplemented if value is None else self.__class__(self._value_ ^ value)

    def __invert__(self):
        mask = 0
        for name in self.__class__._member_names_:
            mask |= self.__class__._member_map_[name]._value_
        return self.__class__(mask & ~self._value_)

    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__


class IntFlag(int, Flag):
    def __str__(self):
        return int.__repr__(self)

    def __format__(self, spec):
        return int.__format__(self, spec)

    __or__, __and__, __xor__, __invert__ = Flag.__or__, Flag.__and__, Flag.__xor__, Flag.__invert__
    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__
    __eq__ = int.__eq__
    __hash__ = int.__hash__


def _bits(value, width):
    text = bin(value)[2:].rjust(width, "0")
    return "0b0 " + text


def unique(enumeration):
    """A class decorator that refuses aliases."""
    duplicates = [(name, item._name_) for name, item in enumeration.__members__.items() if name != item._name_]
    if duplicates:
        raise ValueError("duplicate values found in %r: %s" % (
            enumeration, ", ".join("%s -> %s" % pair for pair in duplicates)))
    return enumeration
