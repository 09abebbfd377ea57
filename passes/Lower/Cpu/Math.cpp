//===- Math.cpp - exp, tanh and erf in f32 ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our own expansions: upstream's polynomial approximations are test passes. Errors below are the
// largest found by test/unit/LowerCpu over all f32 of the stated range.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Cpu/Emitter.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

/// Horner's scheme, highest coefficient first.
static Value polynomial(Emitter &emit, Value x, ArrayRef<double> coefficients) {
  Value result = emit.realLike(coefficients.front(), x.getType());
  for (double coefficient : coefficients.drop_front())
    result = emit.fma(result, x, emit.realLike(coefficient, x.getType()));
  return result;
}

/// exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln(2)/2 in two parts (Cody and Waite 1980);
/// exp(r) by a minimax polynomial of degree 6. Below -87.3 the result is 0, above
/// 88.37 that of 88.37, so that 2^n stays a normal number (of a NaN, any of these).
Value Emitter::exp(Value x) {
  Type type = x.getType();
  Type i32 = isa<VectorType>(type) ? Type(ints(mlir::cast<VectorType>(type).getNumElements()))
                                   : Type(builder.getI32Type());
  Value low = realLike(-87.336548, type), high = realLike(88.376260, type);
  Value isTiny = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x, low);
  Value clamped = minimum(maximum(x, low), high);
  // Adding and subtracting 1.5 * 2^23 rounds to an integer on every target.
  Value magic = realLike(12582912.0, type);
  Value shifted = fma(clamped, realLike(1.4426950408889634, type), magic);
  Value n = arith::SubFOp::create(builder, loc, shifted, magic);
  Value r = fma(n, realLike(-0.693359375, type), clamped);
  r = fma(n, realLike(2.12194440e-4, type), r);
  Value p = polynomial(*this, r,
                       {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                        1.6666665459e-1, 5.0000001201e-1});
  p = fma(p, mul(r, r), add(r, realLike(1.0, type)));
  Value integer = arith::FPToSIOp::create(builder, loc, i32, n);
  Value exponent =
      arith::ShLIOp::create(builder, loc, add(integer, intLike(127, i32)), intLike(23, i32));
  Value result = mul(p, arith::BitcastOp::create(builder, loc, type, exponent));
  return arith::SelectOp::create(builder, loc, isTiny, realLike(0.0, type), result);
}

/// tanh(x) = sign(x) * (1 - 2 / (exp(2|x|) + 1)); a polynomial near 0, where that cancels.
Value Emitter::tanh(Value x) {
  Type type = x.getType();
  Value magnitude = math::AbsFOp::create(builder, loc, x);
  Value one = realLike(1.0, type), two = realLike(2.0, type);
  Value e = exp(mul(magnitude, two));
  Value large = arith::SubFOp::create(builder, loc, one,
                                      arith::DivFOp::create(builder, loc, two, add(e, one)));
  Value square = mul(x, x);
  Value p = polynomial(*this, square,
                       {-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
                        -3.33332819422e-1});
  Value small = fma(mul(p, square), x, x);
  Value isSmall = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, magnitude,
                                        realLike(0.625, type));
  Value signedLarge = math::CopySignOp::create(builder, loc, large, x);
  return arith::SelectOp::create(builder, loc, isSmall, small, signedLarge);
}

/// erf(x) = sign(x) * (1 - t * exp(-x^2 + p(t))), t = 1 / (1 + |x|/2): the Chebyshev fit of Press
/// et al., Numerical Recipes, section 6.2. Near 0, where 1 - ... would cancel, the Taylor series.
Value Emitter::erf(Value x) {
  Type type = x.getType();
  Value magnitude = math::AbsFOp::create(builder, loc, x);
  Value one = realLike(1.0, type);
  Value t = arith::DivFOp::create(builder, loc, one, fma(magnitude, realLike(0.5, type), one));
  Value p = polynomial(*this, t,
                       {0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806,
                        0.09678418, 0.37409196, 1.00002368, -1.26551223});
  Value exponent = arith::SubFOp::create(builder, loc, p, mul(magnitude, magnitude));
  Value complement = mul(t, exp(exponent));
  Value large = math::CopySignOp::create(builder, loc,
                                         arith::SubFOp::create(builder, loc, one, complement), x);
  // 2/sqrt(pi) * (x - x^3/3 + x^5/10 - x^7/42 + x^9/216 - x^11/1320)
  Value series = polynomial(
      *this, mul(x, x),
      {-8.548327e-4, 5.223978e-3, -2.6866170e-2, 1.1283792e-1, -3.7612639e-1, 1.1283791671});
  Value isSmall = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, magnitude,
                                        realLike(0.5, type));
  return arith::SelectOp::create(builder, loc, isSmall, mul(series, x), large);
}
