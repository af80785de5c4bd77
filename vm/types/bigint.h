// Ints of any size through GMP.
#pragma once

#include <gmp.h>

#include "vm/make.h"

namespace tsvm::vm {

/// A GMP integer that frees itself.
class Mpz {
 public:
  Mpz() { mpz_init(z_); }
  ~Mpz() { mpz_clear(z_); }
  Mpz(const Mpz&) = delete;
  Mpz& operator=(const Mpz&) = delete;
  operator mpz_ptr() { return z_; }
  operator mpz_srcptr() const { return z_; }

 private:
  mpz_t z_;
};

/// An int value (Int, Bool, BigInt, boxed) read as a GMP integer without copying limbs; valid while the value lives.
class MpzView {
 public:
  explicit MpzView(Value v);
  operator mpz_srcptr() const { return z_; }

 private:
  mpz_t z_;
  mp_limb_t small_;
};

/// An Int where it fits, else a BigInt. Owned.
Value make_int(VM& vm, mpz_srcptr z);
/// Unboxed, bools as ints. Borrowed.
inline Value plain_int(Value v) {
  v = unbox(v);
  return v.is_bool() ? Value::integer(v.i) : v;
}
/// Int or BigInt (of a value that is_integer): sign as -1, 0, 1.
int int_sign(Value v);
/// float(z) rounded half to even; infinite when too large.
double mpz_to_double(mpz_srcptr z);
/// Correctly rounded a / b; false with OverflowError pending when the result is too large.
bool divide_ints(VM& vm, Value a, Value b, double& out);

}  // namespace tsvm::vm
