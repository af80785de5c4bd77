#include "base/unicode_database.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/deflate.h"
#include "base/utf8.h"

#define TSVM_EMBED(symbol, file)          \
  asm(".section .rodata\n"                \
      ".global " #symbol                  \
      "_begin\n"                          \
      ".global " #symbol "_end\n" #symbol \
      "_begin:\n"                         \
      ".incbin \"" file "\"\n" #symbol    \
      "_end:\n"                           \
      ".text\n");                         \
  extern "C" const unsigned char symbol##_begin[], symbol##_end[]

TSVM_EMBED(tsvm_unicode_names, TSVM_UNICODE_NAMES);
TSVM_EMBED(tsvm_unicode_properties, TSVM_UNICODE_PROPERTIES);

namespace tsvm::unicode {

namespace {

/// Takes lines and words off the front of a text.
struct Reader {
  std::string_view rest;

  std::string_view line() {
    const size_t end = rest.find('\n');
    std::string_view found = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return found;
  }
};
std::string_view word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  std::string_view found = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return found;
}
uint32_t hex(std::string_view text) {
  return static_cast<uint32_t>(std::strtoul(std::string(text).c_str(), nullptr, 16));
}

struct Run {
  uint32_t first, count;
  uint32_t index;  // of its first name; kIdeographs: names follow from the code
};
constexpr uint32_t kIdeographs = ~0u;

struct Names {
  Names() : text(inflated(std::as_bytes(std::span(tsvm_unicode_names_begin, tsvm_unicode_names_end)))) {
    Reader in{text};
    uint32_t index = 0;
    for (std::string_view line = in.line(); !line.empty(); line = in.line()) {
      Run r{hex(word(line)), 0, index};
      r.count = hex(word(line));
      if (line == "*")
        r.index = kIdeographs;
      else
        index += r.count;
      runs.push_back(r);
    }
    listed = in.rest.substr(0, in.rest.find("\n\n") + 1);
    in.rest.remove_prefix(listed.size() + 1);
    for (size_t at = 0; at < listed.size(); at = listed.find('\n', at) + 1) starts.push_back(static_cast<uint32_t>(at));
    while (!in.rest.empty()) {
      std::string_view line = in.line();
      const uint32_t code = hex(word(line));
      aliases.emplace(line, code);
    }
    std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  }
  std::string text;
  std::string_view listed;  // each name followed by a line break
  std::vector<uint32_t> starts;
  std::vector<Run> runs;  // by code
  std::unordered_map<std::string_view, uint32_t> aliases;
};
const Names& names() {
  static const Names n;
  return n;
}

struct Mapping {
  std::string_view text;
  bool compatible = false;  // only for NFKC and NFKD
  std::vector<char32_t> to;
};

struct Database {
  Database() : text(inflated(std::as_bytes(std::span(tsvm_unicode_properties_begin, tsvm_unicode_properties_end)))) {
    Reader in{text};
    uint32_t code = 0;
    for (std::string_view line = in.line(); !line.empty(); line = in.line()) {
      starts.push_back(code);
      code += hex(word(line));
      Properties p;
      p.category = word(line);
      p.bidirectional = word(line);
      if (p.bidirectional == "-") p.bidirectional.clear();
      p.combining = std::atoi(std::string(word(line)).c_str());
      p.width = word(line);
      p.mirrored = line == "1";
      records.push_back(std::move(p));
    }
    for (std::string_view line = in.line(); !line.empty(); line = in.line()) {
      const uint32_t c = hex(word(line));
      Mapping& m = mappings[c];
      m.text = line;
      m.compatible = line.starts_with('<');
      if (m.compatible) word(line);
      while (!line.empty()) m.to.push_back(hex(word(line)));
    }
    std::vector<uint32_t> apart;
    for (std::string_view line = in.line(); !line.empty(); line = in.line()) apart.push_back(hex(line));
    for (const auto& [c, m] : mappings)
      if (!m.compatible && m.to.size() == 2 && !std::binary_search(apart.begin(), apart.end(), c))
        pairs[uint64_t{m.to[0]} << 32 | m.to[1]] = c;
    while (!in.rest.empty()) {
      std::string_view line = in.line();
      const uint32_t c = hex(word(line));
      Number n{std::strtod(std::string(word(line)).c_str(), nullptr), 0, 0};
      n.digit = std::atoi(std::string(word(line)).c_str());
      n.decimal = std::atoi(std::string(line).c_str());
      numbers[c] = n;
    }
  }
  std::string text;
  std::vector<uint32_t> starts;
  std::vector<Properties> records;
  std::unordered_map<uint32_t, Mapping> mappings;
  std::unordered_map<uint64_t, uint32_t> pairs;
  std::unordered_map<uint32_t, Number> numbers;
};
const Database& database() {
  static const Database d;
  return d;
}

// Hangul syllables are made of a leading consonant, a vowel and perhaps a trailing consonant.
constexpr uint32_t kSyllables = 0xac00, kLead = 0x1100, kVowel = 0x1161, kTrail = 0x11a7;
constexpr uint32_t kLeads = 19, kVowels = 21, kTrails = 28, kSyllableCount = kLeads * kVowels * kTrails;
constexpr const char* kLeadNames[] = {"G",  "GG", "N", "D",  "DD", "R", "M", "B", "BB", "S",
                                      "SS", "",   "J", "JJ", "C",  "K", "T", "P", "H"};
constexpr const char* kVowelNames[] = {"A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
                                       "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I"};
constexpr const char* kTrailNames[] = {"",   "G",  "GG", "GS", "N",  "NJ", "NH", "D", "L",  "LG",
                                       "LM", "LB", "LS", "LT", "LP", "LH", "M",  "B", "BS", "S",
                                       "SS", "NG", "J",  "C",  "K",  "T",  "P",  "H"};
bool is_syllable(char32_t c) { return c >= kSyllables && c < kSyllables + kSyllableCount; }

constexpr std::string_view kIdeographPrefix = "CJK UNIFIED IDEOGRAPH-", kSyllablePrefix = "HANGUL SYLLABLE ";

const Run* run_of(char32_t c) {
  const auto& runs = names().runs;
  auto it = std::upper_bound(runs.begin(), runs.end(), c, [](char32_t v, const Run& r) { return v < r.first; });
  return it != runs.begin() && c < it[-1].first + it[-1].count ? &it[-1] : nullptr;
}

bool find_syllable(std::string_view text, char32_t& out) {
  for (uint32_t l = 0; l < kLeads; l++) {
    if (!text.starts_with(kLeadNames[l])) continue;
    for (uint32_t v = 0; v < kVowels; v++) {
      std::string_view rest = text.substr(std::strlen(kLeadNames[l]));
      if (!rest.starts_with(kVowelNames[v])) continue;
      rest.remove_prefix(std::strlen(kVowelNames[v]));
      for (uint32_t t = 0; t < kTrails; t++)
        if (rest == kTrailNames[t]) {
          out = kSyllables + (l * kVowels + v) * kTrails + t;
          return true;
        }
    }
  }
  return false;
}

void append_decomposed(std::u32string& out, char32_t c, bool compatible) {
  if (is_syllable(c)) {
    const uint32_t index = c - kSyllables;
    out += kLead + index / (kVowels * kTrails);
    out += kVowel + index % (kVowels * kTrails) / kTrails;
    if (index % kTrails) out += kTrail + index % kTrails;
    return;
  }
  const auto& mappings = database().mappings;
  auto it = mappings.find(c);
  if (it == mappings.end() || (it->second.compatible && !compatible)) {
    out += c;
    return;
  }
  for (char32_t part : it->second.to) append_decomposed(out, part, compatible);
}

// What two characters in a row compose to; 0: nothing.
char32_t composed(char32_t a, char32_t b) {
  if (a >= kLead && a < kLead + kLeads && b >= kVowel && b < kVowel + kVowels)
    return kSyllables + ((a - kLead) * kVowels + (b - kVowel)) * kTrails;
  if (is_syllable(a) && (a - kSyllables) % kTrails == 0 && b > kTrail && b < kTrail + kTrails) return a + (b - kTrail);
  const auto& pairs = database().pairs;
  auto it = pairs.find(uint64_t{a} << 32 | b);
  return it == pairs.end() ? 0 : it->second;
}

}  // namespace

