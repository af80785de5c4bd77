// Files: text and binary streams over a file descriptor, and in-memory ones (io.StringIO, io.BytesIO).
//
// One struct serves them all. A stream over a descriptor has one buffer that is either filled by reads (bytes read
// ahead of the position) or by writes (bytes not yet written), never both: switching flushes or seeks back. Text
// streams encode and decode UTF-8 (and latin-1 and ascii through the codecs) at the edges and translate line ends as
// `newline` says. In-memory streams have the whole content in the buffer and no descriptor.
#include "vm/types/file.h"
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <string>

#include "base/check.h"
#include "vm/native.h"
#include "vm/text.h"
#include "vm/types/common.h"
#include "vm/types/init.h"
#include "vm/types/memory_view.h"

namespace tsvm::vm {
namespace {

struct File : GcObject, Attributes {
  int fd = -1;          // -1: in memory
  bool memory = false;  // StringIO, BytesIO
  bool text = true;
  bool readable = false, writable = false, appending = false;
  bool closed = false;
  bool owns_fd = true;
  bool line_buffered = false;
  bool unbuffered = false;
  int sink = 0;                  // 1, 2: bytes go to the host's Options::write as that stream
  bool writing = false;          // the buffer holds bytes to be written
  bool raw_newlines = false;     // newline='' and friends: no translation when reading
  bool any_newline_ends = true;  // reading: \r and \r\n end a line too
  std::string write_newline = "\n";
  char line_end = 0;    // newline='\r': only that ends a line
  std::string* buffer;  // memory: the content
  size_t start = 0;     // of what is not yet consumed; memory: the position
  bool at_end = false;  // read() returned 0
  Value name, mode, encoding, errors;
  Value newlines;
};

File* file_of(Value v) { return static_cast<File*>(v.o); }

bool is_file(Value v) { return is_kind(v, Kind::File); }

// Errors of reading and writing do not name the file.
bool raise_errno(VM& vm, int error) {
  (void)raise_os_error(vm, error);
  return false;
}

bool check_open(VM& vm, File* f) {
  if (!f->closed) return true;
  return fail(vm, vm.types.ValueError, "I/O operation on closed file.");
}

Type* unsupported(VM& vm) { return unsupported_operation(vm); }

bool check_readable(VM& vm, File* f) {
  if (f->closed && !f->text && !f->memory) return fail(vm, vm.types.ValueError, "read of closed file");
  return check_open(vm, f) && (f->readable || fail(vm, unsupported(vm), f->text ? "not readable" : "read"));
}

bool check_writable(VM& vm, File* f) {
  if (f->closed && !f->text && !f->memory) return fail(vm, vm.types.ValueError, "write to closed file");
  return check_open(vm, f) && (f->writable || fail(vm, unsupported(vm), f->text ? "not writable" : "write"));
}

/// Writes all bytes; false with OSError (BrokenPipeError ...) or KeyboardInterrupt pending.
bool write_all(VM& vm, File* f, std::string_view bytes) {
  if (f->sink) {
    vm.options.write(vm.options.write_user, f->sink, bytes.data(), bytes.size());
    return true;
  }
  while (!bytes.empty()) {
    ssize_t n = ::write(f->fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) {
        if (vm.interrupted && !handle_interrupt(vm)) return false;
        continue;
      }
      return raise_errno(vm, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

/// Empties the buffer: writes it out, or seeks back over what was read ahead.
bool flush_file(VM& vm, File* f) {
  if (f->memory || f->fd < 0) return true;
  if (f->writing) {
    std::string bytes;
    bytes.swap(*f->buffer);
    f->writing = false;
    return write_all(vm, f, bytes);
  }
  return true;
}

bool drop_read_ahead(VM& vm, File* f) {
  if (f->memory || f->writing) return true;
  size_t ahead = f->buffer->size() - f->start;
  f->buffer->clear();
  f->start = 0;
  if (ahead && ::lseek(f->fd, -static_cast<off_t>(ahead), SEEK_CUR) < 0 && errno != ESPIPE)
    return raise_errno(vm, errno);
  return true;
}

/// More bytes into the buffer. 1: some came, 0: end of file, -1: exception.
int fill(VM& vm, File* f, size_t want = 65536) {
  if (f->memory) return 0;
  if (f->writing && !flush_file(vm, f)) return -1;
  if (f->start) {
    f->buffer->erase(0, f->start);
    f->start = 0;
  }
  size_t old = f->buffer->size();
  f->buffer->resize(old + want);
  ssize_t n;
  while ((n = ::read(f->fd, f->buffer->data() + old, want)) < 0 && errno == EINTR) {
    if (vm.interrupted && !handle_interrupt(vm)) {
      f->buffer->resize(old);
      return -1;
    }
  }
  f->buffer->resize(old + (n > 0 ? static_cast<size_t>(n) : 0));
  if (n < 0) {
    raise_errno(vm, errno);
    return -1;
  }
  return n > 0;
}

bool is_utf8(File* f) {
  if (!is_str(f->encoding)) return true;
  std::string_view e = text_of(f->encoding);
  return e == "utf-8" || e == "UTF-8" || e == "utf8";
}

/// Universal newlines: \r\n and \r become \n.
std::string translate(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); i++) {
    if (bytes[i] != '\r') {
      out += bytes[i];
    } else {
      out += '\n';
      if (i + 1 < bytes.size() && bytes[i + 1] == '\n') i++;
    }
  }
  return out;
}

/// Consumed bytes as a result of a read.
Value result(VM& vm, File* f, std::string_view bytes) {
  if (!f->text) return make_bytes(vm, bytes);
  std::string translated;
  if (!f->raw_newlines && bytes.find('\r') != std::string_view::npos) {
    translated = translate(bytes);
    bytes = translated;
  }
  if (f->memory) return make_str(vm, bytes);
  return decode_bytes(vm, bytes, is_str(f->encoding) ? text_of(f->encoding) : "utf-8",
                      is_str(f->errors) ? text_of(f->errors) : "strict");
}

std::string_view unread(File* f) {
  return f->start >= f->buffer->size() ? std::string_view() : std::string_view(*f->buffer).substr(f->start);
}

/// The number of bytes that `chars` characters take at the start of UTF-8 text; npos: it does not have that many.
size_t bytes_of_chars(std::string_view s, int64_t chars) {
  size_t i = 0;
  while (chars > 0) {
    if (i >= s.size()) return std::string_view::npos;
    unsigned char c = static_cast<unsigned char>(s[i]);
    i += c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    chars--;
  }
  return i <= s.size() ? i : std::string_view::npos;
}

Value read_file(VM& vm, File* f, int64_t count) {
  if (!check_readable(vm, f)) return Value::error();
  for (;;) {
    std::string_view have = unread(f);
    size_t take = std::string_view::npos;
    if (count >= 0)
      take = f->text && is_utf8(f)                       ? bytes_of_chars(have, count)
             : have.size() >= static_cast<size_t>(count) ? static_cast<size_t>(count)
                                                         : take;
    int more = take == std::string_view::npos ? fill(vm, f, count < 0 ? 1 << 20 : 65536) : 0;
    if (more < 0) return Value::error();
    if (more > 0) continue;
    if (take == std::string_view::npos) take = unread(f).size();
    have = unread(f).substr(0, take);
    Ref r(result(vm, f, have));
    f->start += take;
    return r.take();
  }
}

/// The next line with its end; empty at the end of the file.
Value read_line(VM& vm, File* f, int64_t limit = -1) {
  if (!check_readable(vm, f)) return Value::error();
  size_t searched = 0;
  for (;;) {
    std::string_view have = unread(f);
    size_t end = std::string_view::npos;
    bool universal = f->text && f->any_newline_ends;
    for (size_t i = searched; i < have.size(); i++) {
      if (f->line_end ? have[i] == f->line_end : have[i] == '\n') {
        end = i + 1;
        break;
      }
      if (universal && have[i] == '\r') {
        if (i + 1 == have.size() && !f->memory) break;  // a \n may follow
        end = i + 1 < have.size() && have[i + 1] == '\n' ? i + 2 : i + 1;
        break;
      }
      searched = i + 1;
    }
    if (limit >= 0 && (end == std::string_view::npos ? have.size() : end) >= static_cast<size_t>(limit)) {
      size_t most = f->text ? bytes_of_chars(have, limit) : static_cast<size_t>(limit);
      if (most < end) end = most;
    }
    if (end == std::string_view::npos) {
      int more = fill(vm, f);
      if (more < 0) return Value::error();
      if (more > 0) continue;
      end = unread(f).size();
    }
    Ref r(result(vm, f, unread(f).substr(0, end)));
    f->start += end;
    return r.take();
  }
}

bool write_bytes(VM& vm, File* f, std::string_view bytes) {
  if (!check_writable(vm, f)) return false;
  if (f->memory) {
    if (f->start > f->buffer->size()) f->buffer->resize(f->start, '\0');
    f->buffer->replace(f->start, std::min(bytes.size(), f->buffer->size() - f->start), bytes);
    f->start += bytes.size();
    return true;
  }
  if (!f->writing && !drop_read_ahead(vm, f)) return false;
  f->writing = true;
  f->buffer->append(bytes);
  if (f->unbuffered || f->buffer->size() > 8192 || (f->line_buffered && bytes.find('\n') != std::string_view::npos))
    return flush_file(vm, f);
  return true;
}

bool write_str(VM& vm, File* f, std::string_view text) {
  std::string changed;
  if (f->write_newline != "\n" && text.find('\n') != std::string_view::npos) {
    for (char c : text) c == '\n' ? changed += f->write_newline : changed += c;
    text = changed;
  }
  if (f->memory || (is_utf8(f) && text.find('\xed') == std::string_view::npos)) return write_bytes(vm, f, text);
  std::string encoded;
  if (!encode_text(vm, text, is_str(f->encoding) ? text_of(f->encoding) : "utf-8",
                   is_str(f->errors) ? text_of(f->errors) : "strict", encoded))
    return false;
  return write_bytes(vm, f, encoded);
}

bool close_file(VM& vm, File* f) {
  if (f->closed) return true;
  bool ok = flush_file(vm, f);
  f->closed = true;
  if (f->fd >= 0 && f->owns_fd) ::close(f->fd);
  f->buffer->clear();
  return ok;
}

File* new_file(VM& vm, Type* type) {
  auto* f = allocate_object<File>(vm, type, Kind::File, type->instance_size);
  f->buffer = new std::string();
  f->name = f->mode = f->encoding = f->errors = f->newlines = Value::none();
  finish_instance(vm, f);
  vm.heap.track(f);
  return f;
}

// --- methods ---------------------------------------------------------------------------------------------------------

bool optional_count(VM& vm, Value v, int64_t& out) {
  out = -1;
  return v.is_none() || arg_int(vm, v, out);
}

Value method_read(VM& vm, const Value* a) {
  int64_t n;
  return optional_count(vm, a[1], n) ? read_file(vm, file_of(a[0]), n) : Value::error();
}

Value method_readline(VM& vm, const Value* a) {
  int64_t n;
  return optional_count(vm, a[1], n) ? read_line(vm, file_of(a[0]), n) : Value::error();
}

bool is_empty(Value v) { return is_str(v) ? as<Str>(v)->size == 0 : bytes_of(v).empty(); }

Value next_line(VM& vm, Value self) {
  Ref line(read_line(vm, file_of(self)));
  if (line.is_error()) return Value::error();
  return is_empty(*line) ? Value::unbound() : line.take();
}

Value method_readlines(VM& vm, const Value* a) {
  int64_t hint;
  if (!optional_count(vm, a[1], hint)) return Value::error();
  Ref lines(make_list(vm));
  int64_t total = 0;
  for (;;) {
    Ref line(read_line(vm, file_of(a[0])));
    if (line.is_error()) return Value::error();
    if (is_empty(*line)) break;
    total += is_str(*line) ? as<Str>(*line)->length : static_cast<int64_t>(bytes_of(*line).size());
    list_append(vm, as<List>(*lines), *line);
    if (hint > 0 && total >= hint) break;
  }
  return lines.take();
}

Value write_value(VM& vm, File* f, Value v) {
  if (!check_open(vm, f)) return Value::error();
  if (f->text) {
    if (!is_str(v)) {
      if (f->memory) return raise(vm, vm.types.TypeError, "string argument expected, got '%s'", type_name(vm, v));
      return raise(vm, vm.types.TypeError, "write() argument must be str, not %s", type_name(vm, v));
    }
    Ref keep = Ref::copy(v);
    return write_str(vm, f, text_of(v)) ? Value::integer(as<Str>(v)->length) : Value::error();
  }
  std::string_view bytes;
  if (!arg_bytes(vm, v, bytes)) {
    if (!is_str(v)) return Value::error();
    clear_pending(vm);
    return raise(vm, vm.types.TypeError, "a bytes-like object is required, not 'str'");
  }
  return write_bytes(vm, f, bytes) ? Value::integer(static_cast<int64_t>(bytes.size())) : Value::error();
}

Value method_write(VM& vm, const Value* a) { return write_value(vm, file_of(a[0]), a[1]); }

Value method_writelines(VM& vm, const Value* a) {
  bool ok = for_each(vm, a[1], [&](Value line) {
    Ref n(write_value(vm, file_of(a[0]), line));
    return !n.is_error();
  });
  return ok ? Value::none() : Value::error();
}

Value method_seek(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  int64_t offset, whence;
  if (!check_open(vm, f) || !arg_int(vm, a[1], offset) || !arg_int(vm, a[2], whence)) return Value::error();
  if (whence < 0 || whence > 2)
    return raise(vm, vm.types.ValueError, "invalid whence (%lld, should be 0, 1 or 2)", static_cast<long long>(whence));
  if (f->text && whence == 1 && offset) return raise(vm, unsupported(vm), "can't do nonzero cur-relative seeks");
  if (f->text && whence == 2 && offset) return raise(vm, unsupported(vm), "can't do nonzero end-relative seeks");
  if (whence == 0 && offset < 0)
    return raise(vm, vm.types.ValueError,
                 f->text && !f->memory ? "negative seek position %lld" : "negative seek value %lld",
                 static_cast<long long>(offset));
  if (f->memory) {
    int64_t base = whence == 0 ? 0 : static_cast<int64_t>(whence == 1 ? f->start : f->buffer->size());
    f->start = static_cast<size_t>(std::max<int64_t>(base + offset, 0));
    return Value::integer(static_cast<int64_t>(f->start));
  }
  if (!flush_file(vm, f) || !drop_read_ahead(vm, f)) return Value::error();
  off_t at = ::lseek(f->fd, offset, whence == 0 ? SEEK_SET : whence == 1 ? SEEK_CUR : SEEK_END);
  if (at < 0) return raise_errno(vm, errno), Value::error();
  return Value::integer(at);
}

Value method_tell(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  if (!check_open(vm, f)) return Value::error();
  if (f->memory) return Value::integer(static_cast<int64_t>(f->start));
  off_t at = ::lseek(f->fd, 0, SEEK_CUR);
  if (at < 0) return raise_errno(vm, errno), Value::error();
  if (f->writing) return Value::integer(at + static_cast<int64_t>(f->buffer->size()));
  return Value::integer(at - static_cast<int64_t>(f->buffer->size() - f->start));
}

Value method_truncate(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  if (!check_writable(vm, f)) return Value::error();
  int64_t size;
  if (a[1].is_none()) {
    Ref at(method_tell(vm, a));
    if (at.is_error()) return Value::error();
    size = at->i;
  } else if (!arg_int(vm, a[1], size)) {
    return Value::error();
  }
  if (f->memory) {
    if (static_cast<size_t>(size) < f->buffer->size()) f->buffer->resize(static_cast<size_t>(size));
  } else if (!flush_file(vm, f) || ::ftruncate(f->fd, size) < 0) {
    if (vm.pending.is_unbound()) raise_errno(vm, errno);
    return Value::error();
  }
  return Value::integer(size);
}

Value method_getvalue(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  if (!check_open(vm, f)) return Value::error();
  return f->text ? make_str(vm, *f->buffer) : make_bytes(vm, *f->buffer);
}

const NativeDef kMethods[] = {
    {"read(self, size=None, /)", method_read},
    {"readline(self, size=None, /)", method_readline},
    {"readlines(self, hint=None, /)", method_readlines},
    {"write(self, text, /)", method_write},
    {"writelines(self, lines, /)", method_writelines},
    {"seek(self, offset, whence=0, /)", method_seek},
    {"tell(self, /)", method_tell},
    {"truncate(self, size=None, /)", method_truncate},
    {"flush(self, /)",
     [](VM& vm, const Value* a) {
       return check_open(vm, file_of(a[0])) && flush_file(vm, file_of(a[0])) ? Value::none() : Value::error();
     }},
    {"close(self, /)",
     [](VM& vm, const Value* a) { return close_file(vm, file_of(a[0])) ? Value::none() : Value::error(); }},
    {"__enter__(self, /)",
     [](VM& vm, const Value* a) { return check_open(vm, file_of(a[0])) ? new_ref(a[0]) : Value::error(); }},
    {"__exit__(self, /, *args)",
     [](VM& vm, const Value* a) { return close_file(vm, file_of(a[0])) ? Value::none() : Value::error(); }},
    {"readable(self, /)", [](VM&, const Value* a) { return Value::boolean(file_of(a[0])->readable); }},
    {"writable(self, /)", [](VM&, const Value* a) { return Value::boolean(file_of(a[0])->writable); }},
    {"seekable(self, /)",
     [](VM&, const Value* a) {
       File* f = file_of(a[0]);
       return Value::boolean(f->memory || ::lseek(f->fd, 0, SEEK_CUR) >= 0);
     }},
    {"isatty(self, /)",
     [](VM&, const Value* a) { return Value::boolean(!file_of(a[0])->memory && ::isatty(file_of(a[0])->fd)); }},
    {"fileno(self, /)",
     [](VM& vm, const Value* a) {
       if (file_of(a[0])->memory) return raise(vm, unsupported(vm), "fileno");
       return check_open(vm, file_of(a[0])) ? Value::integer(file_of(a[0])->fd) : Value::error();
     }},
    {"reconfigure(self, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
     [](VM& vm, const Value* a) {
       File* f = file_of(a[0]);
       if (!flush_file(vm, f)) return Value::error();
       if (!a[1].is_none()) f->encoding = (release(f->encoding), new_ref(a[1]));
       if (!a[2].is_none()) f->errors = (release(f->errors), new_ref(a[2]));
       if (!a[4].is_none()) f->line_buffered = truth(vm, a[4]) == 1;
       return Value::none();
     }},
};

/// Into a bytearray, as much as it holds; the number of bytes.
Value method_readinto(VM& vm, const Value* a) {
  if (!is_kind(a[1], Kind::ByteArray))
    return raise(vm, vm.types.TypeError, "readinto() argument must be read-write bytes-like object, not %s",
                 type_name(vm, a[1]));
  Ref bytes(read_file(vm, file_of(a[0]), static_cast<int64_t>(as<ByteArray>(a[1])->size)));
  if (bytes.is_error()) return Value::error();
  std::string_view got = bytes_of(*bytes);
  std::copy(got.begin(), got.end(), as<ByteArray>(a[1])->data);
  return Value::integer(static_cast<int64_t>(got.size()));
}

/// What is buffered already, or else comes by one read; stays unread.
Value method_peek(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  if (!check_readable(vm, f) || (unread(f).empty() && fill(vm, f) < 0)) return Value::error();
  return make_bytes(vm, unread(f));
}

Value method_read1(VM& vm, const Value* a) {
  File* f = file_of(a[0]);
  int64_t n;
  if (!optional_count(vm, a[1], n) || !check_readable(vm, f) || (n != 0 && unread(f).empty() && fill(vm, f) < 0))
    return Value::error();
  int64_t have = static_cast<int64_t>(unread(f).size());
  return read_file(vm, f, n < 0 || n > have ? have : n);
}

const NativeDef kBinaryMethods[] = {
    {"readinto(self, buffer, /)", method_readinto},
    {"peek(self, size=0, /)", method_peek},
    {"read1(self, size=-1, /)", method_read1},
};

const NativeDef kMemoryMethods[] = {
    {"getvalue(self, /)", method_getvalue},
    {"getbuffer(self, /)",
     [](VM& vm, const Value* a) {
       Ref bytes(method_getvalue(vm, a));
       return bytes.is_error() ? Value::error() : make_memory_view(vm, *bytes);
     }},
};

const GetSetDef kAttributes[] = {
    {"name",
     [](VM& vm, Value self) {
       if (file_of(self)->name.is_none()) return raise(vm, vm.types.AttributeError, "name");
       return new_ref(file_of(self)->name);
     }},
    {"mode", [](VM&, Value self) { return new_ref(file_of(self)->mode); }},
    {"closed", [](VM&, Value self) { return Value::boolean(file_of(self)->closed); }},
    {"encoding", [](VM&, Value self) { return new_ref(file_of(self)->encoding); }},
    {"errors", [](VM&, Value self) { return new_ref(file_of(self)->errors); }},
    {"newlines", [](VM&, Value self) { return new_ref(file_of(self)->newlines); }},
    {"line_buffering", [](VM&, Value self) { return Value::boolean(file_of(self)->line_buffered); }},
    {"buffer",
     [](VM& vm, Value self) -> Value {
       File* f = file_of(self);
       if (!f->text || f->memory)
         return raise(vm, vm.types.AttributeError, "'%s' object has no attribute 'buffer'", type_name(vm, self));
       // A binary stream over the same descriptor; what either holds is written out by its own flush.
       if (!flush_file(vm, f)) return Value::error();
       File* b = new_file(vm, f->readable ? vm.types.buffered_reader : vm.types.buffered_writer);
       b->fd = f->fd;
       b->owns_fd = false;
       b->text = false;
       b->readable = f->readable;
       b->writable = f->writable;
       b->unbuffered = true;
       b->name = new_ref(f->name);
       return Value::object(b);
     }},
};

void dealloc(VM& vm, Object* o) {
  auto* f = static_cast<File*>(o);
  if (!f->closed && f->fd >= 0) {
    Value pending = vm.pending;
    vm.pending = Value::unbound();
    if (!close_file(vm, f)) clear_pending(vm);
    vm.pending = pending;
  }
  delete f->buffer;
  for (Value v : {f->name, f->mode, f->encoding, f->errors, f->newlines}) release(v);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) { visit(static_cast<File*>(o)->name, context); }

Value repr_slot(VM& vm, Value self) {
  File* f = file_of(self);
  if (f->memory) return make_str_format(vm, "<_io.%s object at %p>", type_name(vm, self), static_cast<void*>(f));
  std::string out = std::string("<_io.") + type_name(vm, self);
  if (!f->name.is_none()) {
    out += " name=";
    if (!repr_to(vm, f->name, out)) return Value::error();
  }
  if (f->text) {
    out += " mode=";
    if (!repr_to(vm, f->mode, out)) return Value::error();
    out += " encoding=";
    if (is_str(f->encoding) ? !repr_to(vm, f->encoding, out) : (out += "'UTF-8'", false)) return Value::error();
  }
  return make_str(vm, out + ">");
}

void set_newline(File* f, Value newline) {
  if (newline.is_none()) {
    f->any_newline_ends = true;
    return;
  }
  std::string_view n = text_of(newline);
  f->raw_newlines = true;
  f->any_newline_ends = n.empty();
  if (n == "\r") f->line_end = '\r';
  if (!n.empty()) f->write_newline = std::string(n);
}

Value create_memory(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) {
  File* f = new_file(vm, type);
  f->memory = f->readable = f->writable = true;
  f->text = is_subtype(type, vm.types.string_io);
  f->any_newline_ends = false;
  return Value::object(f);
}

/// __init__: the arguments are looked at here, so that a class derived from a stream may take others.
bool init_memory(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  File* f = file_of(self);
  bool text = f->text;
  static const NativeDef kText = {"StringIO(initial_value='', newline='\\n')", nullptr};
  static const NativeDef kBytes = {"BytesIO(initial_bytes=b'')", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, text ? kText : kBytes, args, keywords, a, keep)) return false;
  std::string_view content;
  if (text && !a[0].is_none() && !is_str(a[0]))
    return fail(vm, vm.types.TypeError, "initial_value must be str or None, not %s", type_name(vm, a[0]));
  if (text && is_str(a[0])) content = text_of(a[0]);
  if (!text && !a[0].is_none() && !arg_bytes(vm, a[0], content)) return false;
  if (text) set_newline(f, a[1]);
  f->any_newline_ends = false;
  f->buffer->assign(content);
  return true;
}

/// TextIOWrapper(buffer, ...) is an object of the language; other files come from open().
Value create_refused(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (type == vm.types.text_file && vm.callbacks.import_module) {
    Ref module(vm.callbacks.import_module(vm, "_io_bases"));
    if (module.is_error()) return Value::error();
    Ref wrapper(get_attr(vm, *module, vm.name("TextWrapper")));
    return wrapper.is_error() ? Value::error() : call(vm, *wrapper, args, keywords);
  }
  return raise(vm, vm.types.NotImplementedError, "%s is made by open() only", type->name->data);
}

void fill_type(VM& vm, Type* t, bool memory) {
  t->instance_size = sizeof(File);
  t->attributes_offset = offsetof(File, shape);
  t->has_dict = true;
  t->is_gc = true;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.repr = repr_slot;
  t->slots.iter = [](VM&, Value self) { return new_ref(self); };
  t->slots.next = next_line;
  t->slots.create = memory ? create_memory : create_refused;
  if (memory) t->slots.init = init_memory;
  finish_type(vm, t, {.methods = kMethods, .getset = kAttributes});
}

}  // namespace

namespace {

struct StandardStreams : Extension {
  Value streams[3];
  Value unsupported;
  void clear(VM& vm) override {
    Ref drop_class(unsupported);
    unsupported = Value();
    for (Value& v : streams) {
      if (is_file(v) && !file_of(v)->closed && !flush_file(vm, file_of(v))) clear_pending(vm);
      Ref drop(v);
      v = Value();
    }
  }
};

}  // namespace

Type* unsupported_operation(VM& vm) {
  Value& cls = vm.extension<StandardStreams>().unsupported;
  if (cls.is_unbound()) {
    Ref name(make_ascii(vm, "UnsupportedOperation")), dict(make_dict(vm)), module(make_ascii(vm, "io"));
    Ref bases(make_tuple(vm, {Value::object(vm.types.OSError), Value::object(vm.types.ValueError)}));
    dict_set(vm, as<Dict>(*dict), vm.names.module, *module);
    cls = make_class(vm, vm.types.type, *name, *bases, *dict);
    TSVM_CHECK(!cls.is_error(), "io.UnsupportedOperation could not be made");
  }
  return as<Type>(cls);
}

Value open_file(VM& vm, const Value* a) {
  std::string_view mode;
  if (!arg_str(vm, a[1], "open() argument 'mode'", mode)) return Value::error();
  bool reading = false, writing = false, appending = false, creating = false, updating = false, binary = false,
       text = false;
  for (char c : mode) {
    bool* flag = c == 'r'   ? &reading
                 : c == 'w' ? &writing
                 : c == 'a' ? &appending
                 : c == 'x' ? &creating
                 : c == '+' ? &updating
                 : c == 'b' ? &binary
                 : c == 't' ? &text
                            : nullptr;
    if (!flag || *flag)
      return raise(vm, vm.types.ValueError, "invalid mode: '%.*s'", static_cast<int>(mode.size()), mode.data());
    *flag = true;
  }
  if (text && binary) return raise(vm, vm.types.ValueError, "can't have text and binary mode at once");
  if (reading + writing + appending + creating != 1)
    return raise(vm, vm.types.ValueError, "must have exactly one of create/read/write/append mode");
  if (binary && !a[3].is_none()) return raise(vm, vm.types.ValueError, "binary mode doesn't take an encoding argument");
  if (binary && !a[4].is_none()) return raise(vm, vm.types.ValueError, "binary mode doesn't take an errors argument");
  if (binary && !a[5].is_none()) return raise(vm, vm.types.ValueError, "binary mode doesn't take a newline argument");
  if (!a[5].is_none()) {
    if (!is_str(a[5]))
      return raise(vm, vm.types.TypeError, "open() argument 'newline' must be str or None, not %s",
                   type_name(vm, a[5]));
    std::string_view n = text_of(a[5]);
    if (n != "" && n != "\n" && n != "\r" && n != "\r\n")
      return raise(vm, vm.types.ValueError, "illegal newline value: '%.*s'", static_cast<int>(n.size()), n.data());
  }
  int64_t buffering = -1;
  if (!arg_int(vm, a[2], buffering)) return Value::error();
  if (buffering == 0 && !binary) return raise(vm, vm.types.ValueError, "can't have unbuffered text I/O");
  if (!a[3].is_none()) {  // an unknown encoding is refused before the file is touched
    if (!is_str(a[3]))
      return raise(vm, vm.types.TypeError, "open() argument 'encoding' must be str or None, not %s",
                   type_name(vm, a[3]));
    Ref probe(decode_bytes(vm, "", text_of(a[3]), "strict"));
    if (probe.is_error()) return Value::error();
  }
  int fd = -1;
  bool owns = true;
  if (is_integer(a[0]) && !a[0].is_bool()) {
    int64_t n = 0;
    if (!to_int64(vm, a[0], n)) return Value::error();
    if (n < 0) return raise(vm, vm.types.ValueError, "negative file descriptor");
    fd = static_cast<int>(n);
    owns = truth(vm, a[6]) == 1;
  } else {
    std::string path;
    if (!arg_path(vm, a[0], path)) {
      if (pending_is(vm, vm.types.TypeError)) {
        clear_pending(vm);
        return raise(vm, vm.types.TypeError, "expected str, bytes or os.PathLike object, not %s", type_name(vm, a[0]));
      }
      return Value::error();
    }
    if (path.find('\0') != std::string::npos) return raise(vm, vm.types.ValueError, "embedded null byte");
    int flags = O_CLOEXEC | (updating ? O_RDWR : reading ? O_RDONLY : O_WRONLY);
    if (writing) flags |= O_CREAT | O_TRUNC;
    if (appending) flags |= O_CREAT | O_APPEND;
    if (creating) flags |= O_CREAT | O_EXCL;
    if (writing || updating) MappedFile::before_truncation(path);
    while ((fd = ::open(path.c_str(), flags, 0666)) < 0 && errno == EINTR) {
    }
    if (fd < 0) return raise_os_error(vm, errno, path);
    struct stat st;
    if (::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
      ::close(fd);
      return raise_os_error(vm, EISDIR, path);
    }
  }
  bool can_read = reading || updating, can_write = !reading || updating;
  Type* type = !binary                  ? vm.types.text_file
               : can_read && !can_write ? vm.types.buffered_reader
                                        : vm.types.buffered_writer;
  File* f = new_file(vm, type);
  f->fd = fd;
  f->owns_fd = owns;
  f->text = !binary;
  f->readable = can_read;
  f->writable = can_write;
  f->appending = appending;
  f->unbuffered = buffering == 0;
  f->line_buffered = buffering == 1 || (buffering < 0 && !binary && ::isatty(fd));
  f->name = new_ref(a[0]);
  f->mode = binary ? make_str(vm, updating ? std::string("rb+") : std::string(mode)) : new_ref(a[1]);
  if (!binary) {
    f->encoding = a[3].is_none() ? make_ascii(vm, "UTF-8") : new_ref(a[3]);
    f->errors = a[4].is_none() ? make_ascii(vm, "strict") : new_ref(a[4]);
    set_newline(f, a[5]);
  } else {
    f->any_newline_ends = false;
  }
  return Value::object(f);
}

Value make_descriptor_stream(VM& vm, int fd, const char* name, const char* mode, bool line_buffered) {
  File* f = new_file(vm, vm.types.text_file);
  f->fd = fd;
  f->owns_fd = false;
  f->readable = mode[0] == 'r';
  f->writable = !f->readable;
  f->line_buffered = line_buffered;
  f->name = make_str(vm, name);
  f->mode = make_str(vm, mode);
  f->encoding = make_ascii(vm, "utf-8");
  f->errors = make_ascii(vm, fd == 2 ? "backslashreplace" : "strict");
  return Value::object(f);
}

/// Our own streams, made when first used.
static Value own_stream(VM& vm, int number) {
  Value& slot = vm.extension<StandardStreams>().streams[number];
  if (slot.is_unbound()) {
    int fd = number == 0 ? vm.options.stdin_fd : number == 1 ? vm.options.stdout_fd : vm.options.stderr_fd;
    static const char* const kNames[] = {"<stdin>", "<stdout>", "<stderr>"};
    slot = make_descriptor_stream(vm, fd, kNames[number], number ? "w" : "r",
                                  number == 2 || (number == 1 && ::isatty(fd)));
    if (number && vm.options.write) file_of(slot)->sink = number;
  }
  return new_ref(slot);
}

Value standard_stream(VM& vm, int number) {
  static const char* const kNames[] = {"stdin", "stdout", "stderr"};
  Value sys = dict_get_borrow(vm.modules, vm.name("sys"));
  if (is_kind(sys, Kind::Module)) {
    Value stream = dict_get_borrow(as<Module>(sys)->dict, vm.name(kNames[number]));
    if (!stream.is_unbound()) return new_ref(stream);
    return raise(vm, vm.types.RuntimeError, "lost sys.%s", kNames[number]);
  }
  return own_stream(vm, number);
}

Value original_stream(VM& vm, int number) { return own_stream(vm, number); }

bool write_text(VM& vm, Value stream, std::string_view text) {
  if (is_file(stream) && file_of(stream)->text && stream.o->type->is_heap == false) {
    File* f = file_of(stream);
    return check_open(vm, f) && write_str(vm, f, text);
  }
  Ref s(make_str(vm, text));
  Value args[] = {*s};
  Ref done(call_method(vm, stream, "write", args));
  return !done.is_error();
}

bool flush_standard_streams(VM& vm) {
  bool ok = true;
  for (int number : {1, 2}) {
    Value sys = dict_get_borrow(vm.modules, vm.name("sys"));
    Value stream = vm.extension<StandardStreams>().streams[number];
    if (is_kind(sys, Kind::Module)) {
      Value current = dict_get_borrow(as<Module>(sys)->dict, vm.name(number == 1 ? "stdout" : "stderr"));
      if (current.is_object() && !current.same(stream)) {
        Ref done(call_method(vm, current, "flush"));
        if (done.is_error()) clear_pending(vm);
      }
    }
    if (ok && is_file(stream) && !file_of(stream)->closed) ok = flush_file(vm, file_of(stream));
  }
  return ok;
}

static void add_methods(VM& vm, Type* t, std::span<const NativeDef> defs) {
  for (const NativeDef& def : defs) {
    Ref method(make_native_function(vm, &def));
    auto* function = as<NativeFunction>(*method);
    function->owner = t;
    function->type = vm.types.method_descriptor;
    dict_set(vm, t->dict, function->name, *method);
  }
}

void init_file(VM& vm) {
  for (Type* t : {vm.types.text_file, vm.types.buffered_reader, vm.types.buffered_writer}) fill_type(vm, t, false);
  for (Type* t : {vm.types.string_io, vm.types.bytes_io}) {
    fill_type(vm, t, true);
    add_methods(vm, t, kMemoryMethods);
  }
  for (Type* t : {vm.types.buffered_reader, vm.types.bytes_io}) add_methods(vm, t, kBinaryMethods);
}

}  // namespace tsvm::vm
