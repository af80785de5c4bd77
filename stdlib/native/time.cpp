// `_time`: clocks and calendar, behind time.
#include <cerrno>
#include <ctime>
#include <string>

#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/threads.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

double seconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int64_t nanoseconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec;
}

#define CLOCK(name, id)                                                             \
  {name "()", [](VM&, const Value*) { return Value::number(seconds(id)); }}, {      \
    name "_ns()", [](VM&, const Value*) { return Value::integer(nanoseconds(id)); } \
  }

Value sleep_for(VM& vm, const Value* a) {
  double d;
  if (!arg_double(vm, a[0], d)) return Value::error();
  if (!(d >= 0)) return raise(vm, vm.types.ValueError, "sleep length must be non-negative");
  if (has_threads(vm)) return sleep_thread(vm, d) ? Value::none() : Value::error();
  timespec left;
  left.tv_sec = static_cast<time_t>(d);
  left.tv_nsec = static_cast<long>((d - static_cast<double>(left.tv_sec)) * 1e9);
  while (nanosleep(&left, &left) < 0 && errno == EINTR)
    if (vm.interrupted && !handle_interrupt(vm)) return Value::error();
  return Value::none();
}

/// The nine fields of a struct_time, and zone and offset, as a tuple.
Value fields(VM& vm, const std::tm& t) {
  Ref zone(make_str(vm, t.tm_zone ? t.tm_zone : "UTC"));
  auto n = [](int64_t i) { return Value::integer(i); };
  return make_tuple(vm, {n(t.tm_year + 1900), n(t.tm_mon + 1), n(t.tm_mday), n(t.tm_hour), n(t.tm_min), n(t.tm_sec),
                         n((t.tm_wday + 6) % 7), n(t.tm_yday + 1), n(t.tm_isdst), *zone, n(t.tm_gmtoff)});
}

Value broken_down(VM& vm, Value v, bool local) {
  double d;
  if (v.is_none())
    d = seconds(CLOCK_REALTIME);
  else if (!arg_double(vm, v, d))
    return Value::error();
  auto when = static_cast<time_t>(__builtin_floor(d));
  std::tm t;
  if (!(local ? localtime_r(&when, &t) : gmtime_r(&when, &t))) return raise_os_error(vm, errno);
  return fields(vm, t);
}

bool tm_of(VM& vm, Value v, std::tm& t) {
  Ref items(make_tuple_from(vm, v));
  if (items.is_error()) return false;
  auto* f = as<Tuple>(*items);
  if (f->size < 9) return fail(vm, vm.types.TypeError, "function takes exactly 9 arguments (%u given)", f->size);
  int64_t n[9];
  for (int i = 0; i < 9; i++)
    if (!arg_int(vm, f->items[i], n[i])) return false;
  t = std::tm{};
  t.tm_year = static_cast<int>(n[0] - 1900);
  t.tm_mon = static_cast<int>(n[1] - 1);
  t.tm_mday = static_cast<int>(n[2]);
  t.tm_hour = static_cast<int>(n[3]);
  t.tm_min = static_cast<int>(n[4]);
  t.tm_sec = static_cast<int>(n[5]);
  t.tm_wday = static_cast<int>((n[6] + 1) % 7);
  t.tm_yday = static_cast<int>(n[7] - 1);
  t.tm_isdst = static_cast<int>(n[8]);
  return true;
}

Value format_time(VM& vm, const Value* a) {
  std::string_view format;
  std::tm t;
  if (!arg_str(vm, a[0], "strftime() argument 1", format) || !tm_of(vm, a[1], t)) return Value::error();
  if (format.empty()) return make_ascii(vm, "");
  std::string zero(format), out(format.size() * 4 + 256, '\0');
  for (;;) {  // strftime gives 0 both for "does not fit" and for an empty text
    size_t n = std::strftime(out.data(), out.size(), zero.c_str(), &t);
    if (n > 0 || out.size() > (1u << 20)) {
      out.resize(n);
      return make_str(vm, out);
    }
    out.resize(out.size() * 4);
  }
}

Value make_time_value(VM& vm, const Value* a) {
  std::tm t;
  if (!tm_of(vm, a[0], t)) return Value::error();
  time_t when = std::mktime(&t);
  if (when == -1 && t.tm_wday == -1) return raise(vm, vm.types.OverflowError, "mktime argument out of range");
  return Value::number(static_cast<double>(when));
}

Value parse_time(VM& vm, const Value* a) {
  std::string_view text, format;
  if (!arg_str(vm, a[0], "strptime() argument 0", text) || !arg_str(vm, a[1], "strptime() argument 1", format))
    return Value::error();
  std::tm t{};
  t.tm_year = 0;
  t.tm_mday = 1;
  t.tm_isdst = -1;
  std::string s(text), f(format);
  const char* end = strptime(s.c_str(), f.c_str(), &t);
  if (!end) return raise(vm, vm.types.ValueError, "time data '%s' does not match format '%s'", s.c_str(), f.c_str());
  if (*end) return raise(vm, vm.types.ValueError, "unconverted data remains: %s", end);
  std::tm copy = t;
  copy.tm_isdst = 0;
  time_t when = timegm(&copy);  // fills weekday and day of the year
  (void)when;
  t.tm_wday = copy.tm_wday;
  t.tm_yday = copy.tm_yday;
  return fields(vm, t);
}

const NativeDef kFunctions[] = {
    CLOCK("time", CLOCK_REALTIME),
    CLOCK("perf_counter", CLOCK_MONOTONIC),
    CLOCK("monotonic", CLOCK_MONOTONIC),
    CLOCK("process_time", CLOCK_PROCESS_CPUTIME_ID),
    CLOCK("thread_time", CLOCK_THREAD_CPUTIME_ID),
    {"sleep(seconds, /)", sleep_for},
    {"localtime(seconds=None, /)", [](VM& vm, const Value* a) { return broken_down(vm, a[0], true); }},
    {"gmtime(seconds=None, /)", [](VM& vm, const Value* a) { return broken_down(vm, a[0], false); }},
    {"strftime(format, fields, /)", format_time},
    {"strptime(text, format, /)", parse_time},
    {"mktime(fields, /)", make_time_value},
};

}  // namespace

Value make_time(VM& vm) {
  tzset();
  Ref standard(make_str(vm, tzname[0])), summer(make_str(vm, tzname[1]));
  ModuleBuilder m(vm, "_time");
  m.functions(kFunctions)
      .constant("timezone", Value::integer(timezone))
      .constant("daylight", Value::integer(daylight))
      .constant("tzname", make_tuple(vm, {*standard, *summer}));
  return m.take();
}

}  // namespace tsvm::stdlib
