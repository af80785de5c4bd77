#!/usr/bin/env python3
"""Writes unicode_names.z and unicode_properties.z beside itself, from the character database of the running Python (3.11: 14.0).

Run by hand when the version of the database is to change. Both are zlib streams of text, read by unicode_database.cpp:

names       "first count" in hexadecimal for each run of named characters, an empty line, one name a line, an empty line, then aliases:
            "code name". Names that follow from the code (Hangul syllables, CJK ideographs) are left out; ranges of the latter are given
            as "first count *".
properties  lines "count category bidirectional combining width mirrored" for each run of equal characters from 0 on; an empty line; "code
            mapping" for each decomposition; an empty
            line; codes that composition leaves apart; an empty line; "code value digit decimal" for each character with a number.
"""
import os
import unicodedata
import zlib

# Aliases cannot be listed, only asked for: those of characters without a name of their own, and some abbreviations.
ALIASES = """NULL;START OF HEADING;START OF TEXT;END OF TEXT;END OF TRANSMISSION;ENQUIRY;ACKNOWLEDGE;ALERT;BACKSPACE;CHARACTER TABULATION;
HORIZONTAL TABULATION;LINE FEED;NEW LINE;END OF LINE;LINE TABULATION;VERTICAL TABULATION;FORM FEED;CARRIAGE RETURN;SHIFT OUT;SHIFT IN;
LOCKING-SHIFT ONE;LOCKING-SHIFT ZERO;DATA LINK ESCAPE;DEVICE CONTROL ONE;DEVICE CONTROL TWO;DEVICE CONTROL THREE;DEVICE CONTROL FOUR;
NEGATIVE ACKNOWLEDGE;SYNCHRONOUS IDLE;END OF TRANSMISSION BLOCK;CANCEL;END OF MEDIUM;SUBSTITUTE;ESCAPE;INFORMATION SEPARATOR FOUR;
FILE SEPARATOR;INFORMATION SEPARATOR THREE;GROUP SEPARATOR;INFORMATION SEPARATOR TWO;RECORD SEPARATOR;INFORMATION SEPARATOR ONE;
UNIT SEPARATOR;DELETE;PADDING CHARACTER;HIGH OCTET PRESET;BREAK PERMITTED HERE;NO BREAK HERE;INDEX;NEXT LINE;START OF SELECTED AREA;
END OF SELECTED AREA;CHARACTER TABULATION SET;HORIZONTAL TABULATION SET;CHARACTER TABULATION WITH JUSTIFICATION;LINE TABULATION SET;
VERTICAL TABULATION SET;PARTIAL LINE FORWARD;PARTIAL LINE DOWN;PARTIAL LINE BACKWARD;PARTIAL LINE UP;REVERSE LINE FEED;REVERSE INDEX;
SINGLE SHIFT TWO;SINGLE-SHIFT-2;SINGLE SHIFT THREE;SINGLE-SHIFT-3;DEVICE CONTROL STRING;PRIVATE USE ONE;PRIVATE USE-1;PRIVATE USE TWO;
PRIVATE USE-2;SET TRANSMIT STATE;CANCEL CHARACTER;MESSAGE WAITING;START OF GUARDED AREA;START OF PROTECTED AREA;END OF GUARDED AREA;
END OF PROTECTED AREA;START OF STRING;SINGLE GRAPHIC CHARACTER INTRODUCER;SINGLE CHARACTER INTRODUCER;CONTROL SEQUENCE INTRODUCER;
STRING TERMINATOR;OPERATING SYSTEM COMMAND;PRIVACY MESSAGE;APPLICATION PROGRAM COMMAND;BYTE ORDER MARK;NUL;SOH;STX;ETX;EOT;ENQ;ACK;BEL;
BS;HT;TAB;LF;NL;EOL;VT;FF;CR;SO;SI;DLE;DC1;DC2;DC3;DC4;NAK;SYN;ETB;CAN;EOM;SUB;ESC;FS;GS;RS;US;SP;DEL;NEL;NBSP;SHY;CGJ;LRM;RLM;ZWSP;ZWNJ;
ZWJ;LRE;RLE;PDF;LRO;RLO;NNBSP;MMSP;WJ;LRI;RLI;FSI;PDI;BOM;ZWNBSP;ALM;LATIN SMALL LETTER GHA;LATIN CAPITAL LETTER GHA;WEIERSTRASS ELLIPTIC FUNCTION"""
ALGORITHMIC = ("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE ")


def runs(codes):
    out = []
    for c in codes:
        if out and out[-1][0] + out[-1][1] == c:
            out[-1][1] += 1
        else:
            out.append([c, 1])
    return out


def names():
    named = [(c, unicodedata.name(chr(c), "")) for c in range(0x110000)]
    listed = [(c, n) for c, n in named if n and not n.startswith(ALGORITHMIC)]
    ideographs = [c for c, n in named if n.startswith(ALGORITHMIC[0])]
    lines = [f"{first:x} {count:x}" for first, count in runs(c for c, _ in listed)]
    lines += [f"{first:x} {count:x} *" for first, count in runs(ideographs)]
    lines += [""] + [n for _, n in listed] + [""]
    for alias in ALIASES.replace("\n", "").split(";"):
        c = unicodedata.lookup(alias)
        if unicodedata.name(c, "") != alias:
            lines.append(f"{ord(c):x} {alias}")
    return lines


def properties():
    lines, last, count = [], None, 0
    for code in list(range(0x110000)) + [None]:
        c = None if code is None else chr(code)
        row = c and (unicodedata.category(c), unicodedata.bidirectional(c) or "-", unicodedata.combining(c),
                     unicodedata.east_asian_width(c), unicodedata.mirrored(c))
        if row == last:
            count += 1
            continue
        if last:
            lines.append(f"{count:x} " + " ".join(map(str, last)))
        last, count = row, 1
    lines.append("")
    every = [chr(c) for c in range(0x110000) if not 0xac00 <= c < 0xd7a4]
    lines += [f"{ord(c):x} {unicodedata.decomposition(c)}" for c in every if unicodedata.decomposition(c)]
    lines.append("")
    # Pairs that compose: what NFC keeps of what NFD takes apart.
    lines += [f"{ord(c):x}" for c in every if unicodedata.decomposition(c) and not unicodedata.decomposition(c).startswith("<")
              and unicodedata.normalize("NFC", c) != c]
    lines.append("")
    lines += [f"{ord(c):x} {unicodedata.numeric(c)!r} {unicodedata.digit(c, -1)} {unicodedata.decimal(c, -1)}" for c in every
              if unicodedata.numeric(c, None) is not None]
    return lines


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, lines in (("names", names()), ("properties", properties())):
        with open(os.path.join(folder, f"unicode_{name}.z"), "wb") as f:
            f.write(zlib.compress(("\n".join(lines) + "\n").encode(), 9))
