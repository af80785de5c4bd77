"""Looking at objects."""
import enum
import os
import sys
import types

CO_OPTIMIZED, CO_NEWLOCALS, CO_VARARGS, CO_VARKEYWORDS, CO_NESTED, CO_GENERATOR = 1, 2, 4, 8, 16, 32


class _empty:
    """Marks what is not there."""


class _ParameterKind(enum.IntEnum):
    POSITIONAL_ONLY = 0
    POSITIONAL_OR_KEYWORD = 1
    VAR_POSITIONAL = 2
    KEYWORD_ONLY = 3
    VAR_KEYWORD = 4

    def __str__(self):
        return self._name_

    @property
    def description(self):
        return {0: "positional-only", 1: "positional or keyword", 2: "variadic positional", 3: "keyword-only",
                4: "variadic keyword"}[int(self)]


def formatannotation(annotation, base_module=None):
    if getattr(annotation, "__module__", None) == "typing":
        return repr(annotation).replace("typing.", "")
    if isinstance(annotation, types.GenericAlias):
        return str(annotation)
    if isinstance(annotation, type):
        if annotation.__module__ in ("builtins", base_module):
            return annotation.__qualname__
        return annotation.__module__ + "." + annotation.__qualname__
    return repr(annotation)


class Parameter:
    """One parameter of a signature."""
    POSITIONAL_ONLY = _ParameterKind.POSITIONAL_ONLY
    POSITIONAL_OR_KEYWORD = _ParameterKind.POSITIONAL_OR_KEYWORD
    VAR_POSITIONAL = _ParameterKind.VAR_POSITIONAL
    KEYWORD_ONLY = _ParameterKind.KEYWORD_ONLY
    VAR_KEYWORD = _ParameterKind.VAR_KEYWORD
    empty = _empty

    def __init__(self, name, kind, *, default=_empty, annotation=_empty):
        self._kind = _ParameterKind(kind)
        if default is not _empty and self._kind in (_ParameterKind.VAR_POSITIONAL, _ParameterKind.VAR_KEYWORD):
            raise ValueError("{} parameters cannot have default values".format(self._kind.description))
        if not isinstance(name, str):
            raise TypeError("name must be a str, not a {}".format(type(name).__name__))
        if not name.isidentifier():
            raise ValueError("{!r} is not a valid parameter name".format(name))
        self._name, self._default, self._annotation = name, default, annotation

    @property
    def name(self):
        return self._name

    @property
    def default(self):
        return self._default

    @property
    def annotation(self):
        return self._annotation

    @property
    def kind(self):
        return self._kind

    def replace(self, *, name=None, kind=None, annotation=None, default=None):
        return type(self)(self._name if name is None else name, self._kind if kind is None else kind,
                          default=self._default if default is None else default,
                          annotation=self._annotation if annotation is None else annotation)

    def __str__(self):
        text = self._name
        if self._annotation is not _empty:
            text = "{}: {}".format(text, formatannotation(self._annotation))
        if self._default is not _empty:
            text += (" = " if self._annotation is not _empty else "=") + repr(self._default)
        if self._kind == _ParameterKind.VAR_POSITIONAL:
            text = "*" + text
        elif self._kind == _ParameterKind.VAR_KEYWORD:
            text = "**" + text
        return text

    def __repr__(self):
        return '<{} "{}">'.format(self.__class__.__name__, self)

    def __hash__(self):
        return hash((self._name, self._kind))

    def __eq__(self, other):
        if not isinstance(other, Parameter):
            return NotImplemented
        return (self._name == other._name and self._kind == other._kind and self._default == other._default
                and self._annotation == other._annotation)


