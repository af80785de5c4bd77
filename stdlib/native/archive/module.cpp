// `_archive`: the bytes of files, zip archives, and storages made from them; under torch.serialization and zipfile.
//
// `Bytes` is a file or a bytes object; `Zip` is an archive in one. A storage made from a mapped file shares its memory
// (and keeps the mapping alive); from anything else it is a copy. `Writer` writes an archive to a file object, or to a
// new file beside the target that takes the target's name when it is complete.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "stdlib/native/archive/crc32.h"
#include "stdlib/native/archive/zip_reader.h"
#include "stdlib/native/archive/zip_writer.h"
#include "stdlib/native/modules.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

struct ArchiveTypes : Extension {
  Type *bytes = nullptr, *zip = nullptr, *writer = nullptr;
  std::atomic<bool>* watched = nullptr;
  ~ArchiveTypes() override {
    if (watched) MappedFile::unwatch(watched);
  }
};

struct BytesState {
  std::shared_ptr<MappedFile> file;
  Ref object;  // a bytes object where there is no file
  std::span<const uint8_t> bytes() const {
    if (file) return file->bytes();
    std::string_view v = bytes_of(*object);
    return {reinterpret_cast<const uint8_t*>(v.data()), v.size()};
  }
};
struct BytesObject : Object {
  BytesState* state;
};
struct ZipState {
  Ref bytes;  // a BytesObject
  archive::ZipReader reader;
};
struct ZipObject : Object {
  ZipState* state;
};

BytesState& bytes_state(Value v) { return *static_cast<BytesObject*>(v.o)->state; }
ZipState& zip_state(Value v) { return *static_cast<ZipObject*>(v.o)->state; }

bool range(VM& vm, const BytesState& b, Value begin, Value size, std::span<const uint8_t>& out) {
  int64_t at, n;
  if (!arg_int(vm, begin, at) || !arg_int(vm, size, n)) return false;
  std::span<const uint8_t> all = b.bytes();
  if (at < 0 || n < 0 || static_cast<uint64_t>(at) > all.size() ||
      static_cast<uint64_t>(n) > all.size() - static_cast<uint64_t>(at))
    return fail(vm, vm.types.RuntimeError, "unexpected EOF, expected %lld more bytes. The file might be corrupted.",
                static_cast<long long>(n));
  out = all.subspan(static_cast<size_t>(at), static_cast<size_t>(n));
  return true;
}

void drop_mapping(void*, void* context, size_t) noexcept { delete static_cast<std::shared_ptr<MappedFile>*>(context); }

/// The bytes as a storage: the mapping itself where there is one and the elements are aligned in it.
Value storage_of(VM& vm, const BytesState& b, std::span<const uint8_t> data, ops::DType dtype) {
  try {
    uint8_t* writable = b.file ? b.file->writable() : nullptr;
    if (writable && !data.empty() && reinterpret_cast<uintptr_t>(data.data()) % ops::item_size(dtype) == 0) {
      auto* keep = new std::shared_ptr<MappedFile>(b.file);
      ops::Storage s =
          ops::Storage::foreign(writable + (data.data() - b.file->bytes().data()), data.size(), drop_mapping, keep);
      s->set_flag(ops::StorageImpl::kResizable, true);
      return make_storage(vm, s, dtype);
    }
    ops::Storage s = ops::Storage::allocate(data.size());
    if (!data.empty()) std::memcpy(s->data(), data.data(), data.size());
    return make_storage(vm, s, dtype);
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

bool dtype_arg(VM& vm, Value v, ops::DType& out) {
  if (v.tag != Tag::DType) return fail(vm, vm.types.TypeError, "expected a dtype, not %s", type_name(vm, v));
  out = unpack_dtype(v);
  return true;
}

// --- Bytes ---------------------------------------------------------------------------------------------------------

Value bytes_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "Bytes", keywords) || !arg_count(vm, "Bytes", args.size(), 1, 1)) return Value::error();
  std::shared_ptr<MappedFile> file;
  if (!is_kind(args[0], Kind::Bytes)) {
    std::string path;
    if (!arg_path(vm, args[0], path)) return Value::error();
    int error = 0;
    file = MappedFile::open(path, error);
    if (!file) return raise_os_error(vm, error, path);
    if (file->writable()) {
      ArchiveTypes& types = vm.extension<ArchiveTypes>();
      types.watched = &vm.interrupted;
      MappedFile::watch(types.watched);
      vm.callbacks.at_safe_point = [](VM& v) {
        if (!MappedFile::take_cut_short()) return true;
        (void)raise(v, v.types.OSError,
                    "a file was cut short by another program while its weights were in use (mapped)");
        return false;
      };
    }
  }
  auto* o = allocate_object<BytesObject>(vm, type, Kind::Native);
  o->state = new BytesState();
  o->state->file = std::move(file);
  if (!o->state->file) o->state->object = Ref::copy(args[0]);
  return Value::object(o);
}

