//===- CheckOps.td - expectations inside runnable tests --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_CHECK_CHECKOPS
#define FRIT_DIALECTS_CHECK_CHECKOPS

include "mlir/IR/OpBase.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::frit::check";
  let summary = "Expectations inside runnable tests";
  let description = [{
    A runnable test is a `graph.func` without arguments that computes something from constants and
    says what it should be. `frit-translate --frit-interpret` runs it; an expectation that fails is an
    error at the op.
  }];
}

class Check_Op<string mnemonic> : Op<Check_Dialect, mnemonic> {
  let arguments = (ins 2DTensorOf<[F32, F64]>:$actual, 2DTensorOf<[F32, F64]>:$expected);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual) `,` type($expected)";
  let hasVerifier = 1;
}

def Check_ExpectCloseOp : Check_Op<"expect_close"> {
  let summary = "Expect values within a tolerance";
  let description = [{
    Every element satisfies |actual - expected| <= abs + rel * |expected|; not-a-number is close to
    nothing, an infinity only to itself. The tolerances are meant for f32: a run in f64 multiplies them
    by 2^-29, the ratio of the two precisions, so that one test serves both.

    Example:
    ```mlir
    check.expect_close %y, %e {abs = 1.0e-6, rel = 1.0e-5} : tensor<?x8xf32>, tensor<3x8xf64>
    ```
    **Constraints:** shapes that can be equal; finite tolerances, one of them positive.
  }];
  let arguments = (ins 2DTensorOf<[F32, F64]>:$actual, 2DTensorOf<[F32, F64]>:$expected,
                       DefaultValuedAttr<F64Attr, "0.0">:$abs, DefaultValuedAttr<F64Attr, "0.0">:$rel);
}

def Check_ExpectEqOp : Check_Op<"expect_eq"> {
  let summary = "Expect equal values";
  let description = [{
    Every element of `actual` equals that of `expected`, rounded to the precision of the run; 0 equals
    -0, not-a-number equals nothing.

    Example:
    ```mlir
    check.expect_eq %y, %e : tensor<?x8xf32>, tensor<3x8xf32>
    ```
    **Constraints:** shapes that can be equal.
  }];
}

#endif // FRIT_DIALECTS_CHECK_CHECKOPS
