"""Options in the style of C's getopt."""


class GetoptError(Exception):
    def __init__(self, msg, opt=""):
        self.msg = msg
        self.opt = opt
        Exception.__init__(self, msg, opt)

    def __str__(self):
        return self.msg


error = GetoptError


def _long(opts, text, longopts, args):
    name, equals, value = text.partition("=")
    matches = [o for o in longopts if o.startswith(name)]
    if not matches:
        raise GetoptError(f"option --{name} not recognized", name)
    if name in matches:
        wants, full = False, name
    elif name + "=" in matches:
        wants, full = True, name
    elif len(matches) > 1:
        raise GetoptError(f"option --{name} not a unique prefix", name)
    else:
        wants, full = matches[0].endswith("="), matches[0].rstrip("=")
    if wants and not equals:
        if not args:
            raise GetoptError(f"option --{full} requires argument", full)
        value, args = args[0], args[1:]
    elif not wants and equals:
        raise GetoptError(f"option --{full} must not have an argument", full)
    opts.append(("--" + full, value))
    return args


def _short(opts, text, shortopts, args):
    while text:
        name, text = text[0], text[1:]
        at = shortopts.find(name) if name != ":" else -1
        if at < 0:
            raise GetoptError(f"option -{name} not recognized", name)
        value = ""
        if shortopts.startswith(":", at + 1):
            if not text:
                if not args:
                    raise GetoptError(f"option -{name} requires argument", name)
                text, args = args[0], args[1:]
            value, text = text, ""
        opts.append(("-" + name, value))
    return args


def getopt(args, shortopts, longopts=[]):
    """(options, the arguments behind them)."""
    opts = []
    longopts = [longopts] if isinstance(longopts, str) else list(longopts)
    while args and args[0].startswith("-") and args[0] != "-":
        if args[0] == "--":
            return opts, args[1:]
        if args[0].startswith("--"):
            args = _long(opts, args[0][2:], longopts, args[1:])
        else:
            args = _short(opts, args[0][1:], shortopts, args[1:])
    return opts, args


def gnu_getopt(args, shortopts, longopts=[]):
    """The same with options behind arguments, too."""
    opts, rest = [], []
    longopts = [longopts] if isinstance(longopts, str) else list(longopts)
    stop = shortopts.startswith("+")
    shortopts = shortopts.lstrip("+")
    while args:
        if args[0] == "--":
            rest += args[1:]
            break
        if args[0].startswith("--"):
            args = _long(opts, args[0][2:], longopts, args[1:])
        elif args[0].startswith("-") and args[0] != "-":
            args = _short(opts, args[0][1:], shortopts, args[1:])
        elif stop:
            rest += args
            break
        else:
            rest.append(args[0])
            args = args[1:]
    return opts, rest
