//===- KVOps.td - KV caches as typed resources ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_KV_KVOPS
#define FRIT_DIALECTS_KV_KVOPS

include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Interfaces/Fusible.td"
include "dialects/KV/KVTypes.td"

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def KV_Granularity : I32EnumAttr<"Granularity", "which values share a scale", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"TokenHead", 1, "token_head">,
  I32EnumAttrCase<"Channel", 2, "channel">,
]> {
  let cppNamespace = "::frit::kv";
  let genSpecializedAttr = 0;
}

def KV_StoreAttr : AttrDef<KV_Dialect, "Store"> {
  let mnemonic = "store";
  let summary = "How one side (K or V) of a cache is stored";
  let description = [{
    `type` is the element type in memory. `granularity` says which values share a scale; floats have
    none.

    Example: `#kv.store<f16>`, `#kv.store<i8, token_head>`.
  }];
  let parameters = (ins
    "::mlir::Type":$type,
    DefaultValuedParameter<"::frit::kv::Granularity", "::frit::kv::Granularity::None">:$granularity
  );
  let assemblyFormat = "`<` $type (`,` $granularity^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes of one token's vector of `dim` elements for one head, scales included.
    int64_t bytesPerVector(int64_t dim) const;
  }];
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

class KV_Op<string mnemonic, list<Trait> traits = []> : Op<KV_Dialect, mnemonic, traits>;

def KV_CreateOp : KV_Op<"create"> {
  let summary = "Make an empty cache";
  let description = [{
    Makes a cache for `capacity` tokens in each of `slots` sequences. A session does this when it
    starts, so models take caches as arguments; runnable tests create theirs.

    Example:
    ```mlir
    %kv = kv.create capacity 128 slots 1 : !kv.cache<3 x 64>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$capacity,
                       DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$slots);
  let results = (outs Res<KV_CacheType, "", [MemAlloc]>:$cache);
  let assemblyFormat = "`capacity` $capacity (`slots` $slots^)? attr-dict `:` qualified(type($cache))";
}

def KV_LayerOp : KV_Op<"layer", [Pure]> {
  let summary = "The cache of one layer of a model";
  let description = [{
    Cache number `number`, counted from 0, of the caches of a model: what the layers of a graph that is written out layer
    by layer work on. `frit-outline-layers` takes it away, `frit-inline-layers` makes it.

    Example:
    ```mlir
    %kv = kv.layer %caches[3] : !kv.caches<30> -> !kv.cache<3x64>
    ```
  }];
  let arguments = (ins KV_CachesType:$caches, ConfinedAttr<I64Attr, [IntNonNegative]>:$number);
  let results = (outs KV_CacheType:$cache);
  let assemblyFormat = [{
    $caches `[` $number `]` attr-dict `:` qualified(type($caches)) `->` qualified(type($cache))
  }];
  let hasVerifier = 1;
}

def KV_AppendOp : KV_Op<"append", [DeclareOpInterfaceMethods<FusibleOpInterface>]> {
  let summary = "Write the keys and values of a batch of tokens";
  let description = [{
    Writes row t of `keys` and `values` at the position and slot of token t. Positions may be written
    again (a rejected draft). Import creates it, `fuse` makes it the epilogue of the product that
    computes keys and values, `schedule` turns it into tile stores.

    Example:
    ```mlir
    kv.append %kv, %k, %v, %tok : !kv.cache<3x64>, tensor<?x192xf32>, tensor<?x192xf32>,
        !graph.tokens
    ```
    **Constraints:** columns of `keys` = heads x keyDim, of `values` = heads x valueDim.
  }];
  let arguments = (ins Arg<KV_CacheType, "", [MemWrite]>:$cache, 2DTensorOf<[F32, F64]>:$keys,
                       2DTensorOf<[F32, F64]>:$values, KV_Tokens:$tokens);
  let assemblyFormat = [{
    $cache `,` $keys `,` $values `,` $tokens attr-dict `:` qualified(type($cache)) `,` type($keys)
    `,` type($values) `,` type($tokens)
  }];
  let hasVerifier = 1;
}

def KV_EvictOp : KV_Op<"evict"> {
  let summary = "Forget all but the oldest tokens of a slot";
  let description = [{
    Keeps the positions below `keep` of slot `slot`. Serves speculative decoding and chat history;
    sessions do it between programs, runnable tests inside one.

    Example:
    ```mlir
    kv.evict %kv slot 0 keep 16 : !kv.cache<3 x 64>
    ```
  }];
  let arguments = (ins Arg<KV_CacheType, "", [MemWrite]>:$cache,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$slot,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$keep);
  let assemblyFormat = "$cache `slot` $slot `keep` $keep attr-dict `:` qualified(type($cache))";
}

#endif // FRIT_DIALECTS_KV_KVOPS
