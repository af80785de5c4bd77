// Special functions of doubles.
#pragma once

#include <cstdint>

namespace tsvm::ops::cpu::special {

double digamma(double x);
double trigamma(double x);
double zeta(double x, double q);
double polygamma(int64_t n, double x);
double igamma(double a, double x);
double igammac(double a, double x);
double i0(double x);
double i0e(double x);
double i1(double x);
double i1e(double x);
double erfcx(double x);
double log_ndtr(double x);
double ndtri(double p);
double standard_gamma_grad(double alpha, double x);
double dirichlet_grad(double x, double alpha, double total);

}  // namespace tsvm::ops::cpu::special
