//===- KVTypes.td - the kv dialect and its types ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_KV_KVTYPES
#define FRIT_DIALECTS_KV_KVTYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def KV_Dialect : Dialect {
  let name = "kv";
  let cppNamespace = "::frit::kv";
  let summary = "KV caches: typed resources with memory effects";
  let description = [{
    A cache is a resource, not a tensor: `kv.append` writes it, `graph.attention` reads it. Its type
    says how K and V are stored, so that the bytes a token costs follow from the IR. `cache` decides
    the storage; nothing here knows a model.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def KV_TokensTypeInterface : TypeInterface<"TokensTypeInterface"> {
  let cppNamespace = "::frit::kv";
  let description = [{
    A batch of tokens: for each an id, a position and a sequence slot. `!graph.tokens` implements it;
    an interface, because graph is built on kv and not the other way round.
  }];
}

def KV_Tokens : Type<CPred<"::llvm::isa<::frit::kv::TokensTypeInterface>($_self)">, "tokens">;

class KV_Type<string name, string typeMnemonic> : TypeDef<KV_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def KV_CacheType : KV_Type<"Cache", "cache"> {
  let summary = "The KV cache of one layer";
  let description = [{
    `heads` key/value heads; `keyDim` elements a key, `valueDim` a value. Stores are absent until
    `cache` has chosen them. `window` is the number of newest tokens attention can still see; 0 means
    all of them. Capacity belongs to a session, not to the type.

    Example: `!kv.cache<3 x 64>`, `!kv.cache<3 x 64, k = <f16>, v = <f16>, window = 512>`.
  }];
  let parameters = (ins
    "int64_t":$heads, "int64_t":$keyDim, "int64_t":$valueDim,
    OptionalParameter<"::frit::kv::StoreAttr">:$keyStore,
    OptionalParameter<"::frit::kv::StoreAttr">:$valueStore,
    "int64_t":$window
  );
  let builders = [TypeBuilder<(ins "int64_t":$heads, "int64_t":$dim), [{
    return $_get($_ctxt, heads, dim, dim, StoreAttr(), StoreAttr(), 0);
  }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool hasStores() const { return getKeyStore() && getValueStore(); }
    /// Bytes one token costs in this layer. Needs stores.
    int64_t bytesPerToken() const;
  }];
}

def KV_CachesType : KV_Type<"Caches", "caches"> {
  let summary = "The caches of a model, one a layer";
  let description = "Example: `!kv.caches<30>`.";
  let parameters = (ins "int64_t":$layers);
  let assemblyFormat = "`<` $layers `>`";
  let genVerifyDecl = 1;
}

#endif // FRIT_DIALECTS_KV_KVTYPES