const NativeDef kBytesMethods[] = {
    {"slice(self, begin, size, /)",
     [](VM& vm, const Value* a) {
       std::span<const uint8_t> data;
       if (!range(vm, bytes_state(a[0]), a[1], a[2], data)) return Value::error();
       return make_bytes(vm, {reinterpret_cast<const char*>(data.data()), data.size()});
     }},
    {"storage(self, dtype, begin, size, /)",
     [](VM& vm, const Value* a) {
       ops::DType dtype = ops::DType::UInt8;
       std::span<const uint8_t> data;
       if (!dtype_arg(vm, a[1], dtype) || !range(vm, bytes_state(a[0]), a[2], a[3], data)) return Value::error();
       return storage_of(vm, bytes_state(a[0]), data, dtype);
     }},
};

// --- Zip -----------------------------------------------------------------------------------------------------------

Value zip_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "Zip", keywords) || !arg_count(vm, "Zip", args.size(), 1, 1)) return Value::error();
  if (!args[0].is_object() || args[0].o->type != vm.extension<ArchiveTypes>().bytes)
    return raise(vm, vm.types.TypeError, "Zip() takes Bytes, not %s", type_name(vm, args[0]));
  auto state = std::make_unique<ZipState>();
  std::string error;
  if (!state->reader.open(bytes_state(args[0]).bytes(), error))
    return raise(vm, vm.types.RuntimeError, "%s", error.c_str());
  state->bytes = Ref::copy(args[0]);
  auto* o = allocate_object<ZipObject>(vm, type, Kind::Native);
  o->state = state.release();
  return Value::object(o);
}

const archive::ZipEntry* entry_of(VM& vm, const Value* a) {
  std::string_view name;
  if (!arg_str(vm, a[1], "name", name)) return nullptr;
  const archive::ZipEntry* e = zip_state(a[0]).reader.find(name);
  if (!e) (void)raise_key_error(vm, a[1]);
  return e;
}

const NativeDef kZipMethods[] = {
    {"names(self, /)",
     [](VM& vm, const Value* a) {
       Ref list(make_list(vm));
       for (const archive::ZipEntry& e : zip_state(a[0]).reader.entries()) {
         Ref name(make_bytes(vm, e.name));
         Value text = call_method(vm, *name, "decode");
         if (text.is_error()) {
           clear_pending(vm);
           Ref cp(make_ascii(vm, "latin-1"));
           Value codec = *cp;
           text = call_method(vm, *name, "decode", {&codec, 1});
           if (text.is_error()) return Value::error();
         }
         Ref owned(text);
         list_append(vm, as<List>(*list), *owned);
       }
       return list.take();
     }},
    {"info(self, name, /)",
     [](VM& vm, const Value* a) {
       const archive::ZipEntry* e = entry_of(vm, a);
       if (!e) return Value::error();
       auto n = [](uint64_t v) { return Value::integer(static_cast<int64_t>(v)); };
       return make_tuple(
           vm, {n(e->size), n(e->compressed_size), n(e->crc), n(e->method), n(e->date), n(e->time), n(e->attributes)});
     },
     "(size, compressed size, checksum, method, date, time, attributes)"},
    {"read(self, name, check=False, /)",
     [](VM& vm, const Value* a) {
       const archive::ZipEntry* e = entry_of(vm, a);
       if (!e) return Value::error();
       std::string out(e->size, '\0');
       std::string error;
       auto* data = reinterpret_cast<uint8_t*>(out.data());
       if (!zip_state(a[0]).reader.read(*e, data, error)) return raise(vm, vm.types.RuntimeError, "%s", error.c_str());
       if (a[2].is_true() && archive::crc32(0, data, out.size()) != e->crc)
         return raise(vm, vm.types.RuntimeError, "Bad CRC-32 for file '%s'", e->name.c_str());
       return make_bytes(vm, out);
     }},
    {"storage(self, name, dtype, size, /)",
     [](VM& vm, const Value* a) {
       const archive::ZipEntry* e = entry_of(vm, a);
       ops::DType dtype = ops::DType::UInt8;
       int64_t size;
       if (!e || !dtype_arg(vm, a[2], dtype) || !arg_int(vm, a[3], size)) return Value::error();
       if (size < 0 || static_cast<uint64_t>(size) != e->size)
         return raise(vm, vm.types.RuntimeError,
                      "storage has wrong byte size: expected %lld bytes in %s, the archive has %llu",
                      static_cast<long long>(size), e->name.c_str(), static_cast<unsigned long long>(e->size));
       ZipState& z = zip_state(a[0]);
       if (e->method == 0) return storage_of(vm, bytes_state(*z.bytes), z.reader.stored(*e), dtype);
       try {
         ops::Storage s = ops::Storage::allocate(e->size);
         std::string error;
         if (e->size && !z.reader.read(*e, static_cast<uint8_t*>(s->data()), error))
           return raise(vm, vm.types.RuntimeError, "%s", error.c_str());
         return make_storage(vm, s, dtype);
       } catch (const ops::Error& error) {
         return raise_error(vm, error);
       }
     }},
};

// --- Writer --------------------------------------------------------------------------------------------------------

constexpr size_t kBuffer = 64 * 1024;
constexpr size_t kLargestWrite = 64 * 1024 * 1024;

/// Collects small pieces; `flush` is where they go.
class BufferedSink : public archive::Sink {
 public:
  bool write(const void* data, size_t size) override {
    if (size < kBuffer) {
      buffer_.append(static_cast<const char*>(data), size);
      return buffer_.size() < kBuffer || flush();
    }
    return flush() && put(static_cast<const char*>(data), size);
  }
  bool flush() {
    std::string out;
    out.swap(buffer_);
    return out.empty() || put(out.data(), out.size());
  }
  /// Everything is written: the file takes its name.
  virtual bool complete() { return flush(); }

 protected:
  virtual bool put(const char* data, size_t size) = 0;
  std::string buffer_;
};

class FileSink : public BufferedSink {
 public:
  explicit FileSink(VM& vm) : vm_(vm) {}
  ~FileSink() override {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  bool open(const std::string& path) {
    path_ = path;
    // A link is followed, so that the file behind it is replaced and not the link.
    if (char* real = ::realpath(path.c_str(), nullptr)) {
      path_ = real;
      std::free(real);
    }
    struct stat st {};
    bool exists = ::stat(path_.c_str(), &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) return error(EISDIR);
    if (!exists || S_ISREG(st.st_mode)) {
      size_t slash = path_.rfind('/');
      temporary_ = (slash == std::string::npos ? std::string(".") : path_.substr(0, slash + 1) + ".") +
                   path_.substr(slash == std::string::npos ? 0 : slash + 1) + ".XXXXXX";
      fd_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
      if (fd_ >= 0) {
        mode_t mask = ::umask(0);
        ::umask(mask);
        (void)::fchmod(fd_, exists ? st.st_mode & 07777 : 0666 & ~mask);
        return true;
      }
      temporary_.clear();
      if (errno != EACCES && errno != EROFS && errno != EPERM && errno != ENAMETOOLONG) return error(errno);
    }
    // Not a plain file, or one in a folder that takes no new ones: written in place.
    MappedFile::before_truncation(path_);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd_ >= 0 || error(errno);
  }

  bool complete() override {
    if (!flush()) return false;
    int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0 && errno != EINTR) return error(errno);
    if (temporary_.empty()) return true;
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return error(errno);
    temporary_.clear();
    return true;
  }

 protected:
  bool put(const char* data, size_t size) override {
    while (size) {
      ssize_t n = ::write(fd_, data, std::min(size, kLargestWrite));
      if (n < 0) {
        if (errno == EINTR && (!vm_.interrupted || handle_interrupt(vm_))) continue;
        return vm_.pending.is_unbound() ? error(errno) : false;
      }
      data += n;
      size -= static_cast<size_t>(n);
    }
    return true;
  }

 private:
  bool error(int number) {
    (void)raise_os_error(vm_, number, path_);
    return false;
  }
  VM& vm_;
  std::string path_, temporary_;
  int fd_ = -1;
};

class ObjectSink : public BufferedSink {
 public:
  ObjectSink(VM& vm, Value file) : vm_(vm), file_(Ref::copy(file)) {}

 protected:
  bool put(const char* data, size_t size) override {
    while (size) {
      size_t n = std::min(size, kLargestWrite);
      Ref bytes(make_bytes(vm_, {data, n}));
      Value b = *bytes;
      Ref r(call_method(vm_, *file_, "write", {&b, 1}));
      if (r.is_error()) return false;
      data += n;
      size -= n;
    }
    return true;
  }

 private:
  VM& vm_;
  Ref file_;
};

struct WriterState {
  std::unique_ptr<BufferedSink> sink;
  std::unique_ptr<archive::ZipWriter> zip;
};
struct WriterObject : Object {
  WriterState* state;
};

Value writer_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "Writer", keywords) || !arg_count(vm, "Writer", args.size(), 1, 1)) return Value::error();
  auto state = std::make_unique<WriterState>();
  if (is_str(args[0])) {
    auto file = std::make_unique<FileSink>(vm);
    std::string path(text_of(args[0]));
    if (path.find('\0') != std::string::npos) return raise(vm, vm.types.ValueError, "embedded null byte");
    if (!file->open(path)) return Value::error();
    state->sink = std::move(file);
  } else {
    state->sink = std::make_unique<ObjectSink>(vm, args[0]);
  }
  state->zip = std::make_unique<archive::ZipWriter>(*state->sink);
  auto* o = allocate_object<WriterObject>(vm, type, Kind::Native);
  o->state = state.release();
  return Value::object(o);
}

bool open_writer(VM& vm, Value v, WriterState*& out) {
  out = static_cast<WriterObject*>(v.o)->state;
  return out->zip || fail(vm, vm.types.ValueError, "the archive is complete already");
}

