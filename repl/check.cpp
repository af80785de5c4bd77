#include "repl/check.h"

#include <cstdio>
#include <cstring>

#include "base/diagnostic.h"
#include "base/source.h"
#include "base/utf8.h"
#include "ir/script/check.h"
#include "parser/parser.h"
#include "parser/scope.h"
#include "stdlib/native/script/tensor_operators.h"
#include "vm/modules.h"

namespace tsvm::repl {

namespace {

std::string read_input() {
  std::string text;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) text.append(buffer, n);
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (u < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", u);
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// The static errors of scripted code in a file without syntax errors.
std::vector<Diagnostic> check_scripted(const std::shared_ptr<const SourceFile>& source) {
  Arena arena;
  ParseResult tree = parse(*source, arena);
  std::unique_ptr<script::TensorOps> operators = stdlib::script_host::make_tensor_operators();
  static const script::ExceptionNames kExceptions = {
#define EXCEPTION(name, base, fields) #name,
#include "vm/exceptions.def"
  };
  return script::check_scripts(source, *tree.module, operators.get(), kExceptions);
}

// Columns are counted in characters from 1.
uint32_t column_of(const SourceFile& source, LineColumn at) {
  return static_cast<uint32_t>(utf8::count(source.line(at.line).substr(0, at.column))) + 1;
}

std::string place_json(const SourceFile& source, SourceRange range) {
  LineColumn begin = source.locate(range.begin), end = source.locate(range.end);
  return "\"line\": " + std::to_string(begin.line) + ", \"column\": " + std::to_string(column_of(source, begin)) +
         ", \"end_line\": " + std::to_string(end.line) + ", \"end_column\": " + std::to_string(column_of(source, end));
}

std::string to_json(const Diagnostic& d, const SourceFile& source) {
  std::string out = "{\"file\": " + quoted(source.name()) + ", " + place_json(source, d.range) +
                    ", \"kind\": " + quoted(exception_name(d.kind)) + ", \"message\": " + quoted(d.message) +
                    ", \"notes\": [";
  for (size_t i = 0; i < d.notes.size(); i++)
    out += std::string(i ? ", " : "") + "{" + place_json(source, d.notes[i].range) +
           ", \"message\": " + quoted(d.notes[i].message) + "}";
  return out + "]}";
}

}  // namespace

int check_command(const std::vector<std::string>& args) {
  bool json = false;
  std::vector<std::string> files;
  for (const std::string& a : args) {
    if (a == "--json") {
      json = true;
    } else if (a.size() > 1 && a[0] == '-') {
      std::fprintf(stderr, "tsvm check: unknown option %s\nusage: tsvm check [--json] file ...\n", a.c_str());
      return 2;
    } else {
      files.push_back(a);
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: tsvm check [--json] file ...\n");
    return 2;
  }
  int status = 0;
  size_t count = 0;
  std::string items;
  for (const std::string& file : files) {
    std::string text;
    int error = 0;
    if (file == "-") {
      text = read_input();
    } else if (!vm::read_file(file, text, error)) {
      std::fprintf(stderr, "tsvm: can't open file '%s': [Errno %d] %s\n", file.c_str(), error, std::strerror(error));
      status = 2;
      continue;
    }
    auto shared = std::make_shared<const SourceFile>(file == "-" ? "<stdin>" : file, std::move(text));
    const SourceFile& source = *shared;
    std::vector<Diagnostic> errors = check_syntax(source);
    if (errors.empty()) errors = check_scripted(shared);
    for (const Diagnostic& d : errors) {
      if (json)
        items += std::string(count ? ",\n " : "") + to_json(d, source);
      else
        std::printf("%s", render(d, source).c_str());
      count++;
    }
  }
  if (json) std::printf("[%s]\n", items.c_str());
  if (count && status == 0) status = 1;
  return status;
}

}  // namespace tsvm::repl
