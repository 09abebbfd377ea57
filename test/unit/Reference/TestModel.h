//===- TestModel.h - modules and batches for the interpreter's tests -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_REFERENCE_TESTMODEL_H
#define FRIT_TEST_UNIT_REFERENCE_TESTMODEL_H

#include "frit/InitAll.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <string>
#include <vector>

namespace frit::reference {

/// A context that knows frit's dialects and keeps the errors it is told.
struct TestContext {
  TestContext() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
        errors.push_back(diagnostic.str());
      return mlir::success();
    });
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  mlir::MLIRContext context;
  std::vector<std::string> errors;
};

/// Tokens at positions `first`, `first` + 1, ... of a slot, whose logits are all wanted.
inline Batch makeBatch(std::vector<int32_t> ids, int32_t first = 0, int32_t slot = 0) {
  Batch batch;
  for (size_t i = 0; i < ids.size(); ++i) {
    batch.positions.push_back(first + static_cast<int32_t>(i));
    batch.slots.push_back(slot);
    batch.wanted.push_back(true);
  }
  batch.ids = std::move(ids);
  return batch;
}

template <typename T>
Tensor<T> makeTensor(int64_t rows, int64_t columns, std::vector<T> values) {
  Tensor<T> tensor(rows, columns);
  tensor.values = std::move(values);
  return tensor;
}

/// The rows [begin, end) of a tensor.
template <typename T>
std::vector<T> rowsOf(const Tensor<T> &tensor, int64_t begin, int64_t end) {
  return std::vector<T>(tensor.row(begin), tensor.row(end));
}

template <typename A, typename B>
double largestDifference(const std::vector<A> &a, const std::vector<B> &b) {
  double largest = a.size() == b.size() ? 0 : 1e30;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

} // namespace frit::reference

#endif // FRIT_TEST_UNIT_REFERENCE_TESTMODEL_H