const Properties& properties(char32_t c) {
  const Database& d = database();
  auto it = std::upper_bound(d.starts.begin(), d.starts.end(), static_cast<uint32_t>(c));
  return d.records[static_cast<size_t>(it - d.starts.begin()) - 1];
}

std::string_view decomposition(char32_t c) {
  const auto& mappings = database().mappings;
  auto it = mappings.find(c);
  return it == mappings.end() ? std::string_view() : it->second.text;
}

const Number* number(char32_t c) {
  const auto& numbers = database().numbers;
  auto it = numbers.find(c);
  return it == numbers.end() ? nullptr : &it->second;
}

std::string name(char32_t c) {
  if (is_syllable(c)) {
    const uint32_t index = c - kSyllables;
    return std::string(kSyllablePrefix) + kLeadNames[index / (kVowels * kTrails)] +
           kVowelNames[index % (kVowels * kTrails) / kTrails] + kTrailNames[index % kTrails];
  }
  const Run* r = run_of(c);
  if (!r) return {};
  if (r->index == kIdeographs) {
    char text[16];
    std::snprintf(text, sizeof text, "%X", static_cast<unsigned>(c));
    return std::string(kIdeographPrefix) + text;
  }
  const Names& n = names();
  const size_t at = n.starts[r->index + (c - r->first)];
  return std::string(n.listed.substr(at, n.listed.find('\n', at) - at));
}

