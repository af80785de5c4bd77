// Tokens: layout, literals, recovery.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "lexer/lexer.h"
#include "lexer/literals.h"

namespace tsvm {
namespace {

std::string kinds(std::string text, LexMode mode = LexMode::kRecover) {
  SourceFile source("x.ts", std::move(text));
  std::string out;
  for (const Token& t : lex(source, mode).tokens) {
    if (!out.empty()) out += ' ';
    out += token_name(t.kind);
  }
  return out;
}

std::string errors(std::string text) {
  SourceFile source("x.ts", std::move(text));
  std::string out;
  for (const LexError& e : lex(source, LexMode::kRecover).errors) {
    if (!out.empty()) out += "; ";
    out += std::to_string(source.locate(e.diagnostic.range.begin).line) + ": " + e.diagnostic.message;
  }
  return out;
}

TEST(Lexer, Layout) {
  EXPECT_EQ(kinds(""), "ENDMARKER");
  EXPECT_EQ(kinds("\n  \n# c\n"), "ENDMARKER");
  EXPECT_EQ(kinds("x"), "NAME NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("if x:\n  y\n\n  # c\nz\n"), "if NAME : NEWLINE INDENT NAME NEWLINE DEDENT NAME NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("if x:\n  y"), "if NAME : NEWLINE INDENT NAME NEWLINE DEDENT ENDMARKER");
  EXPECT_EQ(kinds("f(\n   a,\nb)\n"), "NAME ( NAME , NAME ) NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("x = \\\n  1\n"), "NAME = NUMBER NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("\xef\xbb\xbfx\r\ny\r\n"), "NAME NEWLINE NAME NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("x\n\f  \ny\n"), "NAME NEWLINE NAME NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("if x:\n\ty\n        z\n", LexMode::kStrict),
            "if NAME : NEWLINE INDENT NAME NEWLINE ERROR ENDMARKER");
}

TEST(Lexer, OperatorsAreLongestFirst) {
  EXPECT_EQ(kinds("a**=b//=c<<=d>>=e->f:=g...h@=i!=j<=k>=l==m"),
            "NAME **= NAME //= NAME <<= NAME >>= NAME -> NAME := NAME ... NAME @= NAME != NAME <= NAME >= NAME == NAME "
            "NEWLINE ENDMARKER");
  EXPECT_EQ(kinds("a..b ~c^d|e&f%g"), "NAME . . NAME ~ NAME ^ NAME | NAME & NAME % NAME NEWLINE ENDMARKER");
}

TEST(Lexer, KeywordsAndNames) {
  EXPECT_EQ(kinds("None nonlocal nonlocals \xc3\xa9t\xc3\xa9 _ match"),
            "None nonlocal NAME NAME NAME NAME NEWLINE ENDMARKER");
  for (std::string_view word : {"False", "await", "continue", "yield", "in", "is", "if"})
    EXPECT_TRUE(is_keyword(keyword_kind(word))) << word;
  EXPECT_EQ(keyword_kind("Yield"), TokenKind::kName);
}

TEST(Lexer, StringPrefixes) {
  EXPECT_EQ(kinds("rb'a' Br\"b\" f'c' rF'd' u'e' '''f\ng''' ub'h'"),
            "STRING STRING STRING STRING STRING STRING NAME STRING NEWLINE ENDMARKER");
}

TEST(Lexer, Numbers) {
  auto number = [](std::string_view text) { return decode_number(text); };
  EXPECT_EQ(number("1_000").int_value, 1000);
  EXPECT_EQ(number("0xFF").int_value, 255);
  EXPECT_EQ(number("0b1_01").int_value, 5);
  EXPECT_EQ(number("0o17").int_value, 15);
  EXPECT_EQ(number("9223372036854775807").int_value, INT64_MAX);
  EXPECT_EQ(number("9223372036854775808").kind, NumberLiteral::Kind::kBigInt);
  EXPECT_EQ(number("9_223372036854775808").digits, "9223372036854775808");
  EXPECT_EQ(number("0XFFFF_FFFF_FFFF_FFFF").digits, "0xFFFFFFFFFFFFFFFF");
  EXPECT_EQ(number("1_0.5e-1").float_value, 1.05);
  EXPECT_EQ(number("1e999").float_value, HUGE_VAL);
  EXPECT_EQ(number("1e-999").float_value, 0.0);
  EXPECT_EQ(number("2.5J").kind, NumberLiteral::Kind::kImaginary);
  EXPECT_EQ(number("00").int_value, 0);
}

TEST(Lexer, Escapes) {
  auto decode = [](std::string_view body, bool bytes = false) {
    std::string out;
    EscapeError error;
    return decode_escapes(body, bytes, &out, &error) ? out : error.message;
  };
  EXPECT_EQ(decode("a\\n\\t\\x41\\101\\u20ac\\\n\\q"), "a\n\tAA\xe2\x82\xac\\q");
  EXPECT_EQ(decode("\\ud800"), "\xed\xa0\x80");
  EXPECT_EQ(decode("\\xff\\u1", true), "\xff\\u1");
  EXPECT_EQ(decode("\xc3\xa9\\x4"),
            "(unicode error) 'unicodeescape' codec can't decode bytes in position 10-12: truncated \\xXX escape");
  EXPECT_EQ(decode("\\N{DIGIT ONE}\\N{euro sign}\\N{HANGUL SYLLABLE GA}"), "1\xe2\x82\xac\xea\xb0\x80");
  EXPECT_EQ(decode("\\N{NO SUCH}"),
            "(unicode error) 'unicodeescape' codec can't decode bytes in position 0-10: unknown Unicode character name");
}

TEST(Lexer, TypeComments) {
  SourceFile source("x.ts", "def f(a,  # type: int\n      b):  # type: ignore\n  # type: (...) -> int\n  pass\n");
  TokenStream stream = lex(source, LexMode::kRecover);
  ASSERT_EQ(stream.type_comments.size(), 2u);
  EXPECT_EQ(source.slice(stream.type_comments[0].text), "int");
  EXPECT_EQ(stream.tokens[stream.type_comments[0].next_token].kind, TokenKind::kName);
  EXPECT_EQ(source.slice(stream.type_comments[1].text), "(...) -> int");
  EXPECT_EQ(stream.tokens[stream.type_comments[1].next_token].kind, TokenKind::kIndent);
}

TEST(Lexer, GoesOnBehindErrors) {
  EXPECT_EQ(errors("x = 'abc\ny = 1_\nz = $\nw = )\n"),
            "1: unterminated string literal (detected at line 1); 2: invalid decimal literal; 4: unmatched ')'");
  EXPECT_EQ(errors("f(a,\ndef g():\n  return [1\n  pass\nx = (]\n"),
            "1: '(' was never closed; 3: '[' was never closed; 5: closing parenthesis ']' does not match opening "
            "parenthesis '('");
  EXPECT_EQ(errors("x = \xe2\x82\xac\ny = \xc2\xa0 1\n"),
            "1: invalid character '\xe2\x82\xac' (U+20AC); 2: invalid non-printable character U+00A0");
}

TEST(Lexer, Encoding) {
  auto message = [](std::string text) {
    SourceFile source("x.ts", std::move(text));
    std::vector<Diagnostic> d = check_encoding(source);
    return d.empty() ? "" : d[0].message;
  };
  EXPECT_EQ(message("# -*- coding: utf-8 -*-\nx"), "");
  EXPECT_EQ(message("# vim: set fileencoding=latin-1\nx"), "encoding problem: latin-1");
  EXPECT_EQ(message(std::string("a\0b", 3)), "source code cannot contain null bytes");
  EXPECT_EQ(message("x\ny = '\xff'\n"),
            "Non-UTF-8 code starting with '\\xff' in file x.ts on line 2, but no encoding declared; see "
            "https://peps.python.org/pep-0263/ for details");
}

}  // namespace
}  // namespace tsvm
