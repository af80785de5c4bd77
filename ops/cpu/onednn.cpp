// Mechanism: a convolution is described to oneDNN once. What it needs (the primitive, the layouts it wants and the
// reorders to and from ours) is kept in a table of bounded size, the least recently used entry leaving first. The key
// is everything the description depends on, the number of threads included.
//
// An entry's memory objects are bound to data only while it runs, under the entry's lock.
#include "ops/cpu/onednn.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "ops/cpu/parallel.h"
#include "ops/tensor/allocator.h"

namespace tsvm::ops::cpu {
namespace {

#define TSVM_ONEDNN_FUNCTIONS(X)                    \
  X(engine_create)                                  \
  X(stream_create)                                  \
  X(stream_wait)                                    \
  X(memory_desc_init_by_strides)                    \
  X(memory_desc_init_by_tag)                        \
  X(memory_desc_equal)                              \
  X(memory_desc_get_size)                           \
  X(dilated_convolution_forward_desc_init)          \
  X(dilated_convolution_backward_data_desc_init)    \
  X(dilated_convolution_backward_weights_desc_init) \
  X(primitive_desc_create)                          \
  X(primitive_desc_destroy)                         \
  X(primitive_desc_query_md)                        \
  X(primitive_create)                               \
  X(primitive_destroy)                              \
  X(primitive_execute)                              \
  X(reorder_primitive_desc_create)                  \
  X(memory_create)                                  \
  X(memory_destroy)                                 \
  X(memory_set_data_handle)

struct Library {
#define TSVM_FUNCTION(name) decltype(&dnnl_##name) name = nullptr;
  TSVM_ONEDNN_FUNCTIONS(TSVM_FUNCTION)
#undef TSVM_FUNCTION
  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;
  bool complete = false;
};

Library load() {
  Library l;
  // The headers' major version: descriptors are structures of that version.
  static_assert(DNNL_VERSION_MAJOR == 2, "written for oneDNN 2");
  void* handle = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return l;
#define TSVM_FUNCTION(name)                                                  \
  l.name = reinterpret_cast<decltype(l.name)>(dlsym(handle, "dnnl_" #name)); \
  if (!l.name) return l;
  TSVM_ONEDNN_FUNCTIONS(TSVM_FUNCTION)
#undef TSVM_FUNCTION
  l.complete = l.engine_create(&l.engine, dnnl_cpu, 0) == dnnl_success &&
               l.stream_create(&l.stream, l.engine, dnnl_stream_default_flags) == dnnl_success;
  return l;
}

const Library& library() {
  static const Library l = load();
  return l;
}

/// One argument of a primitive: our layout, the layout that the primitive wants, and the reorder between them.
struct Argument {
  dnnl_memory_t ours = nullptr, theirs = nullptr;
  dnnl_primitive_t reorder = nullptr;
  size_t bytes = 0;  // of a buffer in their layout; 0: ours is used directly

  void destroy(const Library& l) {
    if (theirs && theirs != ours) l.memory_destroy(theirs);
    if (ours) l.memory_destroy(ours);
    if (reorder) l.primitive_destroy(reorder);
  }
};

struct Entry {
  std::mutex mutex;
  dnnl_primitive_t primitive = nullptr;
  Argument x, w, y;
  dnnl_memory_t bias = nullptr;
  bool usable = false;

  ~Entry() {
    const Library& l = library();
    if (primitive) l.primitive_destroy(primitive);
    x.destroy(l);
    w.destroy(l);
    y.destroy(l);
    if (bias) l.memory_destroy(bias);
  }
};

struct Key {
  ConvGeometry geometry;
  int64_t part, bias, threads;
  bool operator==(const Key& o) const { return std::memcmp(this, &o, sizeof(Key)) == 0; }
};
struct KeyHash {
  size_t operator()(const Key& k) const {
    uint64_t words[sizeof(Key) / 8], h = 0x9e3779b97f4a7c15u;
    static_assert(sizeof(Key) % 8 == 0);
    std::memcpy(words, &k, sizeof k);
    for (uint64_t w : words) h = (h ^ w) * 0xff51afd7ed558ccdu, h ^= h >> 32;
    return h;
  }
};

constexpr size_t kMaxEntries = 512;

/// The least recently used entry is the last of the list.
struct Table {
  using Item = std::pair<Key, std::shared_ptr<Entry>>;
  std::mutex mutex;
  std::list<Item> items;
  std::unordered_map<Key, std::list<Item>::iterator, KeyHash> places;

  std::shared_ptr<Entry> find(const Key& key) {
    const std::lock_guard lock(mutex);
    auto it = places.find(key);
    if (it == places.end()) return nullptr;
    items.splice(items.begin(), items, it->second);
    return it->second->second;
  }
  void add(const Key& key, std::shared_ptr<Entry> entry) {
    const std::lock_guard lock(mutex);
    if (places.count(key)) return;
    items.emplace_front(key, std::move(entry));
    places[key] = items.begin();
    if (items.size() > kMaxEntries) {
      places.erase(items.back().first);
      items.pop_back();
    }
  }
};

Table& table() {
  static Table* t = new Table;  // never destroyed: the library may be gone by then
  return *t;
}

bool make_memory(const Library& l, const dnnl_memory_desc_t& d, dnnl_memory_t& out) {
  return l.memory_create(&out, &d, l.engine, DNNL_MEMORY_NONE) == dnnl_success;
}

/// `output`: the primitive writes it.
bool make_argument(const Library& l, dnnl_primitive_desc_t pd, dnnl_query_t what, const dnnl_memory_desc_t& ours,
                   bool output, Argument& a) {
  const dnnl_memory_desc_t* wanted = l.primitive_desc_query_md(pd, what, 0);
  if (!wanted || !make_memory(l, ours, a.ours)) return false;
  if (l.memory_desc_equal(wanted, &ours)) {
    a.theirs = a.ours;
    return true;
  }
  a.bytes = l.memory_desc_get_size(wanted);
  if (!make_memory(l, *wanted, a.theirs)) return false;
  dnnl_primitive_desc_t reorder;
  const dnnl_memory_desc_t* from = output ? wanted : &ours;
  const dnnl_memory_desc_t* to = output ? &ours : wanted;
  if (l.reorder_primitive_desc_create(&reorder, from, l.engine, to, l.engine, nullptr) != dnnl_success) return false;
  const bool ok = l.primitive_create(&a.reorder, reorder) == dnnl_success;
  l.primitive_desc_destroy(reorder);
  return ok;
}

bool build(const Library& l, ConvPart part, const ConvGeometry& g, bool has_bias, Entry& e) {
  const int nd = static_cast<int>(g.dims), rank = nd + 2, first = 3 - nd;
  dnnl_dims_t x_dims, y_dims, x_strides, y_strides, w_dims, w_strides;
  auto image = [&](const int64_t* size, int64_t channels, dnnl_dims_t dims, dnnl_dims_t strides) {
    dims[0] = g.batch;
    dims[1] = channels;
    for (int d = 0; d < nd; d++) dims[2 + d] = size[first + d];
    int64_t step = g.channels_last ? channels : 1;
    for (int d = nd - 1; d >= 0; d--) {
      strides[2 + d] = step;
      step *= dims[2 + d];
    }
    strides[1] = g.channels_last ? 1 : step;
    strides[0] = g.channels_last ? step : step * channels;
  };
  image(g.input, g.in_channels, x_dims, x_strides);
  image(g.output, g.out_channels, y_dims, y_strides);
  int wr = 0;
  if (g.groups > 1) w_dims[wr++] = g.groups;
  w_dims[wr++] = g.out_channels / g.groups;
  w_dims[wr++] = g.in_channels / g.groups;
  for (int d = 0; d < nd; d++) w_dims[wr++] = g.kernel[first + d];
  int64_t step = 1;
  for (int d = wr - 1; d >= 0; d--) {
    w_strides[d] = step;
    step *= w_dims[d];
  }
  dnnl_memory_desc_t x, w, y, x_any, w_any, y_any, b;
  const dnnl_dims_t b_dims = {g.out_channels};
  auto any = [&](dnnl_memory_desc_t& d, int n, const dnnl_dims_t dims) {
    return l.memory_desc_init_by_tag(&d, n, dims, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
  };
  if (l.memory_desc_init_by_strides(&x, rank, x_dims, dnnl_f32, x_strides) != dnnl_success ||
      l.memory_desc_init_by_strides(&y, rank, y_dims, dnnl_f32, y_strides) != dnnl_success ||
      l.memory_desc_init_by_strides(&w, wr, w_dims, dnnl_f32, w_strides) != dnnl_success ||
      l.memory_desc_init_by_tag(&b, 1, b_dims, dnnl_f32, dnnl_a) != dnnl_success || !any(x_any, rank, x_dims) ||
      !any(y_any, rank, y_dims) || !any(w_any, wr, w_dims))
    return false;
  // Images in channels-last order stay so; others are best in blocks of channels.
  if (g.channels_last) x_any = x, y_any = y;
  dnnl_dims_t strides, dilates, left, right;
  for (int d = 0; d < nd; d++) {
    const int i = first + d;
    strides[d] = g.stride[i];
    dilates[d] = g.dilation[i] - 1;
    left[d] = g.padding[i];
    const int64_t reach = (g.kernel[i] - 1) * g.dilation[i] + 1;
    right[d] = (g.output[i] - 1) * g.stride[i] + reach - g.input[i] - left[d];
  }
  auto create = [&](const void* desc, dnnl_primitive_desc_t hint, dnnl_primitive_desc_t& out) {
    return l.primitive_desc_create(&out, desc, nullptr, l.engine, hint) == dnnl_success;
  };
  dnnl_primitive_desc_t pd = nullptr, forward = nullptr;
  dnnl_convolution_desc_t desc;
  if (l.dilated_convolution_forward_desc_init(
          &desc, part == ConvPart::Forward ? dnnl_forward_inference : dnnl_forward_training, dnnl_convolution_direct,
          &x_any, &w_any, has_bias ? &b : nullptr, &y_any, strides, dilates, left, right) != dnnl_success ||
      !create(&desc, nullptr, forward))
    return false;
  if (part == ConvPart::Forward) {
    pd = forward;
  } else {
    const bool ok =
        part == ConvPart::BackwardInput
            ? l.dilated_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &x_any, &w_any, &y_any,
                                                            strides, dilates, left, right) == dnnl_success
            : l.dilated_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &x_any, &w_any, nullptr,
                                                               &y_any, strides, dilates, left, right) == dnnl_success;
    const bool made = ok && create(&desc, forward, pd);
    l.primitive_desc_destroy(forward);
    if (!made) return false;
  }
  const bool input = part == ConvPart::BackwardInput, weight = part == ConvPart::BackwardWeight;
  const bool ok = make_argument(l, pd, input ? dnnl_query_diff_src_md : dnnl_query_src_md, x, input, e.x) &&
                  make_argument(l, pd, weight ? dnnl_query_diff_weights_md : dnnl_query_weights_md, w, weight, e.w) &&
                  make_argument(l, pd, part == ConvPart::Forward ? dnnl_query_dst_md : dnnl_query_diff_dst_md, y,
                                part == ConvPart::Forward, e.y) &&
                  (!has_bias || make_memory(l, b, e.bias)) && l.primitive_create(&e.primitive, pd) == dnnl_success;
  l.primitive_desc_destroy(pd);
  return ok;
}

class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes), data_(bytes ? allocate(bytes) : nullptr) {}
  ~Buffer() {
    if (data_) deallocate(data_, bytes_);
  }
  void* data() const { return data_; }

