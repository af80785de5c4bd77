"""Command line options and arguments.

A parser is a list of actions; parse_args walks over the arguments once, matching options by name and filling positionals by
the counts that their nargs ask for.
"""
import sys
import os.path

SUPPRESS = "==SUPPRESS=="
OPTIONAL, ZERO_OR_MORE, ONE_OR_MORE, PARSER, REMAINDER = "?", "*", "+", "A...", "..."


class ArgumentError(Exception):
    def __init__(self, argument, message):
        self.argument_name = None if argument is None else argument._display_name()
        self.message = message

    def __str__(self):
        if self.argument_name is None:
            return self.message
        return f"argument {self.argument_name}: {self.message}"


class ArgumentTypeError(Exception):
    pass


class Namespace:
    def __init__(self, **kwargs):
        for name in kwargs:
            setattr(self, name, kwargs[name])

    def __eq__(self, other):
        if not isinstance(other, Namespace):
            return NotImplemented
        return vars(self) == vars(other)

    def __contains__(self, key):
        return key in self.__dict__

    def __repr__(self):
        parts = []
        for name, value in self.__dict__.items():
            parts.append(f"{name}={value!r}" if name.isidentifier() else f"**{{{name!r}: {value!r}}}")
        return f"{type(self).__name__}({', '.join(parts)})"


class Action:
    def __init__(self, option_strings, dest, nargs=None, const=None, default=None, type=None, choices=None, required=False,
                 help=None, metavar=None):
        self.option_strings = option_strings
        self.dest = dest
        self.nargs = nargs
        self.const = const
        self.default = default
        self.type = type
        self.choices = choices
        self.required = required
        self.help = help
        self.metavar = metavar

    def _display_name(self):
        if self.option_strings:
            return "/".join(self.option_strings)
        if self.metavar not in (None, SUPPRESS):
            return self.metavar if isinstance(self.metavar, str) else "/".join(self.metavar)
        if self.dest not in (None, SUPPRESS):
            return self.dest
        if self.choices:
            return "{" + ",".join(map(str, self.choices)) + "}"
        return None

    def format_usage(self):
        return self.option_strings[0]

    def __repr__(self):
        names = ("option_strings", "dest", "nargs", "const", "default", "type", "choices", "required", "help", "metavar")
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"

    def __call__(self, parser, namespace, values, option_string=None):
        raise NotImplementedError(".__call__() not defined")


class _StoreAction(Action):
    def __init__(self, option_strings, dest, nargs=None, **kwargs):
        if nargs == 0:
            raise ValueError("nargs for store actions must be != 0; if you have nothing to store, actions such as store true or "
                             "store const may be more appropriate")
        super().__init__(option_strings, dest, nargs, **kwargs)

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, values)


class _StoreConstAction(Action):
    def __init__(self, option_strings, dest, const=None, default=None, required=False, help=None, metavar=None):
        super().__init__(option_strings, dest, 0, const, default, required=required, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, self.const)


class _StoreTrueAction(_StoreConstAction):
    def __init__(self, option_strings, dest, default=False, required=False, help=None):
        super().__init__(option_strings, dest, True, default, required, help)


class _StoreFalseAction(_StoreConstAction):
    def __init__(self, option_strings, dest, default=True, required=False, help=None):
        super().__init__(option_strings, dest, False, default, required, help)


def _copied(items):
    return [] if items is None else list(items)


class _AppendAction(Action):
    def __call__(self, parser, namespace, values, option_string=None):
        items = _copied(getattr(namespace, self.dest, None))
        items.append(values)
        setattr(namespace, self.dest, items)


class _AppendConstAction(_StoreConstAction):
    def __call__(self, parser, namespace, values, option_string=None):
        items = _copied(getattr(namespace, self.dest, None))
        items.append(self.const)
        setattr(namespace, self.dest, items)


class _ExtendAction(Action):
    def __call__(self, parser, namespace, values, option_string=None):
        items = _copied(getattr(namespace, self.dest, None))
        items.extend(values)
        setattr(namespace, self.dest, items)


class _CountAction(Action):
    def __init__(self, option_strings, dest, default=None, required=False, help=None):
        super().__init__(option_strings, dest, 0, default=default, required=required, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, (getattr(namespace, self.dest, None) or 0) + 1)


