"""What help() shows: signatures and docstrings as text."""
import builtins
import inspect
import sys
import types

_LINE = "-" * 70


def getdoc(object):
    """The docstring without indentation."""
    doc = inspect.getdoc(object)
    return doc.rstrip() if doc else ""


def _indented(text, prefix="    "):
    """Each line with the prefix, empty ones too, as CPython's pages have it."""
    return "\n".join(prefix + line for line in text.split("\n"))


def _class_name(cls, module):
    name = cls.__qualname__
    return name if cls.__module__ == module else cls.__module__ + "." + name


def _signature(function):
    try:
        return str(inspect.signature(function))
    except (ValueError, TypeError):
        return "(...)"


def _routine(function, name=None, note=""):
    """A function: its name and signature, and below them its docstring."""
    own = getattr(function, "__name__", "") or ""
    title = own if name is None or name == own else f"{name} = {own}"
    signature = _signature(function)
    if own == "<lambda>":
        title = (name or own) + " lambda "
        signature = signature[1:-1]
    doc = getdoc(function)
    text = title + signature + note
    return text + "\n" + (_indented(doc) + "\n" if doc else "")


_SLOTS = {"__init__": "Initialize self.  See help(type(self)) for accurate signature.", "__repr__": "Return repr(self).",
          "__str__": "Return str(self).", "__eq__": "Return self==value.", "__ne__": "Return self!=value.", "__lt__": "Return self<value.",
          "__le__": "Return self<=value.", "__gt__": "Return self>value.", "__ge__": "Return self>=value.", "__hash__": "Return hash(self).",
          "__setattr__": "Implement setattr(self, name, value).", "__delattr__": "Implement delattr(self, name).",
          "__getattribute__": "Return getattr(self, name).", "__format__": "Default object formatter.",
          "__dir__": "Default dir() implementation.", "__init_subclass__": "This method is called when a class is subclassed.\n\n"
          "The default implementation does nothing. It may be\noverridden to extend subclasses."}


def _method(name, function, note=""):
    text = _routine(function, name, note)
    if not getdoc(function) and name in _SLOTS:
        text += _indented(_SLOTS[name]) + "\n"
    return text


_HIDDEN = {"__module__", "__doc__", "__qualname__", "__slots__", "__annotations__", "__abstractmethods__", "_abc_impl", "__dataclass_fields__",
           "__parameters__", "__orig_bases__", "__firstlineno__", "__static_attributes__"}


def _kind(cls, owner, name, value):
    if isinstance(value, staticmethod):
        return "static method"
    if isinstance(value, classmethod):
        return "class method"
    if isinstance(value, property):
        return "readonly property" if value.fset is None else "data descriptor"
    if isinstance(value, types.FunctionType) or type(value).__name__ in ("method_descriptor", "wrapper_descriptor"):
        return "method"
    if hasattr(type(value), "__get__") and not isinstance(value, type):
        return "data descriptor"
    return "data"


_GROUPS = (("method", "Methods"), ("class method", "Class methods"), ("static method", "Static methods"),
           ("readonly property", "Readonly properties"), ("data descriptor", "Data descriptors"), ("data", "Data and other attributes"))
_OWN_SLOTS = (("__dict__", "dictionary for instance variables (if defined)"), ("__weakref__", "list of weak references to the object (if defined)"))


def _class(cls):
    module = cls.__module__
    name = cls.__qualname__
    bases = ", ".join(_class_name(b, module) for b in cls.__bases__)
    out = []
    push = out.append
    if cls.__init__ is not object.__init__ or cls.__new__ is not object.__new__:
        try:
            signature = str(inspect.signature(cls))
            if signature != "()":
                push(name + signature)
                push("")
        except (ValueError, TypeError):
            pass
    doc = getdoc(cls) if "__doc__" in cls.__dict__ and cls.__doc__ else ""
    if doc:
        push(doc)
        push("")
    mro = [c for c in cls.__mro__]
    if len(mro) > 2:
        push("Method resolution order:")
        for c in mro:
            push("    " + _class_name(c, module))
        push("")
    seen = set()
    first = True
    for owner in mro:
        if owner is object and cls is not object:
            break
        found = {kind: [] for kind, _ in _GROUPS}
        for n, value in owner.__dict__.items():
            if n in seen or n in _HIDDEN or n in ("__dict__", "__weakref__"):
                continue
            seen.add(n)
            if n.startswith("_") and not (n.startswith("__") and n.endswith("__")):
                continue
            found[_kind(cls, owner, n, value)].append((n, value))
        # What instances have of their own is shown with the class that brings it.
        slots = owner.__bases__ == (object,) and "__slots__" not in owner.__dict__ and owner.__module__ != "builtins"
        where = "defined here:" if owner is cls else "inherited from " + _class_name(owner, module) + ":"
        for kind, title in _GROUPS:
            items = sorted(found[kind], key=lambda item: item[0])
            if not items and not (kind == "data descriptor" and slots):
                continue
            if not first:
                push(_LINE)
            first = False
            push(title + " " + where)
            push("")
            for n, value in items:
                if kind == "method":
                    push(_method(n, value))
                elif kind == "class method":
                    push(_method(n, getattr(cls, n), " from " + _class_name(type(cls), module)))
                elif kind == "static method":
                    push(_method(n, value.__func__))
                elif kind == "data":
                    push(f"{n} = {_shown(value, 70 - len(n) - 3)}")
                    push("")
                else:
                    doc = getdoc(value)
                    push(n + ("\n" + _indented(doc) if doc else ""))
                    push("")
            if kind == "data descriptor" and slots:
                for n, doc in _OWN_SLOTS:
                    push(n + "\n" + _indented(doc))
                    push("")
    while out and out[-1] == "":
        out.pop()
    title = "class " + name + ("(" + bases + ")" if bases else "")
    body = "\n".join(out).rstrip("\n")
    return title + ("\n" + "\n".join(" |  " + line for line in body.split("\n")) if body else "") + "\n"