 private:
  size_t bytes_;
  void* data_;
};

/// Binds the argument to data; an input is brought into the wanted layout.
bool bind(const Library& l, const Argument& a, void* data, const Buffer& buffer, bool input) {
  if (l.memory_set_data_handle(a.ours, data) != dnnl_success) return false;
  if (!a.bytes) return true;
  if (l.memory_set_data_handle(a.theirs, buffer.data()) != dnnl_success) return false;
  if (!input) return true;
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, a.ours}, {DNNL_ARG_TO, a.theirs}};
  return l.primitive_execute(a.reorder, l.stream, 2, args) == dnnl_success;
}
bool finish(const Library& l, const Argument& a) {
  if (!a.bytes) return true;
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, a.theirs}, {DNNL_ARG_TO, a.ours}};
  return l.primitive_execute(a.reorder, l.stream, 2, args) == dnnl_success;
}

}  // namespace

bool onednn_convolution(ConvPart part, const ConvGeometry& g, float* x, float* w, const float* bias, float* y) {
  const Library& l = library();
  if (!l.complete) return false;
  Key key;
  std::memset(&key, 0, sizeof key);
  std::memcpy(&key.geometry, &g, sizeof g);
  key.part = static_cast<int64_t>(part);
  key.bias = bias != nullptr;
  key.threads = num_threads();
  std::shared_ptr<Entry> e = table().find(key);
  if (!e) {
    e = std::make_shared<Entry>();
    e->usable = build(l, part, g, bias != nullptr, *e);
    table().add(key, e);
  }
  if (!e->usable) return false;
  const std::lock_guard lock(e->mutex);
  const Buffer bx(e->x.bytes), bw(e->w.bytes), by(e->y.bytes);
  if (!bind(l, e->x, x, bx, part != ConvPart::BackwardInput) ||
      !bind(l, e->w, w, bw, part != ConvPart::BackwardWeight) || !bind(l, e->y, y, by, part != ConvPart::Forward))
    return false;
  dnnl_exec_arg_t args[4];
  int n = 0;
  args[n++] = {part == ConvPart::BackwardInput ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, e->x.theirs};
  args[n++] = {part == ConvPart::BackwardWeight ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, e->w.theirs};
  args[n++] = {part == ConvPart::Forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, e->y.theirs};
  if (bias) {
    if (l.memory_set_data_handle(e->bias, const_cast<float*>(bias)) != dnnl_success) return false;
    args[n++] = {DNNL_ARG_BIAS, e->bias};
  }
  if (l.primitive_execute(e->primitive, l.stream, n, args) != dnnl_success) return false;
  const Argument& out = part == ConvPart::Forward ? e->y : part == ConvPart::BackwardInput ? e->x : e->w;
  return finish(l, out) && l.stream_wait(l.stream) == dnnl_success;
}

}  // namespace tsvm::ops::cpu

#else

namespace tsvm::ops::cpu {
bool onednn_convolution(ConvPart, const ConvGeometry&, float*, float*, const float*, float*) { return false; }
}  // namespace tsvm::ops::cpu

#endif