class BoundArguments:
    """Arguments by the names of the parameters that take them."""

    def __init__(self, signature, arguments):
        self.arguments, self._signature = arguments, signature

    @property
    def signature(self):
        return self._signature

    @property
    def args(self):
        out = []
        for name, p in self._signature.parameters.items():
            if p.kind in (_ParameterKind.VAR_KEYWORD, _ParameterKind.KEYWORD_ONLY) or name not in self.arguments:
                break
            if p.kind == _ParameterKind.VAR_POSITIONAL:
                out.extend(self.arguments[name])
            else:
                out.append(self.arguments[name])
        return tuple(out)

    @property
    def kwargs(self):
        out, by_name = {}, False
        for name, p in self._signature.parameters.items():
            if not by_name:
                if p.kind in (_ParameterKind.VAR_KEYWORD, _ParameterKind.KEYWORD_ONLY):
                    by_name = True
                elif name not in self.arguments:
                    by_name = True
                    continue
            if not by_name or name not in self.arguments:
                continue
            if p.kind == _ParameterKind.VAR_KEYWORD:
                out.update(self.arguments[name])
            else:
                out[name] = self.arguments[name]
        return out

    def apply_defaults(self):
        out = {}
        for name, p in self._signature.parameters.items():
            if name in self.arguments:
                out[name] = self.arguments[name]
            elif p.default is not _empty:
                out[name] = p.default
            elif p.kind == _ParameterKind.VAR_POSITIONAL:
                out[name] = ()
            elif p.kind == _ParameterKind.VAR_KEYWORD:
                out[name] = {}
        self.arguments = out

    def __eq__(self, other):
        return isinstance(other, BoundArguments) and self.signature == other.signature and self.arguments == other.arguments

    def __repr__(self):
        return "<{} ({})>".format(self.__class__.__name__, ", ".join(["{}={!r}".format(k, v) for k, v in self.arguments.items()]))


class Signature:
    """The parameters of a callable, and what it gives."""
    empty = _empty
    _parameter_cls = Parameter

    def __init__(self, parameters=None, *, return_annotation=_empty, __validate_parameters__=True):
        self._parameters = {}
        for p in parameters or ():
            if p.name in self._parameters:
                raise ValueError("duplicate parameter name: {!r}".format(p.name))
            self._parameters[p.name] = p
        self._return = return_annotation

    @classmethod
    def from_callable(cls, obj, *, follow_wrapped=True, globals=None, locals=None, eval_str=False):
        return signature(obj, follow_wrapped=follow_wrapped)

    @property
    def parameters(self):
        return types.MappingProxyType(self._parameters)

    @property
    def return_annotation(self):
        return self._return

    def replace(self, *, parameters=None, return_annotation=None):
        return type(self)(self._parameters.values() if parameters is None else parameters,
                          return_annotation=self._return if return_annotation is None else return_annotation)

    def _bind(self, args, kwargs, partial=False):
        arguments = {}
        args, kwargs = list(args), dict(kwargs)
        for name, p in self._parameters.items():
            kind = p.kind
            if kind == _ParameterKind.VAR_POSITIONAL:
                if args:
                    arguments[name] = tuple(args)
                    args = []
            elif kind == _ParameterKind.VAR_KEYWORD:
                continue
            elif args and kind in (_ParameterKind.POSITIONAL_ONLY, _ParameterKind.POSITIONAL_OR_KEYWORD):
                arguments[name] = args.pop(0)
                if name in kwargs and kind == _ParameterKind.POSITIONAL_OR_KEYWORD:
                    raise TypeError("multiple values for argument {arg!r}".format(arg=name))
            elif name in kwargs and kind != _ParameterKind.POSITIONAL_ONLY:
                arguments[name] = kwargs.pop(name)
            elif p.default is _empty and not partial:
                raise TypeError("missing a required argument: {!r}".format(name))
        if args:
            raise TypeError("too many positional arguments")
        if kwargs:
            for name, p in self._parameters.items():
                if p.kind == _ParameterKind.VAR_KEYWORD:
                    arguments[name] = kwargs
                    break
            else:
                raise TypeError("got an unexpected keyword argument {arg!r}".format(arg=next(iter(kwargs))))
        return BoundArguments(self, arguments)

    def bind(self, /, *args, **kwargs):
        return self._bind(args, kwargs)

    def bind_partial(self, /, *args, **kwargs):
        return self._bind(args, kwargs, partial=True)

    def __str__(self):
        out = []
        star = slash = False
        seen_only = False
        for p in self._parameters.values():
            if p.kind == _ParameterKind.POSITIONAL_ONLY:
                seen_only = True
            elif seen_only and not slash:
                out.append("/")
                slash = True
            if p.kind == _ParameterKind.VAR_POSITIONAL:
                star = True
            elif p.kind == _ParameterKind.KEYWORD_ONLY and not star:
                out.append("*")
                star = True
            out.append(str(p))
        if seen_only and not slash:
            out.append("/")
        text = "({})".format(", ".join(out))
        if self._return is not _empty:
            text += " -> {}".format(formatannotation(self._return))
        return text

    def __repr__(self):
        return "<{} {}>".format(self.__class__.__name__, self)

    def __hash__(self):
        return hash((tuple(self._parameters.values()), self._return if self._return.__hash__ else None))

    def __eq__(self, other):
        if not isinstance(other, Signature):
            return NotImplemented
        return list(self._parameters.values()) == list(other._parameters.values()) and self._return == other._return


