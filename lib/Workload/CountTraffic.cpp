//===- CountTraffic.cpp - what the interpreter of a cut model moves ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Workload/CountTraffic.h"

#include "dialects/Kernel/Kernel.h"

#include <numeric>

using namespace mlir;
using namespace frit;

/// The function of a model for calls of so many tokens.
static FailureOr<graph::FuncOp> findForward(ModuleOp module, int64_t tokens) {
  for (auto function : module.getOps<graph::FuncOp>()) {
    if (function.getNumArguments() != 2)
      continue;
    kernel::TokenRange range = kernel::getTokens(function);
    if (range.first <= tokens && tokens <= range.last)
      return function;
  }
  return module.emitError("expected a function of tokens and caches for calls of ")
         << tokens << " tokens";
}

FailureOr<reference::Traffic> workload::countTraffic(ModuleOp module, const std::string &directory,
                                                     const cost::Shape &shape) {
  FailureOr<graph::FuncOp> function = findForward(module, shape.tokens);
  if (failed(function))
    return failure();
  reference::WeightReader weights(directory);
  reference::Interpreter<float> interpreter(module, weights);
  StringRef name = function->getSymName();
  FailureOr<std::vector<reference::KVCache<float>>> caches =
      interpreter.createCaches(name, shape.keys);
  if (failed(caches))
    return failure();
  int64_t before = shape.keys - shape.tokens;
  for (reference::KVCache<float> &cache : *caches) {
    kv::CacheType type = cache.type();
    std::vector<float> zeros(
        static_cast<size_t>(type.getHeads() * std::max(type.getKeyDim(), type.getValueDim())));
    for (int64_t position = 0; position < before; ++position)
      cache.append(0, position, zeros.data(), zeros.data());
  }
  reference::Batch batch;
  auto tokens = static_cast<size_t>(shape.tokens);
  batch.ids.assign(tokens, 0);
  batch.positions.resize(tokens);
  std::iota(batch.positions.begin(), batch.positions.end(), static_cast<int32_t>(before));
  batch.slots.assign(tokens, 0);
  batch.wanted.assign(tokens, false);
  batch.wanted.back() = true;
  reference::Traffic traffic;
  interpreter.traffic = &traffic;
  if (failed(interpreter.run(name, batch, *caches)))
    return failure();
  return traffic;
}
