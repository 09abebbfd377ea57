//===- CheckDialect.cpp - the check dialect and its verifiers --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Check/Check.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace frit;
using namespace frit::check;

#include "dialects/Check/CheckDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Check/CheckOps.cpp.inc"

void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Check/CheckOps.cpp.inc"
      >();
}

static LogicalResult verifyShapes(Operation *op, Value actual, Value expected) {
  if (failed(verifyCompatibleShape(actual.getType(), expected.getType())))
    return op->emitOpError("expected values of one shape, but got ")
           << actual.getType() << " and " << expected.getType();
  return success();
}

LogicalResult ExpectCloseOp::verify() {
  auto isTolerance = [](const APFloat &value) { return value.isFinite() && !value.isNegative(); };
  if (!isTolerance(getAbs()) || !isTolerance(getRel()))
    return emitOpError("expected finite tolerances of 0 or more, but got abs = ")
           << getAbsAttr() << " and rel = " << getRelAttr();
  if (getAbs().isZero() && getRel().isZero())
    return emitOpError("expected a positive abs or rel; check.expect_eq has no tolerance");
  return verifyShapes(*this, getActual(), getExpected());
}

LogicalResult ExpectEqOp::verify() { return verifyShapes(*this, getActual(), getExpected()); }