def _of_function(f):
    code = f.__code__
    names = code.co_varnames
    count, keywords = code.co_argcount, code.co_kwonlyargcount
    defaults = f.__defaults__ or ()
    kwdefaults = f.__kwdefaults__ or {}
    annotations = f.__annotations__
    parameters = []
    for i in range(count):
        name = names[i]
        kind = Parameter.POSITIONAL_ONLY if i < code.co_posonlyargcount else Parameter.POSITIONAL_OR_KEYWORD
        at = i - (count - len(defaults))
        parameters.append(Parameter(name, kind, default=defaults[at] if at >= 0 else _empty,
                                    annotation=annotations.get(name, _empty)))
    at = count + keywords
    if code.co_flags & CO_VARARGS:
        parameters.append(Parameter(names[at], Parameter.VAR_POSITIONAL, annotation=annotations.get(names[at], _empty)))
        at += 1
    for name in names[count:count + keywords]:
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=kwdefaults.get(name, _empty),
                                    annotation=annotations.get(name, _empty)))
    if code.co_flags & CO_VARKEYWORDS:
        parameters.append(Parameter(names[at], Parameter.VAR_KEYWORD, annotation=annotations.get(names[at], _empty)))
    return Signature(parameters, return_annotation=annotations.get("return", _empty))


def _without_first(s):
    parameters = list(s.parameters.values())
    if not parameters or parameters[0].kind in (Parameter.VAR_KEYWORD, Parameter.KEYWORD_ONLY):
        raise ValueError("invalid method signature")
    if parameters[0].kind != Parameter.VAR_POSITIONAL:
        parameters = parameters[1:]
    return s.replace(parameters=parameters)


def signature(obj, *, follow_wrapped=True, globals=None, locals=None, eval_str=False):
    """The signature of a callable."""
    if not callable(obj):
        raise TypeError("{!r} is not a callable object".format(obj))
    if isinstance(obj, types.MethodType):
        return _without_first(signature(obj.__func__))
    if follow_wrapped:
        obj = unwrap(obj, stop=lambda f: hasattr(f, "__signature__"))
        if isinstance(obj, types.MethodType):
            return signature(obj)
    own = getattr(obj, "__signature__", None)
    if own is not None and not isinstance(obj, type):
        return own
    if isinstance(obj, types.FunctionType):
        make = obj.__dict__.get("_make_signature")
        return make() if make is not None else _of_function(obj)
    import functools
    if isinstance(obj, functools.partial):
        s = signature(obj.func)
        bound = s.bind_partial(*obj.args, **obj.keywords)
        parameters, keyword_only = [], False
        for name, p in s.parameters.items():
            if name in bound.arguments and p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
                if name in obj.keywords:
                    keyword_only = True
                    parameters.append(p.replace(kind=Parameter.KEYWORD_ONLY, default=obj.keywords[name]))
                continue
            if keyword_only and p.kind == Parameter.POSITIONAL_OR_KEYWORD:
                p = p.replace(kind=Parameter.KEYWORD_ONLY)
            if keyword_only and p.kind == Parameter.VAR_POSITIONAL:
                continue
            parameters.append(p)
        return s.replace(parameters=parameters)
    if isinstance(obj, type):
        call = getattr(type(obj), "__call__", None)
        if type(obj) is not type and isinstance(call, types.FunctionType):
            return _without_first(signature(call))
        new, init = obj.__new__, obj.__init__
        if isinstance(init, types.FunctionType):
            return _without_first(signature(init))
        if isinstance(new, types.FunctionType):
            return _without_first(signature(new))
        if init is object.__init__ and new is object.__new__:
            return Signature()
        raise ValueError("no signature found for builtin type {!r}".format(obj))
    call = getattr(type(obj), "__call__", None)
    if isinstance(call, types.FunctionType):
        return _without_first(signature(call))
    raise ValueError("no signature found for builtin {!r}".format(obj))


def unwrap(func, *, stop=None):
    """The function behind decorators that set __wrapped__."""
    seen = set()
    while hasattr(func, "__wrapped__") and not (stop is not None and stop(func)):
        if id(func) in seen:
            raise ValueError("wrapper loop when unwrapping {!r}".format(func))
        seen.add(id(func))
        func = func.__wrapped__
    return func


class FullArgSpec(tuple):
    args = property(lambda self: self[0])
    varargs = property(lambda self: self[1])
    varkw = property(lambda self: self[2])
    defaults = property(lambda self: self[3])
    kwonlyargs = property(lambda self: self[4])
    kwonlydefaults = property(lambda self: self[5])
    annotations = property(lambda self: self[6])

    def __repr__(self):
        names = ("args", "varargs", "varkw", "defaults", "kwonlyargs", "kwonlydefaults", "annotations")
        return "FullArgSpec(%s)" % ", ".join(["%s=%r" % pair for pair in zip(names, self)])


