// `_net`: downloads through libcurl, which is opened on first use (linking it would cost every start milliseconds).
//
// Only http and https are spoken, redirects included; file:// is the language's business.
#include <dlfcn.h>

#include <cstdint>
#include <string>

#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

// Numbers of libcurl's stable interface (curl/curl.h).
enum Option : int {
  kWriteData = 10001,
  kUrl = 10002,
  kErrorBuffer = 10010,
  kUserAgent = 10018,
  kHttpHeader = 10023,
  kXferInfoData = 10057,
  kNoProgress = 43,
  kFailOnError = 45,
  kFollowLocation = 52,
  kMaxRedirects = 68,
  kConnectTimeout = 78,
  kNoSignal = 99,
  kProtocols = 181,
  kRedirectProtocols = 182,
  kWriteFunction = 20011,
  kXferInfoFunction = 20219,
};
constexpr int kResponseCode = 0x200000 + 2;
constexpr long kHttpAndHttps = 1 | 2;

struct Curl {
  void* (*init)() = nullptr;
  int (*set)(void*, int, ...) = nullptr;
  int (*perform)(void*) = nullptr;
  void (*cleanup)(void*) = nullptr;
  int (*info)(void*, int, ...) = nullptr;
  const char* (*text)(int) = nullptr;
  void* (*append)(void*, const char*) = nullptr;
  void (*free_list)(void*) = nullptr;
  bool ok = false;

  Curl() {
    void* lib = nullptr;
    for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"})
      if ((lib = ::dlopen(name, RTLD_NOW | RTLD_LOCAL))) break;
    if (!lib) return;
    auto find = [&](auto& f, const char* name) {
      f = reinterpret_cast<std::remove_reference_t<decltype(f)>>(::dlsym(lib, name));
      return f != nullptr;
    };
    ok = find(init, "curl_easy_init") && find(set, "curl_easy_setopt") && find(perform, "curl_easy_perform") &&
         find(cleanup, "curl_easy_cleanup") && find(info, "curl_easy_getinfo") && find(text, "curl_easy_strerror") &&
         find(append, "curl_slist_append") && find(free_list, "curl_slist_free_all");
  }
};

struct Transfer {
  VM& vm;
  Value write, progress;  // callables or None
  bool failed = false;    // a callable raised
};

size_t on_data(char* data, size_t size, size_t count, void* context) {
  auto* t = static_cast<Transfer*>(context);
  Ref bytes(make_bytes(t->vm, {data, size * count}));
  Ref r(call(t->vm, t->write, {*bytes}));
  t->failed = r.is_error();
  return t->failed ? 0 : size * count;
}

int on_progress(void* context, int64_t total, int64_t now, int64_t, int64_t) {
  auto* t = static_cast<Transfer*>(context);
  if (t->failed || (t->vm.interrupted && !handle_interrupt(t->vm))) {
    t->failed = true;
    return 1;
  }
  if (t->progress.is_none()) return 0;
  Ref r(call(t->vm, t->progress, {Value::integer(now), Value::integer(total)}));
  t->failed = r.is_error();
  return t->failed ? 1 : 0;
}

/// (HTTP status, error text): the text is empty when all went well.
Value get(VM& vm, const Value* a) {
  static const Curl curl;
  if (!curl.ok) return raise(vm, vm.types.NotImplementedError, "downloads need libcurl.so.4 (package libcurl4)");
  std::string_view url;
  if (!arg_str(vm, a[0], "url", url)) return Value::error();
  Transfer transfer{vm, a[1], a[2]};
  void* list = nullptr;
  bool ok = a[3].is_none() || for_each(vm, a[3], [&](Value line) {
              std::string_view text;
              if (!arg_str(vm, line, "header", text)) return false;
              if (text.find('\n') != std::string_view::npos || text.find('\r') != std::string_view::npos)
                return fail(vm, vm.types.ValueError, "a header must be one line");
              list = curl.append(list, std::string(text).c_str());
              return true;
            });
  void* handle = ok ? curl.init() : nullptr;
  if (!handle) {
    curl.free_list(list);
    return ok ? raise(vm, vm.types.RuntimeError, "libcurl could not start a transfer") : Value::error();
  }
  char message[256] = "";
  std::string address(url);
  curl.set(handle, kUrl, address.c_str());
  curl.set(handle, kUserAgent, "torch.hub");
  curl.set(handle, kErrorBuffer, message);
  curl.set(handle, kFollowLocation, 1L);
  curl.set(handle, kMaxRedirects, 10L);
  curl.set(handle, kFailOnError, 1L);
  curl.set(handle, kConnectTimeout, 30L);
  curl.set(handle, kNoSignal, 1L);
  curl.set(handle, kProtocols, kHttpAndHttps);
  curl.set(handle, kRedirectProtocols, kHttpAndHttps);
  curl.set(handle, kWriteFunction, on_data);
  curl.set(handle, kWriteData, &transfer);
  curl.set(handle, kXferInfoFunction, on_progress);
  curl.set(handle, kXferInfoData, &transfer);
  curl.set(handle, kNoProgress, 0L);
  if (list) curl.set(handle, kHttpHeader, list);
  int status = curl.perform(handle);
  long code = 0;
  curl.info(handle, kResponseCode, &code);
  curl.cleanup(handle);
  curl.free_list(list);
  if (transfer.failed) return Value::error();
  Ref text(make_str(vm, status == 0 ? "" : message[0] ? message : curl.text(status)));
  return make_tuple(vm, {Value::integer(code), *text});
}

const NativeDef kFunctions[] = {
    {"get(url, write, progress=None, headers=None, /)", get, "Gives the body to write(bytes), piece by piece."},
};

}  // namespace

Value make_net(VM& vm) {
  ModuleBuilder m(vm, "_net");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib
