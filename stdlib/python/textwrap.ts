"""Wrapping and indenting text."""


def _chunks(text, break_on_hyphens):
    """Words and the white space between them; hyphenated words may break after the hyphen."""
    chunks = []
    i = 0
    while i < len(text):
        j = i
        if text[i] == " ":
            while j < len(text) and text[j] == " ":
                j += 1
        else:
            while j < len(text) and text[j] != " ":
                j += 1
                if (break_on_hyphens and text[j - 1] == "-" and j - i >= 3 and text[j - 2].isalpha() and j + 1 < len(text)
                        and text[j].isalpha() and text[j + 1] != " " and (text[j + 1].isalpha() or text[j + 1] == "-")):
                    break
        chunks.append(text[i:j])
        i = j
    return chunks


class TextWrapper:
    def __init__(self, width=70, initial_indent="", subsequent_indent="", expand_tabs=True, replace_whitespace=True,
                 fix_sentence_endings=False, break_long_words=True, drop_whitespace=True, break_on_hyphens=True, tabsize=8, *,
                 max_lines=None, placeholder=" [...]"):
        self.width = width
        self.initial_indent = initial_indent
        self.subsequent_indent = subsequent_indent
        self.expand_tabs = expand_tabs
        self.replace_whitespace = replace_whitespace
        self.fix_sentence_endings = fix_sentence_endings
        self.break_long_words = break_long_words
        self.drop_whitespace = drop_whitespace
        self.break_on_hyphens = break_on_hyphens
        self.tabsize = tabsize
        self.max_lines = max_lines
        self.placeholder = placeholder

    def wrap(self, text):
        if self.width <= 0:
            raise ValueError("invalid width %r (must be > 0)" % self.width)
        if self.expand_tabs:
            text = text.expandtabs(self.tabsize)
        if self.replace_whitespace:
            for c in "\t\n\x0b\x0c\r":
                text = text.replace(c, " ")
        chunks = _chunks(text, self.break_on_hyphens)[::-1]
        if self.fix_sentence_endings:
            for i in range(len(chunks) - 1, 0, -1):
                word = chunks[i].rstrip("\"'")
                if chunks[i - 1] == " " and len(word) > 1 and word[-1] in ".!?" and word[-2].islower():
                    chunks[i - 1] = "  "
        lines = []
        while chunks:
            indent = self.subsequent_indent if lines else self.initial_indent
            room = self.width - len(indent)
            if self.drop_whitespace and chunks[-1].strip() == "" and lines:
                chunks.pop()
            line = []
            used = 0
            while chunks and used + len(chunks[-1]) <= room:
                used += len(chunks[-1])
                line.append(chunks.pop())
            if chunks and len(chunks[-1]) > room:
                space = max(room - used, 1 if not line else 0)
                if self.break_long_words:
                    if space > 0:
                        end = space
                        word = chunks[-1]
                        if self.break_on_hyphens and len(word) > space:
                            hyphen = word.rfind("-", 0, space)
                            if hyphen > 0 and any(c != "-" for c in word[:hyphen]):
                                end = hyphen + 1
                        line.append(word[:end])
                        chunks[-1] = word[end:]
                elif not line:
                    line.append(chunks.pop())
                used = sum(map(len, line))
            if self.drop_whitespace and line and line[-1].strip() == "":
                used -= len(line[-1])
                line.pop()
            if not line:
                continue
            rest_empty = not chunks or self.drop_whitespace and len(chunks) == 1 and not chunks[0].strip()
            if self.max_lines is None or len(lines) + 1 < self.max_lines or rest_empty and used <= room:
                lines.append(indent + "".join(line))
                continue
            while line:
                if line[-1].strip() and used + len(self.placeholder) <= room:
                    line.append(self.placeholder)
                    lines.append(indent + "".join(line))
                    break
                used -= len(line[-1])
                line.pop()
            else:
                if lines and len(lines[-1].rstrip()) + len(self.placeholder) <= self.width:
                    lines[-1] = lines[-1].rstrip() + self.placeholder
                else:
                    lines.append(indent + self.placeholder.lstrip())
            break
        return lines

    def fill(self, text):
        return "\n".join(self.wrap(text))


def wrap(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).wrap(text)


def fill(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).fill(text)


def shorten(text, width, **kwargs):
    return TextWrapper(width=width, max_lines=1, **kwargs).fill(" ".join(text.strip().split()))


def dedent(text):
    """Removes the white space that all lines share at their start."""
    lines = [("" if line.strip(" \t") == "" else line) for line in text.split("\n")]
    margin = None
    for line in lines:
        if line:
            indent = line[:len(line) - len(line.lstrip(" \t"))]
            if margin is None:
                margin = indent
            while not indent.startswith(margin):
                margin = margin[:-1]
    return "\n".join(line[len(margin or ""):] if line else line for line in lines)


def indent(text, prefix, predicate=None):
    return "".join(prefix + line if (line.strip() if predicate is None else predicate(line)) else line
                   for line in text.splitlines(True))