def getfullargspec(func):
    method = isinstance(func, types.MethodType)
    s = signature(func.__func__ if method else func, follow_wrapped=False)
    args, varargs, varkw, defaults, only, kwdefaults, annotations = [], None, None, [], [], {}, {}
    if s.return_annotation is not _empty:
        annotations["return"] = s.return_annotation
    for p in s.parameters.values():
        if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
            args.append(p.name)
            if p.default is not _empty:
                defaults.append(p.default)
        elif p.kind == Parameter.VAR_POSITIONAL:
            varargs = p.name
        elif p.kind == Parameter.KEYWORD_ONLY:
            only.append(p.name)
            if p.default is not _empty:
                kwdefaults[p.name] = p.default
        else:
            varkw = p.name
        if p.annotation is not _empty:
            annotations[p.name] = p.annotation
    return FullArgSpec((args, varargs, varkw, tuple(defaults) or None, only, kwdefaults or None, annotations))


def ismodule(object):
    return isinstance(object, types.ModuleType)


def isclass(object):
    return isinstance(object, type)


def ismethod(object):
    return isinstance(object, types.MethodType)


def isfunction(object):
    return isinstance(object, types.FunctionType)


def isbuiltin(object):
    return isinstance(object, types.BuiltinFunctionType)


def isroutine(object):
    return isbuiltin(object) or isfunction(object) or ismethod(object) or ismethoddescriptor(object)


def ismethoddescriptor(object):
    if isclass(object) or ismethod(object) or isfunction(object):
        return False
    kind = type(object)
    return hasattr(kind, "__get__") and not hasattr(kind, "__set__")


def isdatadescriptor(object):
    if isclass(object) or ismethod(object) or isfunction(object):
        return False
    return hasattr(type(object), "__set__") or hasattr(type(object), "__delete__")


def isgeneratorfunction(obj):
    while hasattr(obj, "__func__"):
        obj = obj.__func__
    return isfunction(obj) and bool(obj.__code__.co_flags & CO_GENERATOR)


def isgenerator(object):
    return isinstance(object, types.GeneratorType)


def iscoroutinefunction(obj):
    return False


def iscoroutine(object):
    return False


def isawaitable(object):
    return False


def iscode(object):
    return isinstance(object, types.CodeType)


def isframe(object):
    return isinstance(object, types.FrameType)


def istraceback(object):
    return isinstance(object, types.TracebackType)


def isabstract(object):
    return isinstance(object, type) and bool(getattr(object, "__abstractmethods__", None))


def getmembers(object, predicate=None):
    """(name, value) of all attributes, sorted."""
    out = []
    for name in dir(object):
        try:
            value = getattr(object, name)
        except AttributeError:
            continue
        if predicate is None or predicate(value):
            out.append((name, value))
    out.sort(key=lambda pair: pair[0])
    return out


def getmro(cls):
    return cls.__mro__


def cleandoc(doc):
    """A docstring without its indentation."""
    lines = doc.expandtabs().split("\n")
    margin = min([len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()], default=0)
    lines = [lines[0].lstrip()] + [line[margin:] for line in lines[1:]]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)


def getdoc(object):
    doc = getattr(object, "__doc__", None)
    if doc is None and isinstance(object, type):
        for base in object.__mro__[1:]:
            if base is not object and base.__doc__ is not None and base.__module__ != "builtins":
                doc = base.__doc__
                break
    return cleandoc(doc) if isinstance(doc, str) else None


def getmodule(object, _filename=None):
    if ismodule(object):
        return object
    return sys.modules.get(getattr(object, "__module__", None))


def getfile(object):
    if ismodule(object):
        if getattr(object, "__file__", None):
            return object.__file__
        raise TypeError("{!r} is a built-in module".format(object))
    if isclass(object):
        module = sys.modules.get(object.__module__)
        if getattr(module, "__file__", None):
            return module.__file__
        raise TypeError("{!r} is a built-in class".format(object))
    if ismethod(object):
        object = object.__func__
    object = getattr(object, "__code__", object)
    if istraceback(object):
        object = object.tb_frame
    if isframe(object):
        object = object.f_code
    if iscode(object):
        return object.co_filename
    raise TypeError("module, class, method, function, traceback, frame, or code object was expected, got {}".format(
        type(object).__name__))


getsourcefile = getfile