def _shown(value, room):
    text = repr(value)
    return text if len(text) <= max(room, 20) else text[:max(room, 20) - 3] + "..."


def _module(module):
    name = module.__name__
    doc = getdoc(module)
    first, _, rest = doc.partition("\n")
    out = ["NAME", "    " + name + (" - " + first if first else ""), ""]
    if rest.strip():
        out += ["DESCRIPTION", _indented(rest.strip("\n")), ""]
    public = getattr(module, "__all__", None)
    names = [n for n in (public if public is not None else dir(module)) if public is not None or not n.startswith("_")]
    classes = [getattr(module, n) for n in names if isinstance(getattr(module, n), type) and getattr(module, n).__module__ == name]
    functions = [getattr(module, n) for n in names if isinstance(getattr(module, n), (types.FunctionType, types.BuiltinFunctionType))]
    if classes:
        out.append("CLASSES")
        for c in classes:
            out.append(_indented(_class(c)))
    if functions:
        out.append("FUNCTIONS")
        for f in functions:
            out.append(_indented(_routine(f)))
    if getattr(module, "__file__", None):
        out += ["FILE", "    " + module.__file__, ""]
    return "\n".join(out) + "\n"


def _described(thing):
    """How the title names it."""
    if isinstance(thing, types.ModuleType):
        return "module " + thing.__name__
    if isinstance(thing, type):
        return "class " + thing.__name__
    if isinstance(thing, types.FunctionType):
        return "function " + thing.__name__
    if isinstance(thing, types.MethodType):
        return "method " + thing.__name__
    if type(thing).__name__ == "builtin_function_or_method":
        return "built-in function " + thing.__name__
    return type(thing).__name__


def render_doc(thing, title="Help on %s:"):
    """The whole page as a string."""
    if isinstance(thing, str):
        thing = _found(thing)
    instance = not (isinstance(thing, (types.ModuleType, type, types.FunctionType, types.MethodType)) or hasattr(thing, "__name__")
                    and callable(thing))
    described = _described(thing)
    shown = type(thing) if instance else thing
    module = getattr(shown, "__module__", None)
    if instance:
        described = f"{type(thing).__name__} object" if module == "builtins" else f"{type(thing).__name__} in module {module} object"
    elif module and not isinstance(thing, types.ModuleType):
        described += " in module " + module
    if isinstance(shown, types.ModuleType):
        text = _module(shown)
    elif isinstance(shown, type):
        text = _class(shown)
    elif isinstance(shown, types.MethodType):
        owner = type(shown.__self__)
        text = _routine(shown, note=f" method of {_class_name(owner, None)} instance")
    else:
        text = _routine(shown)
    return title % described + "\n\n" + text


def _found(name):
    """The object of a dotted name."""
    first, *rest = name.split(".")
    if hasattr(builtins, first):
        thing = getattr(builtins, first)
    else:
        try:
            thing = __import__(first)
        except ImportError:
            raise ImportError(f"No Python documentation found for {name!r}.") from None
    for part in rest:
        thing = getattr(thing, part)
    return thing


def doc(thing, title="Help on %s:"):
    try:
        print(render_doc(thing, title))
    except ImportError as e:
        print(e)


def help(*args):
    """help(object): shows what is known of it."""
    if not args:
        print("help(object) shows the signature and the docstring of a function, class, module or name.")
        return
    for thing in args:
        doc(thing)