class _HelpAction(Action):
    def __init__(self, option_strings, dest=SUPPRESS, default=SUPPRESS, help=None):
        super().__init__(option_strings, dest, 0, default=default, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        parser.print_help()
        parser.exit()


class _VersionAction(Action):
    def __init__(self, option_strings, version=None, dest=SUPPRESS, default=SUPPRESS,
                 help="show program's version number and exit"):
        super().__init__(option_strings, dest, 0, default=default, help=help)
        self.version = version

    def __call__(self, parser, namespace, values, option_string=None):
        version = parser.version if self.version is None and hasattr(parser, "version") else self.version
        parser._print(parser._expand(version) + "\n", sys.stdout)
        parser.exit()


class BooleanOptionalAction(Action):
    def __init__(self, option_strings, dest, default=None, type=None, choices=None, required=False, help=None, metavar=None):
        names = []
        for option in option_strings:
            names.append(option)
            if option.startswith("--"):
                names.append("--no-" + option[2:])
        super().__init__(names, dest, 0, default=default, required=required, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        if option_string in self.option_strings:
            setattr(namespace, self.dest, not option_string.startswith("--no-"))

    def format_usage(self):
        return " | ".join(self.option_strings)


class _SubParsersAction(Action):
    def __init__(self, option_strings, prog, parser_class, dest=SUPPRESS, required=False, help=None, metavar=None):
        self._prog = prog
        self._parser_class = parser_class
        self._parsers = {}
        self._listed = []
        super().__init__(option_strings, dest, PARSER, choices=self._parsers, required=required, help=help, metavar=metavar)

    def add_parser(self, name, **kwargs):
        kwargs.setdefault("prog", f"{self._prog} {name}")
        aliases = kwargs.pop("aliases", ())
        for known in (name, *aliases):
            if known in self._parsers:
                raise ArgumentError(self, f"conflicting subparser{'' if known == name else ' alias'}: {known}")
        if "help" in kwargs:
            shown = f"{name} ({', '.join(aliases)})" if aliases else name
            entry = Action([], shown, help=kwargs.pop("help"), metavar=shown)
            self._listed.append(entry)
        parser = self._parser_class(**kwargs)
        for known in (name, *aliases):
            self._parsers[known] = parser
        return parser

    def __call__(self, parser, namespace, values, option_string=None):
        name, rest = values[0], values[1:]
        if self.dest is not SUPPRESS:
            setattr(namespace, self.dest, name)
        if name not in self._parsers:
            raise ArgumentError(self, f"unknown parser {name!r} (choices: {', '.join(self._parsers)})")
        result, extra = self._parsers[name].parse_known_args(rest, None)
        for key, value in vars(result).items():
            setattr(namespace, key, value)
        if extra:
            vars(namespace).setdefault("_unrecognized_args", []).extend(extra)


class HelpFormatter:
    """Usage, descriptions and the two columns of options."""

    keep_lines = False
    raw_description = False
    show_defaults = False
    metavar_from_type = False

    def __init__(self, prog, indent_increment=2, max_help_position=24, width=None):
        if width is None:
            import shutil
            width = shutil.get_terminal_size().columns - 2
        self.prog = prog
        self.width = width
        self.step = indent_increment
        self.column = min(max_help_position, max(width - 20, indent_increment * 2))

    def _default_metavar(self, action):
        if self.metavar_from_type:
            return action.type.__name__
        return action.dest.upper() if action.option_strings else action.dest

    def metavars(self, action, count):
        if action.metavar is not None:
            name = action.metavar
        elif action.choices is not None:
            name = "{" + ",".join(map(str, action.choices)) + "}"
        else:
            name = self._default_metavar(action)
        return name if isinstance(name, tuple) else (name,) * count

    def arguments(self, action):
        """How an action's values are shown: FOO [FOO ...]"""
        nargs = action.nargs
        if nargs is None:
            return "%s" % self.metavars(action, 1)
        if nargs == OPTIONAL:
            return "[%s]" % self.metavars(action, 1)
        if nargs == ZERO_OR_MORE:
            names = self.metavars(action, 1)
            return "[%s [%s ...]]" % names if len(names) == 2 else "[%s ...]" % names
        if nargs == ONE_OR_MORE:
            return "%s [%s ...]" % self.metavars(action, 2)
        if nargs == REMAINDER:
            return "..."
        if nargs == PARSER:
            return "%s ..." % self.metavars(action, 1)
        if nargs == SUPPRESS:
            return ""
        return " ".join(self.metavars(action, nargs)) if nargs else ""

    def invocation(self, action):
        if not action.option_strings:
            return "".join(self.metavars(action, 1)[:1])
        if action.nargs == 0:
            return ", ".join(action.option_strings)
        shown = self.arguments(action)
        return ", ".join(f"{option} {shown}" for option in action.option_strings)

    def usage_parts(self, actions, groups):
        """The bracketed pieces of the usage line, options first."""
        options, positionals = [], []
        done = set()
        actions = [a for a in actions if a.option_strings] + [a for a in actions if not a.option_strings]

        def stands_together(group):
            members = group._group_actions
            at = actions.index(members[0]) if members and members[0] in actions else len(actions)
            return actions[at:at + len(members)] == members

        groups = [g for g in groups if stands_together(g)]
        for action in actions:
            if action.help is SUPPRESS or id(action) in done:
                continue
            group = next((g for g in groups if action in g._group_actions), None)
            members = [action] if group is None else [a for a in group._group_actions if a.help is not SUPPRESS]
            if group is not None and [a for a in actions if a in members] != members:
                group, members = None, [action]
            pieces = []
            for a in members:
                done.add(id(a))
                if a.option_strings:
                    piece = a.format_usage()
                    if a.nargs != 0:
                        piece += " " + self.arguments(a)
                    if not a.required and group is None:
                        piece = f"[{piece}]"
                else:
                    piece = self.arguments(a)
                    if group is not None and piece.startswith("[") and piece.endswith("]"):
                        piece = piece[1:-1]
                pieces.append(piece)
            text = pieces[0]
            if group is not None:
                text = " | ".join(pieces)
                text = f"({text})" if group.required and len(pieces) > 1 else text if group.required else f"[{text}]"
            (options if members[0].option_strings else positionals).append(text)
        return options, positionals

    def usage(self, usage, actions, groups, prefix="usage: "):
        if usage == SUPPRESS:
            return ""
        if usage is not None:
            return f"{prefix}{usage % dict(prog=self.prog)}\n"
        options, positionals = self.usage_parts(actions, groups)
        text = " ".join([self.prog] + options + positionals)
        if len(prefix) + len(text) > self.width:
            def lines(parts, indent, first=None):
                out, line = [], []
                used = (len(first) if first is not None else len(indent)) - 1
                for part in parts:
                    if used + 1 + len(part) > self.width and line:
                        out.append(indent + " ".join(line))
                        line, used = [], len(indent) - 1
                    line.append(part)
                    used += len(part) + 1
                if line:
                    out.append(indent + " ".join(line))
                if first is not None and out:
                    out[0] = out[0][len(indent):]
                return out

            if len(prefix) + len(self.prog) <= 0.75 * self.width:
                indent = " " * (len(prefix) + len(self.prog) + 1)
                if options:
                    rows = lines([self.prog] + options, indent, prefix) + lines(positionals, indent)
                elif positionals:
                    rows = lines([self.prog] + positionals, indent, prefix)
                else:
                    rows = [self.prog]
            else:
                indent = " " * len(prefix)
                parts = options + positionals
                rows = lines(parts, indent)
                if len(rows) > 1:
                    rows = lines(options, indent) + lines(positionals, indent)
                rows = [self.prog] + rows
            text = "\n".join(rows)
        return f"{prefix}{text}\n"

    def expand_help(self, action):
        params = {k: v for k, v in vars(action).items() if v is not SUPPRESS}
        params["prog"] = self.prog
        for key, value in list(params.items()):
            if hasattr(value, "__name__"):
                params[key] = value.__name__
        if params.get("choices") is not None:
            params["choices"] = ", ".join(map(str, params["choices"]))
        text = action.help
        if (self.show_defaults and "%(default)" not in text and action.default is not SUPPRESS
                and (action.option_strings or action.nargs in (OPTIONAL, ZERO_OR_MORE))):
            text += " (default: %(default)s)"
        return text % params

    def fill(self, text, indent=""):
        import textwrap
        if self.raw_description:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return textwrap.fill(" ".join(text.split()), max(self.width - len(indent), 11), initial_indent=indent,
                             subsequent_indent=indent)

    def _help_lines(self, text, width):
        import textwrap
        return text.splitlines() if self.keep_lines else textwrap.wrap(" ".join(text.split()), width)

    def action(self, action, indent, column):
        head = self.invocation(action)
        room = column - indent - 2
        if not action.help or not action.help.strip():
            text = " " * indent + head + "\n"
        else:
            rows = self._help_lines(self.expand_help(action), max(self.width - column, 11))
            if len(head) <= room:
                text = " " * indent + head.ljust(room) + "  " + rows[0] + "\n"
                rows = rows[1:]
            else:
                text = " " * indent + head + "\n"
            for row in rows:
                text += " " * column + row + "\n"
        if isinstance(action, _SubParsersAction):
            for entry in action._listed:
                text += self.action(entry, indent + self.step, column)
        return text

    def max_invocation(self, actions, indent):
        widths = [0]
        for action in actions:
            if action.help is not SUPPRESS:
                widths.append(len(self.invocation(action)) + indent)
                if isinstance(action, _SubParsersAction):
                    # Not self.step more, though they are shown further to the right: argparse counts so.
                    widths.extend(len(self.invocation(e)) + indent for e in action._listed)
        return max(widths)


class RawDescriptionHelpFormatter(HelpFormatter):
    raw_description = True


class RawTextHelpFormatter(RawDescriptionHelpFormatter):
    keep_lines = True


class ArgumentDefaultsHelpFormatter(HelpFormatter):
    show_defaults = True


class MetavarTypeHelpFormatter(HelpFormatter):
    metavar_from_type = True


_ACTIONS = {None: _StoreAction, "store": _StoreAction, "store_const": _StoreConstAction, "store_true": _StoreTrueAction,
            "store_false": _StoreFalseAction, "append": _AppendAction, "append_const": _AppendConstAction,
            "extend": _ExtendAction, "count": _CountAction, "help": _HelpAction,
            "version": _VersionAction, "parsers": _SubParsersAction}


class _Container:
    """What parsers and groups share: adding arguments."""

    def __init__(self, parser, title=None, description=None):
        self._parser = parser or self
        self.title = title
        self.description = description
        self._group_actions = []

    def register(self, registry, value, object):
        if registry == "action":
            self._parser._registered[value] = object
        else:
            self._parser._types[value] = object

    def add_argument(self, *args, **kwargs):
        parser = self._parser
        if not args or len(args) == 1 and args[0][0] not in parser.prefix_chars:
            if args and "dest" in kwargs:
                raise ValueError("dest supplied twice for positional argument")
            kwargs = self._positional(*args, **kwargs)
        else:
            kwargs = self._optional(*args, **kwargs)
        if "default" not in kwargs:
            dest = kwargs["dest"]
            if dest in parser._defaults:
                kwargs["default"] = parser._defaults[dest]
            elif parser.argument_default is not None:
                kwargs["default"] = parser.argument_default
        action = kwargs.pop("action", None)
        cls = action if isinstance(action, type) else parser._registered.get(action) or _ACTIONS.get(action)
        if cls is None:
            raise ValueError(f'unknown action "{action}"')
        made = cls(**kwargs)
        if made.type is not None and not callable(parser._types.get(made.type, made.type)):
            raise ValueError(f"{made.type!r} is not callable")
        if made.type is FileType:
            raise ValueError(f"{made.type!r} is a FileType class object, instance of it must be passed")
        counts = {None: (1,), OPTIONAL: (1,), PARSER: (1,), ZERO_OR_MORE: (1, 2), ONE_OR_MORE: (2,)}.get(made.nargs)
        if not isinstance(made.nargs, int) and counts is None and made.nargs not in (REMAINDER, SUPPRESS):
            raise ValueError("invalid nargs value")
        if isinstance(made.metavar, tuple) and made.nargs not in (0, REMAINDER, SUPPRESS) \
                and len(made.metavar) not in (counts or (made.nargs,)):
            raise ValueError("length of metavar tuple does not match nargs")
        return self._add_action(made)

    def _positional(self, dest=None, **kwargs):
        if "required" in kwargs:
            raise TypeError("'required' is an invalid argument for positionals")
        nargs = kwargs.get("nargs")
        if nargs not in (OPTIONAL, ZERO_OR_MORE):
            kwargs["required"] = True
        if nargs == ZERO_OR_MORE and "default" not in kwargs:
            kwargs["required"] = True
        return dict(kwargs, dest=dest if dest is not None else kwargs.get("dest"), option_strings=[])

    def _optional(self, *args, **kwargs):
        prefix = self._parser.prefix_chars
        for option in args:
            if option[0] not in prefix:
                raise ValueError(f"invalid option string {option!r}: must start with a character {prefix!r}")
        dest = kwargs.pop("dest", None)
        if dest is None:
            long = [o for o in args if len(o) > 1 and o[1] in prefix]
            dest = (long or list(args))[0].lstrip(prefix)
            if not dest:
                raise ValueError(f"dest= is required for options like {args[0]!r}")
            dest = dest.replace("-", "_")
        return dict(kwargs, dest=dest, option_strings=list(args))

    def _add_action(self, action):
        parser = self._parser
        for option in action.option_strings:
            if option in parser._options:
                if parser.conflict_handler == "error":
                    clash = [o for o in action.option_strings if o in parser._options]
                    raise ArgumentError(action, f"conflicting option string{'s' if len(clash) > 1 else ''}: {', '.join(clash)}")
                old = parser._options[option]
                old.option_strings.remove(option)
                if not old.option_strings:
                    parser._remove_action(old)
        for option in action.option_strings:
            parser._options[option] = action
        parser._actions.append(action)
        self._group_actions.append(action)
        return action

    def add_mutually_exclusive_group(self, *, required=False):
        group = _MutuallyExclusiveGroup(self, required)
        self._parser._exclusive.append(group)
        return group

    def set_defaults(self, **kwargs):
        self._parser._defaults.update(kwargs)
        for action in self._parser._actions:
            if action.dest in kwargs:
                action.default = kwargs[action.dest]

    def get_default(self, dest):
        for action in self._parser._actions:
            if action.dest == dest and action.default is not None:
                return action.default
        return self._parser._defaults.get(dest)


class _ArgumentGroup(_Container):
    pass


class _MutuallyExclusiveGroup(_Container):
    def __init__(self, container, required):
        super().__init__(container._parser)
        self.required = required
        self._container = container

    def _add_action(self, action):
        if action.required:
            raise ValueError("mutually exclusive arguments must be optional")
        self._container._add_action(action)
        self._group_actions.append(action)
        return action


class ArgumentParser(_Container):
    def __init__(self, prog=None, usage=None, description=None, epilog=None, parents=(), formatter_class=HelpFormatter,
                 prefix_chars="-", fromfile_prefix_chars=None, argument_default=None, conflict_handler="error", add_help=True,
                 allow_abbrev=True, exit_on_error=True):
        super().__init__(None, None, description)
        self.prog = os.path.basename(sys.argv[0]) if prog is None else prog
        self.usage = usage
        self.epilog = epilog
        self.formatter_class = formatter_class
        self.prefix_chars = prefix_chars
        self.fromfile_prefix_chars = fromfile_prefix_chars
        self.argument_default = argument_default
        self.conflict_handler = conflict_handler
        self.add_help = add_help
        self.allow_abbrev = allow_abbrev
        self.exit_on_error = exit_on_error
        self._actions = []
        self._options = {}
        self._defaults = {}
        self._exclusive = []
        self._registered = {}
        self._types = {}
        self._subparsers = None
        self._positionals = _ArgumentGroup(self, "positional arguments")
        self._optionals = _ArgumentGroup(self, "options")
        self._groups = [self._positionals, self._optionals]
        if add_help:
            dash = "-" if "-" in prefix_chars else prefix_chars[0]
            self.add_argument(dash + "h", dash * 2 + "help", action="help", default=SUPPRESS,
                              help="show this help message and exit")
        for parent in parents:
            for group in parent._groups:
                target = self
                if group not in (parent._positionals, parent._optionals):
                    target = self.add_argument_group(group.title, group.description)
                for action in group._group_actions:
                    target._add_action(action)
            self._exclusive.extend(parent._exclusive)
            self._defaults.update(parent._defaults)

    def __repr__(self):
        fields = ", ".join(f"{n}={getattr(self, n)!r}" for n in ("prog", "usage", "description", "formatter_class",
                                                                 "conflict_handler", "add_help"))
        return f"{type(self).__name__}({fields})"

    def _add_action(self, action):
        if self._parser is self and not isinstance(self, _ArgumentGroup):
            group = self._optionals if action.option_strings else self._positionals
            return group._add_action(action)
        return super()._add_action(action)

    def _remove_action(self, action):
        self._actions.remove(action)
        for group in self._groups:
            if action in group._group_actions:
                group._group_actions.remove(action)

    def add_argument_group(self, title=None, description=None, **kwargs):
        group = _ArgumentGroup(self, title, description)
        self._groups.append(group)
        return group

    def add_subparsers(self, **kwargs):
        if self._subparsers is not None:
            self.error("cannot have multiple subparser arguments")
        title, description = kwargs.pop("title", None), kwargs.pop("description", None)
        if title is not None or description is not None:
            self._subparsers = self.add_argument_group(title or "subcommands", description)
        else:
            self._subparsers = self._positionals
        kwargs.setdefault("parser_class", type(self))
        if kwargs.get("prog") is None:
            formatter = self.formatter_class(self.prog)
            positionals = [a for a in self._actions if not a.option_strings]
            kwargs["prog"] = formatter.usage(self.usage, positionals, self._exclusive, "").strip()
        kwargs.pop("action", None)
        action = _SubParsersAction(option_strings=[], **kwargs)
        self._subparsers._add_action(action)
        return action

    # --- parsing ---

    def parse_args(self, args=None, namespace=None):
        args, extra = self.parse_known_args(args, namespace)
        if extra:
            self.error("unrecognized arguments: %s" % " ".join(extra))
        return args

    def parse_known_args(self, args=None, namespace=None):
        args = list(sys.argv[1:] if args is None else args)
        namespace = Namespace() if namespace is None else namespace
        for action in self._actions:
            if action.dest is not SUPPRESS and not hasattr(namespace, action.dest) and action.default is not SUPPRESS:
                setattr(namespace, action.dest, action.default)
        for dest, value in self._defaults.items():
            if not hasattr(namespace, dest):
                setattr(namespace, dest, value)
        if not self.exit_on_error:
            namespace, extra = self._parse(args, namespace)
        else:
            try:
                namespace, extra = self._parse(args, namespace)
            except ArgumentError as err:
                self.error(str(err))
        if "_unrecognized_args" in vars(namespace):
            extra.extend(namespace._unrecognized_args)
            del namespace._unrecognized_args
        return namespace, extra

    def _expand_files(self, args):
        out = []
        for arg in args:
            if arg and self.fromfile_prefix_chars and arg[0] in self.fromfile_prefix_chars:
                try:
                    with open(arg[1:]) as f:
                        lines = [x for line in f.read().splitlines() for x in self.convert_arg_line_to_args(line)]
                except OSError as err:
                    self.error(str(err))
                out.extend(self._expand_files(lines))
            else:
                out.append(arg)
        return out

    def convert_arg_line_to_args(self, arg_line):
        return [arg_line]

    def _looks_negative(self, arg):
        """-1, -.5: a number, unless some option looks like that too."""
        body = arg[1:]
        number = body.replace(".", "", 1).isdigit() and not body.endswith(".")
        return number and not any(o[1:2].isdigit() for o in self._options if len(o) > 1)

    def _match_option(self, arg):
        """(action, option, explicit value) of an argument; None when it is a positional; action None when unknown."""
        if not arg or arg[0] not in self.prefix_chars:
            return None
        if arg in self._options:
            return self._options[arg], arg, None
        if len(arg) == 1:
            return None
        if "=" in arg:
            option, value = arg.split("=", 1)
            if option in self._options:
                return self._options[option], option, value
        found = self._abbreviations(arg)
        if len(found) > 1:
            names = ", ".join(option for _, option, _ in found)
            self.error(f"ambiguous option: {arg} could match {names}")
        if found:
            return found[0]
        if self._looks_negative(arg) or " " in arg:
            return None
        return None, arg, None

    def _abbreviations(self, arg):
        found = []
        prefix = self.prefix_chars
        if arg[1] in prefix:
            if self.allow_abbrev:
                head, has_value, value = arg.partition("=")
                for option in self._options:
                    if option.startswith(head):
                        found.append((self._options[option], option, value if has_value else None))
        else:
            short, value = arg[:2], arg[2:]
            for option in self._options:
                if option == short:
                    found.append((self._options[option], option, value))
                elif self.allow_abbrev and option.startswith(arg.partition("=")[0]):
                    found.append((self._options[option], option, arg.partition("=")[2] if "=" in arg else None))
        return found

    def _parse(self, args, namespace):
        args = self._expand_files(args)
        matches = []
        after_dashes = False
        for arg in args:
            if after_dashes:
                matches.append("value")
            elif arg == "--":
                matches.append("--")
                after_dashes = True
            else:
                matches.append(self._match_option(arg) or "value")
        positionals = [a for a in self._actions if not a.option_strings]
        seen, given = set(), set()
        extra = []

        def take(action, values, option=None):
            seen.add(action)
            value = self._values(action, values)
            if value is not action.default or values:
                given.add(action)
                for group in self._exclusive:
                    if action in group._group_actions:
                        for other in group._group_actions:
                            if other is not action and other in given:
                                raise ArgumentError(action, f"not allowed with argument {other._display_name()}")
            if value is not SUPPRESS:
                action(self, namespace, value, option)

        def run_length(start):
            """How many arguments from `start` on are values ('--' counts along)."""
            n = start
            while n < len(args) and matches[n] in ("value", "--"):
                n += 1
            return n - start

        def take_positionals(i, options_follow):
            nonlocal positionals
            count = run_length(i)
            chosen = self._distribute(positionals, matches[i:i + count], matches[i:])
            if chosen and options_follow and count == 0:
                chosen = []
            for action, n in chosen:
                take(action, args[i:i + n])
                i += n
            positionals = positionals[len(chosen):]
            return i

        i = 0
        last_option = max((k for k, m in enumerate(matches) if isinstance(m, tuple)), default=-1)
        while i <= last_option:
            if isinstance(matches[i], tuple):
                action, option, explicit = matches[i]
                if action is None:
                    extra.append(args[i])
                    i += 1
                    while i < len(args) and matches[i] == "value" and not positionals:
                        extra.append(args[i])
                        i += 1
                    continue
                while True:
                    if explicit is not None:
                        wanted = self._option_count(action, 1)
                        single = option[0] in self.prefix_chars and option[1:2] not in self.prefix_chars
                        if wanted == 0 and single and explicit != "":
                            take(action, [], option)
                            option, rest = option[0] + explicit[0], explicit[1:]
                            if option not in self._options:
                                raise ArgumentError(action, f"ignored explicit argument {explicit!r}")
                            action, explicit = self._options[option], rest or None
                            if explicit is not None and explicit.startswith("=") :
                                explicit = explicit[1:]
                            continue
                        if wanted != 1:
                            raise ArgumentError(action, f"ignored explicit argument {explicit!r}")
                        take(action, [explicit], option)
                        i += 1
                    else:
                        available = run_length(i + 1) if action.nargs not in (REMAINDER, PARSER) else len(args) - i - 1
                        wanted = self._option_count(action, available)
                        take(action, args[i + 1:i + 1 + wanted], option)
                        i += 1 + wanted
                    break
            else:
                new = take_positionals(i, True)
                if new == i:
                    extra.append(args[i])
                    new = i + 1
                i = new
        i = take_positionals(i, False)
        extra.extend(args[i:])
        missing = []
        for action in self._actions:
            if action in seen:
                continue
            if action.required:
                missing.append(action._display_name())
            elif isinstance(action.default, str) and getattr(namespace, action.dest, None) is action.default:
                setattr(namespace, action.dest, self._value(action, action.default))
        if missing:
            self.error("the following arguments are required: %s" % ", ".join(missing))
        for group in self._exclusive:
            if group.required and not any(a in given for a in group._group_actions):
                names = [a._display_name() for a in group._group_actions if a.help is not SUPPRESS]
                self.error("one of the arguments %s is required" % " ".join(names))
        return namespace, extra

    def _option_count(self, action, available):
        """How many of the available values an option takes."""
        nargs = action.nargs
        if nargs is None:
            if available < 1:
                raise ArgumentError(action, "expected one argument")
            return 1
        if nargs == OPTIONAL:
            return min(available, 1)
        if nargs in (ZERO_OR_MORE, REMAINDER):
            return available
        if nargs in (ONE_OR_MORE, PARSER):
            if available < 1:
                raise ArgumentError(action, "expected at least one argument")
            return available
        if available < nargs:
            raise ArgumentError(action, f"expected {nargs} argument{'' if nargs == 1 else 's'}")
        return nargs

    def _distribute(self, positionals, run, rest):
        """How many values each of as many positionals as possible takes: greedy, leaving what later ones need at least."""
        available = len([m for m in run if m == "value"])

        def least(action):
            if action.nargs in (OPTIONAL, ZERO_OR_MORE, REMAINDER, SUPPRESS):
                return 0
            return 1 if action.nargs in (None, ONE_OR_MORE, PARSER) else action.nargs

        count = len(positionals)
        while count and sum(map(least, positionals[:count])) > available:
            count -= 1
        chosen = []
        for k, action in enumerate(positionals[:count]):
            later = sum(map(least, positionals[k + 1:count]))
            room = available - later
            if action.nargs is None:
                n = 1
            elif action.nargs == OPTIONAL:
                n = min(1, room)
            elif action.nargs in (ZERO_OR_MORE, ONE_OR_MORE):
                n = room
            elif action.nargs in (REMAINDER, PARSER):
                n = len(rest) - sum(c for _, c in chosen)
                available = n
            elif action.nargs == SUPPRESS:
                n = 0
            else:
                n = action.nargs
            available -= n
            chosen.append((action, n))
        position = 0  # a "--" inside a positional's run is passed along with its values
        out = []
        for action, n in chosen:
            taken = 0
            start = position
            while taken < n and position < len(run):
                if run[position] == "value" or action.nargs in (REMAINDER, PARSER):
                    taken += 1
                position += 1
            out.append((action, position - start if action.nargs not in (REMAINDER, PARSER) else n))
        if out and position < len(run) and run[position] == "--":
            out[-1] = (out[-1][0], out[-1][1] + 1)
        return out

    def _values(self, action, strings):
        if action.nargs not in (PARSER, REMAINDER) and not action.option_strings or action.nargs not in (PARSER, REMAINDER):
            if "--" in strings:
                strings = list(strings)
                strings.remove("--")
        if not strings and action.nargs == OPTIONAL:
            value = action.const if action.option_strings else action.default
            if isinstance(value, str):
                value = self._value(action, value)
                self._check(action, value)
            return value
        if not strings and action.nargs == ZERO_OR_MORE and not action.option_strings:
            return action.default if action.default is not None else strings
        if len(strings) == 1 and action.nargs in (None, OPTIONAL):
            value = self._value(action, strings[0])
            self._check(action, value)
            return value
        if action.nargs == SUPPRESS:
            return SUPPRESS
        values = [self._value(action, s) for s in strings]
        if action.nargs == PARSER:
            self._check(action, values[0])
        elif action.nargs != REMAINDER:
            for value in values:
                self._check(action, value)
        return values

    def _value(self, action, text):
        convert = self._types.get(action.type, action.type)
        if convert is None:
            return text
        try:
            return convert(text)
        except ArgumentTypeError as err:
            raise ArgumentError(action, str(err)) from None
        except (TypeError, ValueError):
            name = getattr(action.type, "__name__", repr(action.type))
            raise ArgumentError(action, f"invalid {name} value: {text!r}") from None

    def _check(self, action, value):
        if action.choices is not None and value not in action.choices:
            choices = ", ".join(map(repr, action.choices))
            raise ArgumentError(action, f"invalid choice: {value!r} (choose from {choices})")

    # --- output ---

    def _expand(self, text):
        return text % dict(prog=self.prog) if "%(prog)" in text else text

    def format_usage(self):
        return self.formatter_class(prog=self.prog).usage(self.usage, self._actions, self._exclusive)

    def format_help(self):
        formatter = self.formatter_class(prog=self.prog)
        step = formatter.step
        shown = [a for g in self._groups for a in g._group_actions]
        column = min(formatter.max_invocation(shown, step) + 2, formatter.column)
        usage = formatter.usage(self.usage, self._actions, self._exclusive)
        sections = [usage] if usage else []
        if self.description:
            sections.append(formatter.fill(self._expand(self.description)) + "\n")
        for group in self._groups:
            body = "".join(formatter.action(a, step, column) for a in group._group_actions if a.help is not SUPPRESS)
            if group.description:
                body = formatter.fill(self._expand(group.description), " " * step) + "\n" + ("\n" + body if body else "")
            if body:
                sections.append((f"{group.title}:\n" if group.title not in (None, SUPPRESS) else "") + body)
        if self.epilog:
            sections.append(formatter.fill(self._expand(self.epilog)) + "\n")
        text = "\n".join(sections)
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        return text.strip("\n") + "\n"

    def _print(self, text, file):
        if text:
            (sys.stderr if file is None else file).write(text)

    def print_usage(self, file=None):
        self._print(self.format_usage(), sys.stdout if file is None else file)

    def print_help(self, file=None):
        self._print(self.format_help(), sys.stdout if file is None else file)

    def exit(self, status=0, message=None):
        if message:
            self._print(message, sys.stderr)
        sys.exit(status)

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {message}\n")


class FileType:
    """A type= that opens a file; "-" is stdin or stdout."""

    def __init__(self, mode="r", bufsize=-1, encoding=None, errors=None):
        self._mode = mode
        self._encoding = encoding
        self._errors = errors

    def __call__(self, string):
        if string == "-":
            return sys.stdin if "r" in self._mode else sys.stdout
        try:
            return open(string, self._mode, encoding=self._encoding, errors=self._errors)
        except OSError as e:
            raise ArgumentTypeError(f"can't open '{string}': {e}") from None