const NativeDef kWriterMethods[] = {
    {"add(self, name, data, compress=False, alignment=64, descriptor=True, time=0, date=0, attributes=0, /)",
     [](VM& vm, const Value* a) {
       WriterState* w;
       std::string_view name;
       int64_t alignment, time, date, attributes;
       if (!open_writer(vm, a[0], w) || !arg_str(vm, a[1], "name", name) || !arg_int(vm, a[4], alignment) ||
           !arg_int(vm, a[6], time) || !arg_int(vm, a[7], date) || !arg_int(vm, a[8], attributes))
         return Value::error();
       if (name.size() > 0xffff) return raise(vm, vm.types.ValueError, "name of an archive's entry is too long");
       if (alignment < 1 || alignment > 32768) return raise(vm, vm.types.ValueError, "invalid alignment");
       archive::ZipWriter::Options options{.compress = a[3].is_true(),
                                           .alignment = static_cast<uint64_t>(alignment),
                                           .descriptor = a[5].is_true(),
                                           .time = static_cast<uint16_t>(time),
                                           .date = static_cast<uint16_t>(date),
                                           .attributes = static_cast<uint32_t>(attributes)};
       const void* data;
       uint64_t size;
       if (is_bytes_like(a[2])) {
         data = bytes_of(a[2]).data();
         size = bytes_of(a[2]).size();
       } else if (a[2].is_object() && a[2].o->type == torch_types(vm).storage) {
         data = unpack_storage(a[2])->data();
         size = unpack_storage(a[2])->nbytes();
       } else {
         return raise(vm, vm.types.TypeError, "an archive's entry must be bytes or a storage, not %s",
                      type_name(vm, a[2]));
       }
       return w->zip->add(name, data, size, options) ? Value::none() : Value::error();
     }},
    {"finish(self, always_64=True, comment=None, /)",
     [](VM& vm, const Value* a) {
       WriterState* w;
       std::string_view comment;
       if (!open_writer(vm, a[0], w) || (!a[2].is_none() && !arg_bytes(vm, a[2], comment))) return Value::error();
       if (comment.size() > 0xffff) return raise(vm, vm.types.ValueError, "comment of an archive is too long");
       bool ok = w->zip->finish(a[1].is_true(), comment) && w->sink->complete();
       w->zip.reset();
       w->sink.reset();
       return ok ? Value::none() : Value::error();
     }},
    {"discard(self, /)",
     [](VM&, const Value* a) {
       WriterState* w = static_cast<WriterObject*>(a[0].o)->state;
       w->zip.reset();
       w->sink.reset();
       return Value::none();
     }},
};

template <class T>
Type* make_type(VM& vm, const char* name, std::span<const NativeDef> methods,
                Value (*create)(VM&, Type*, std::span<const Value>, std::span<Str* const>)) {
  Type* t = new_type(vm, name, "_archive", vm.types.object, Kind::Native, sizeof(T));
  t->is_final = true;
  t->slots.create = create;
  t->slots.dealloc = [](VM&, Object* o) { delete static_cast<T*>(o)->state; };
  finish_type(vm, t, {.methods = methods});
  return t;
}

const NativeDef kFunctions[] = {
    {"crc32(data, value=0, /)",
     [](VM& vm, const Value* a) {
       std::string_view data;
       int64_t value;
       if (!arg_bytes(vm, a[0], data) || !arg_int(vm, a[1], value)) return Value::error();
       return Value::integer(archive::crc32(static_cast<uint32_t>(value), data.data(), data.size()));
     }},
    {"storage_bytes(storage, /)",
     [](VM& vm, const Value* a) {
       if (!a[0].is_object() ||
           (a[0].o->type != torch_types(vm).storage && a[0].o->type != torch_types(vm).untyped_storage))
         return raise(vm, vm.types.TypeError, "expected a storage, not %s", type_name(vm, a[0]));
       ops::Storage s = unpack_storage(a[0]);
       return make_bytes(vm, {static_cast<const char*>(s->data()), s->nbytes()});
     }},
};

}  // namespace

Value make_archive(VM& vm) {
  ArchiveTypes& types = vm.extension<ArchiveTypes>();
  if (!types.bytes) {
    types.bytes = make_type<BytesObject>(vm, "Bytes", kBytesMethods, bytes_create);
    types.bytes->slots.length = [](VM&, Value self) { return static_cast<int64_t>(bytes_state(self).bytes().size()); };
    types.zip = make_type<ZipObject>(vm, "Zip", kZipMethods, zip_create);
    types.writer = make_type<WriterObject>(vm, "Writer", kWriterMethods, writer_create);
  }
  ModuleBuilder m(vm, "_archive");
  m.functions(kFunctions).type(types.bytes).type(types.zip).type(types.writer);
  return m.take();
}

}  // namespace tsvm::stdlib
