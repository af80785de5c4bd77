// The small pieces of base/.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "base/arena.h"
#include "base/diagnostic.h"
#include "base/reader.h"
#include "base/repr.h"
#include "base/small_vector.h"
#include "base/source.h"
#include "base/unicode.h"
#include "base/utf8.h"

namespace tsvm {
namespace {

TEST(Arena, AlignsAndKeepsPointers) {
  Arena arena;
  char* c = static_cast<char*>(arena.allocate(1, 1));
  double* d = arena.make<double>(1.5);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(d) % alignof(double), 0u);
  *c = 'x';
  std::vector<int*> made;
  for (int i = 0; i < 100000; i++) made.push_back(arena.make<int>(i));
  for (int i = 0; i < 100000; i++) ASSERT_EQ(*made[i], i);
  EXPECT_EQ(*d, 1.5);
  EXPECT_EQ(*c, 'x');
}

TEST(Arena, LargeObjectsGetTheirOwnBlock) {
  Arena arena;
  int* small = arena.make<int>(1);
  std::string big(1 << 20, 'b');
  std::string_view copy = arena.copy_string(big);
  EXPECT_EQ(copy, big);
  int* next = arena.make<int>(2);
  EXPECT_EQ(*small, 1);
  EXPECT_EQ(*next, 2);
  EXPECT_TRUE(arena.copy_string("").empty());
  int values[] = {1, 2, 3};
  ArenaList<int> list = arena.copy_list(values, 3);
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(list.back(), 3);
}

TEST(SmallVector, GrowsMovesAndCopies) {
  SmallVector<std::string, 2> v;
  for (int i = 0; i < 10; i++) v.push_back(std::to_string(i));
  SmallVector<std::string, 2> copy = v;
  SmallVector<std::string, 2> moved = std::move(v);
  EXPECT_TRUE(copy == moved);
  EXPECT_EQ(moved.size(), 10u);
  EXPECT_TRUE(v.empty());
  v.push_back("again");
  EXPECT_EQ(v[0], "again");
  SmallVector<std::string, 2> inline_one{"a"};
  SmallVector<std::string, 2> taken = std::move(inline_one);
  EXPECT_EQ(taken.back(), "a");
  taken = moved;
  EXPECT_EQ(taken.size(), 10u);
  taken.insert(1, "x");
  taken.erase(0);
  EXPECT_EQ(taken[0], "x");
  EXPECT_EQ(taken[1], "1");
  taken.resize(12);
  EXPECT_EQ(taken[11], "");
}

TEST(SmallVector, PushesItsOwnElement) {
  SmallVector<std::string, 1> v{"a long enough text to be on the heap"};
  for (int i = 0; i < 20; i++) v.push_back(v[0]);
  for (const std::string& s : v) EXPECT_EQ(s, v[0]);
}

TEST(SmallVector, HoldsMoveOnlyValues) {
  SmallVector<std::unique_ptr<int>, 1> v;
  for (int i = 0; i < 5; i++) v.push_back(std::make_unique<int>(i));
  EXPECT_EQ(*v[4], 4);
}

TEST(ByteReader, ChecksEverySize) {
  ByteReader r(std::string_view("\x01\x02\x00\x03\x00\x00\x00rest\nx", 13));
  EXPECT_EQ(r.u8(), 1);
  EXPECT_EQ(r.u16(), 2);
  EXPECT_EQ(r.u32(), 3u);
  EXPECT_EQ(r.view_until('\n'), "rest");
  EXPECT_EQ(r.remaining(), 1u);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.u64(), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_EQ(r.remaining(), 0u);

  ByteReader huge("abc");
  EXPECT_FALSE(huge.fits(std::numeric_limits<uint64_t>::max(), 16));
  ByteReader view("abc");
  EXPECT_EQ(view.view(std::numeric_limits<uint64_t>::max()), "");
  EXPECT_FALSE(view.ok());
}

TEST(Utf8, DecodesAndRejects) {
  auto reason = [](std::string_view s) {
    const char* r = utf8::validate(s).reason;
    return std::string(r == nullptr ? "" : r);
  };
  EXPECT_EQ(reason("plain"), "");
  EXPECT_EQ(reason("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), "");
  EXPECT_EQ(reason("\xff"), "invalid start byte");
  EXPECT_EQ(reason("\xc0\x80"), "invalid start byte");
  EXPECT_EQ(reason("\xe0\x80\x80"), "invalid continuation byte");
  EXPECT_EQ(reason("\xed\xa0\x80"), "invalid continuation byte");
  EXPECT_EQ(reason("\xf4\x90\x80\x80"), "invalid continuation byte");
  EXPECT_EQ(reason("a\xe2\x82"), "unexpected end of data");
  EXPECT_EQ(utf8::count("gr\xc3\xbc\xc3\x9f"), 4u);
  for (char32_t c : {U'a', U'\u00fc', U'\u20ac', U'\U0001f600', char32_t(0xd800)}) {
    std::string s;
    utf8::append(s, c);
    size_t at = 0;
    EXPECT_EQ(utf8::decode(s, &at), c);
    EXPECT_EQ(at, s.size());
  }
  size_t at = 0;
  EXPECT_EQ(utf8::decode("\xe2\x82", &at), utf8::kInvalid);
  EXPECT_EQ(at, 1u);
}

TEST(Unicode, ClassifiesNames) {
  EXPECT_TRUE(unicode::is(U'\u00e9', unicode::kIdentifierStart));
  EXPECT_FALSE(unicode::is(U'\u20ac', unicode::kIdentifierStart));
  EXPECT_FALSE(unicode::is(U'\u0661', unicode::kIdentifierStart));
  EXPECT_TRUE(unicode::is(U'\u0661', unicode::kIdentifier));
  EXPECT_TRUE(unicode::is(U'\ufb01', unicode::kNotNormal));
  EXPECT_FALSE(unicode::is(0xa0, unicode::kPrintable));
  EXPECT_TRUE(unicode::is(U'\u00e9', unicode::kPrintable));
}

TEST(Repr, FloatsAsPython) {
  EXPECT_EQ(float_repr(0.0), "0.0");
  EXPECT_EQ(float_repr(-0.0), "-0.0");
  EXPECT_EQ(float_repr(1.0), "1.0");
  EXPECT_EQ(float_repr(0.1), "0.1");
  EXPECT_EQ(float_repr(123456.789), "123456.789");
  EXPECT_EQ(float_repr(1e15), "1000000000000000.0");
  EXPECT_EQ(float_repr(1e16), "1e+16");
  EXPECT_EQ(float_repr(1.5e-5), "1.5e-05");
  EXPECT_EQ(float_repr(0.0001), "0.0001");
  EXPECT_EQ(float_repr(1e300), "1e+300");
  EXPECT_EQ(float_repr(5e-324), "5e-324");
  EXPECT_EQ(float_repr(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(float_repr(std::nan("")), "nan");
}

TEST(Repr, StringsAsPython) {
  EXPECT_EQ(str_repr("a'b"), "\"a'b\"");
  EXPECT_EQ(str_repr("a'\"b"), "'a\\'\"b'");
  EXPECT_EQ(str_repr("\n\t\\\x01\x7f"), "'\\n\\t\\\\\\x01\\x7f'");
  EXPECT_EQ(str_repr("\xc3\xa9\xc2\xa0"), "'\xc3\xa9\\xa0'");
  EXPECT_EQ(str_repr("\xed\xa0\x80"), "'\\ud800'");
  EXPECT_EQ(bytes_repr("a\xff'"), "b\"a\\xff'\"");
}

TEST(SourceFile, NormalisesLineBreaks) {
  SourceFile f("x.ts", "a\r\nb\rc\n");
  EXPECT_EQ(f.text(), "a\nb\nc\n");
  EXPECT_EQ(f.line(2), "b");
  EXPECT_EQ(f.locate(4).line, 3u);
  EXPECT_EQ(SourceFile("e", "").line(1), "");
}

TEST(Diagnostic, RendersAsCPython) {
  SourceFile f("x.ts", "if x:\n    y = \xc3\xa9\xc3\xa9 $ z\n");
  Diagnostic d(DiagnosticKind::kSyntaxError, {19, 20}, "invalid syntax");
  EXPECT_EQ(render(d, f),
            "  File \"x.ts\", line 2\n"
            "    y = \xc3\xa9\xc3\xa9 $ z\n"
            "           ^\n"
            "SyntaxError: invalid syntax\n");
  d.notes.push_back({{0, 2}, "it began here"});
  EXPECT_EQ(render(d, f).substr(render(d, f).find("note")),
            "note: it began here\n  File \"x.ts\", line 1\n    if x:\n    ^^\n");
  Diagnostic indent(DiagnosticKind::kIndentationError, {10, 10}, "unexpected indent");
  indent.whole_line = true;
  EXPECT_EQ(render(indent, f),
            "  File \"x.ts\", line 2\n    y = \xc3\xa9\xc3\xa9 $ z\nIndentationError: unexpected indent\n");
}

}  // namespace
}  // namespace tsvm
