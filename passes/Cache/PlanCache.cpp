//===- PlanCache.cpp - choose how keys and values are stored ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "passes/Cache/Passes.h"

namespace frit::cache {
#define GEN_PASS_DEF_PLANCACHE
#include "passes/Cache/Passes.h.inc"
} // namespace frit::cache

using namespace mlir;
using namespace frit;

namespace {
struct PlanCache : cache::impl::PlanCacheBase<PlanCache> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (type != "f16" && type != "f32") {
      getOperation().emitError("expected a cache type of f16 or f32, but got ") << type;
      return signalPassFailure();
    }
    Type element =
        type == "f16" ? Type(Float16Type::get(context)) : Type(Float32Type::get(context));
    auto store = kv::StoreAttr::get(context, element, kv::Granularity::None);
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](kv::CacheType cache) -> std::optional<Type> {
      if (cache.hasStores())
        return std::nullopt;
      return kv::CacheType::get(context, cache.getHeads(), cache.getKeyDim(), cache.getValueDim(),
                                store, store, cache.getWindow());
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
  }
};
} // namespace
