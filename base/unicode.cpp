#include "base/unicode.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "base/utf8.h"

namespace tsvm::unicode {

namespace {

/// From `start` up to the next run's start, characters have these flags.
struct FlagRun {
  uint32_t start;
  uint16_t flags;
};
/// first, first + step ... last: add delta.
struct CaseRun {
  uint32_t first, last;
  int32_t delta;
  uint32_t step;
};
struct CaseMany {
  uint32_t c;
  char32_t to[3];
};

#include "base/unicode_tables.inc"

uint16_t search_flags(char32_t c) {
  auto it = std::upper_bound(std::begin(kFlagRuns), std::end(kFlagRuns), c,
                             [](char32_t x, const FlagRun& r) { return x < r.start; });
  return std::prev(it)->flags;
}

struct AsciiFlags {
  uint16_t flags[128];
  AsciiFlags() {
    for (int c = 0; c < 128; c++) flags[c] = search_flags(static_cast<char32_t>(c));
  }
};

struct Mapping {
  std::span<const CaseRun> runs;
  std::span<const CaseMany> many;
};

Mapping mapping(Case to) {
  switch (to) {
    case Case::Lower: return {kLowerRuns, kLowerMany};
    case Case::Upper: return {kUpperRuns, kUpperMany};
    case Case::Title: return {kTitleRuns, kTitleMany};
    case Case::Fold: return {kFoldRuns, kFoldMany};
  }
  return {};
}

}  // namespace

uint16_t flags(char32_t c) {
  static const AsciiFlags ascii;
  if (c < 128) return ascii.flags[c];
  return c > 0x10ffff ? 0 : search_flags(c);
}

void append_case(std::string& out, char32_t c, Case to) {
  if (c < 128) {
    bool up = to == Case::Upper || to == Case::Title;
    if (up && c >= 'a' && c <= 'z') c -= 32;
    if (!up && c >= 'A' && c <= 'Z') c += 32;
    out.push_back(static_cast<char>(c));
    return;
  }
  Mapping m = mapping(to);
  auto many = std::lower_bound(m.many.begin(), m.many.end(), c, [](const CaseMany& e, char32_t x) { return e.c < x; });
  if (many != m.many.end() && many->c == c) {
    for (char32_t t : many->to)
      if (t) utf8::append(out, t);
    return;
  }
  auto run =
      std::upper_bound(m.runs.begin(), m.runs.end(), c, [](char32_t x, const CaseRun& r) { return x < r.first; });
  // Runs of step 2 may enclose single characters of another run, so a few before are looked at.
  for (int back = 0; back < 3 && run != m.runs.begin(); back++) {
    --run;
    if (c <= run->last && (c - run->first) % run->step == 0) {
      c = static_cast<char32_t>(static_cast<int32_t>(c) + run->delta);
      break;
    }
  }
  utf8::append(out, c);
}

int decimal_value(char32_t c) {
  if (c < 128) return c >= '0' && c <= '9' ? static_cast<int>(c - '0') : -1;
  auto it = std::upper_bound(std::begin(kDecimalZeros), std::end(kDecimalZeros), c);
  if (it == std::begin(kDecimalZeros)) return -1;
  char32_t d = c - *std::prev(it);
  return d < 10 ? static_cast<int>(d) : -1;
}

}  // namespace tsvm::unicode