def getmodulename(path):
    name = os.path.basename(path)
    for suffix in (".ts", ".py"):
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return None


def _file_lines(object):
    name = getfile(object)
    try:
        with open(name, encoding="utf-8") as f:
            return f.readlines()
    except OSError:
        raise OSError("could not get source code") from None


def getblock(lines):
    """The lines of the definition that begins with the first one."""
    def indent_of(line):
        return len(line) - len(line.lstrip())

    start = 0
    depth = 0
    first = indent_of(lines[0])
    # The header may go over several lines: it ends with the colon outside of brackets.
    while start < len(lines):
        code = lines[start].split("#")[0]
        depth += sum([code.count(c) for c in "([{"]) - sum([code.count(c) for c in ")]}"])
        start += 1
        if depth <= 0 and (code.rstrip().endswith(":") or not lines[start - 1].lstrip().startswith("@")):
            break
    end = start
    for i in range(start, len(lines)):
        text = lines[i].strip()
        if not text or text.startswith("#") and indent_of(lines[i]) <= first:
            continue
        if indent_of(lines[i]) <= first:
            break
        end = i + 1
    return lines[:end]


def findsource(object):
    lines = _file_lines(object)
    if ismodule(object):
        return lines, 0
    if isclass(object):
        import re
        pattern = re.compile(r"^(\s*)class\s*" + object.__name__ + r"\b")
        found = [i for i, line in enumerate(lines) if pattern.match(line)]
        if not found:
            raise OSError("could not find class definition")
        at = min(found, key=lambda i: len(lines[i]) - len(lines[i].lstrip()))
        while at > 0 and lines[at - 1].lstrip().startswith("@"):
            at -= 1
        return lines, at
    if ismethod(object):
        object = object.__func__
    object = unwrap(object) if isfunction(object) else object
    code = getattr(object, "__code__", object)
    if istraceback(code):
        return lines, code.tb_lineno - 1
    if isframe(code):
        return lines, code.f_code.co_firstlineno - 1
    at = code.co_firstlineno - 1
    while at > 0 and lines[at - 1].lstrip().startswith("@"):
        at -= 1
    return lines, at


def getsourcelines(object):
    object = unwrap(object) if isfunction(object) else object
    lines, at = findsource(object)
    if ismodule(object):
        return lines, 0
    # Decorators are part of the definition.
    body = at
    while body < len(lines) and lines[body].lstrip().startswith("@"):
        body += 1
    return lines[at:body] + getblock(lines[body:]), at + 1


def getsource(object):
    """The text of a function, class or module."""
    return "".join(getsourcelines(object)[0])


def getcomments(object):
    return None


def currentframe():
    return sys._getframe(1)


class FrameInfo(tuple):
    frame = property(lambda self: self[0])
    filename = property(lambda self: self[1])
    lineno = property(lambda self: self[2])
    function = property(lambda self: self[3])
    code_context = property(lambda self: self[4])
    index = property(lambda self: self[5])


def getouterframes(frame, context=1):
    out = []
    while frame is not None:
        try:
            line = [_file_lines(frame)[frame.f_lineno - 1]]
        except (OSError, IndexError):
            line = None
        out.append(FrameInfo((frame, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, line, 0 if line else None)))
        frame = frame.f_back
    return out


def stack(context=1):
    return getouterframes(sys._getframe(1), context)


def getattr_static(obj, attr, default=_empty):
    if isinstance(obj, type):
        places = [k.__dict__ for k in obj.__mro__]
    else:
        places = [getattr(obj, "__dict__", {})] + [k.__dict__ for k in type(obj).__mro__]
    for place in places:
        if attr in place:
            return place[attr]
    if default is _empty:
        raise AttributeError(attr)
    return default


def getcallargs(func, /, *positional, **named):
    bound = signature(func).bind(*positional, **named)
    bound.apply_defaults()
    return bound.arguments


def get_annotations(obj, *, globals=None, locals=None, eval_str=False):
    return dict(getattr(obj, "__annotations__", None) or {})


GEN_CREATED, GEN_RUNNING, GEN_SUSPENDED, GEN_CLOSED = "GEN_CREATED", "GEN_RUNNING", "GEN_SUSPENDED", "GEN_CLOSED"


def getgeneratorstate(generator):
    if generator.gi_running:
        return "GEN_RUNNING"
    if generator.gi_frame is None:
        return "GEN_CLOSED"
    return "GEN_SUSPENDED" if generator.gi_suspended else "GEN_CREATED"


def getclosurevars(func):
    raise NotImplementedError("inspect.getclosurevars")