bool find_name(std::string_view given, char32_t& out) {
  std::string name(given);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.empty() || name.find('\n') != std::string::npos) return false;
  if (name.starts_with(kSyllablePrefix))
    return find_syllable(std::string_view(name).substr(kSyllablePrefix.size()), out);
  const Names& n = names();
  if (name.starts_with(kIdeographPrefix)) {
    const std::string digits = name.substr(kIdeographPrefix.size());
    if (digits.empty() || digits.find_first_not_of("0123456789ABCDEF") != std::string::npos) return false;
    const char32_t c = hex(digits);
    const Run* r = run_of(c);
    if (!r || r->index != kIdeographs) return false;
    out = c;
    return true;
  }
  if (auto it = n.aliases.find(name); it != n.aliases.end()) {
    out = it->second;
    return true;
  }
  name += '\n';
  size_t at = 0;
  if (!n.listed.starts_with(name)) {
    at = n.listed.find("\n" + name);
    if (at == std::string_view::npos) return false;
    at++;
  }
  const auto index = static_cast<uint32_t>(
      std::lower_bound(n.starts.begin(), n.starts.end(), static_cast<uint32_t>(at)) - n.starts.begin());
  for (const Run& r : n.runs)
    if (r.index != kIdeographs && index >= r.index && index < r.index + r.count) {
      out = r.first + (index - r.index);
      return true;
    }
  return false;
}

std::string normalize(std::string_view text, Form form) {
  if (utf8::is_ascii(text)) return std::string(text);
  const bool compatible = form == Form::NFKC || form == Form::NFKD;
  std::u32string all;
  for (size_t i = 0; i < text.size();) append_decomposed(all, utf8::decode(text, &i), compatible);
  // Marks in a row go by their combining class.
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    while (end < all.size() && properties(all[end]).combining) end++;
    std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char32_t a, char32_t b) { return properties(a).combining < properties(b).combining; });
    i = end + 1;
  }
  if (form == Form::NFC || form == Form::NFKC) {
    // A mark joins the last starter unless another of its class, or a starter, is between them.
    size_t kept = 0, starter = std::string::npos;
    int last_class = 0;
    for (char32_t c : all) {
      const int combining = properties(c).combining;
      if (starter != std::string::npos && (starter + 1 == kept || (last_class != 0 && last_class < combining))) {
        if (char32_t whole = composed(all[starter], c)) {
          all[starter] = whole;
          continue;
        }
      }
      if (!combining) starter = kept;
      last_class = combining;
      all[kept++] = c;
    }
    all.resize(kept);
  }
  std::string out;
  for (char32_t c : all) utf8::append(out, c);
  return out;
}

}  // namespace tsvm::unicode
