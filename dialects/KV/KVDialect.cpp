//===- KVDialect.cpp - types, attributes and verifiers of kv ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/KV/KV.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::kv;

#include "dialects/KV/KVDialect.cpp.inc"
#include "dialects/KV/KVEnums.cpp.inc"
#include "dialects/KV/KVTypeInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/KV/KVAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/KV/KVTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/KV/KVOps.cpp.inc"

void KVDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/KV/KVAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/KV/KVTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/KV/KVOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes and types
//===----------------------------------------------------------------------===//

LogicalResult StoreAttr::verify(function_ref<InFlightDiagnostic()> emitError, Type type,
                                Granularity granularity) {
  if (isa<FloatType>(type)) {
    if (granularity != Granularity::None)
      return emitError() << "expected no granularity for float storage " << type << ", but got "
                         << stringifyGranularity(granularity);
    return success();
  }
  if (!type.isInteger(8) && !type.isInteger(4))
    return emitError() << "expected a float, i8 or i4 storage type, but got " << type;
  if (granularity == Granularity::None)
    return emitError() << "expected a granularity for integer storage " << type;
  return success();
}

int64_t StoreAttr::bytesPerVector(int64_t dim) const {
  int64_t bytes = (dim * getType().getIntOrFloatBitWidth() + 7) / 8;
  // A scale a token and head is stored beside the vector, as f32; scales a channel are stored once.
  return getGranularity() == Granularity::TokenHead ? bytes + 4 : bytes;
}

int64_t CacheType::bytesPerToken() const {
  assert(hasStores() && "storage is chosen by the cache step");
  return getHeads() * (getKeyStore().bytesPerVector(getKeyDim()) +
                       getValueStore().bytesPerVector(getValueDim()));
}

LogicalResult CacheType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t heads,
                                int64_t keyDim, int64_t valueDim, StoreAttr keyStore,
                                StoreAttr valueStore, int64_t window) {
  // So that products of them fit 64 bits.
  constexpr int64_t most = int64_t{1} << 24;
  for (int64_t size : {heads, keyDim, valueDim})
    if (size <= 0 || size > most)
      return emitError() << "expected heads and dimensions from 1 to " << most << ", but got "
                         << size;
  if (window < 0)
    return emitError() << "expected a window of 0 (all) or more tokens, but got " << window;
  if (!keyStore != !valueStore)
    return emitError() << "expected the stores of keys and values to be given together";
  return success();
}

Type CacheType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> dims;
  if (parser.parseLess() || parser.parseDimensionList(dims, /*allowDynamic=*/false, false))
    return {};
  if (dims.size() != 2) {
    parser.emitError(loc, "expected `heads x dimension`, but got ") << dims.size() << " dimensions";
    return {};
  }
  int64_t valueDim = dims[1], window = 0;
  StoreAttr keyStore, valueStore;
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc keyLoc = parser.getCurrentLocation();
    StringRef key;
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return {};
    ParseResult result = success();
    if (key == "k")
      result = parser.parseCustomAttributeWithFallback(keyStore);
    else if (key == "v")
      result = parser.parseCustomAttributeWithFallback(valueStore);
    else if (key == "value_dim")
      result = parser.parseInteger(valueDim);
    else if (key == "window")
      result = parser.parseInteger(window);
    else
      result = parser.emitError(keyLoc, "expected k, v, value_dim or window, but got ") << key;
    if (failed(result))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<CacheType>(loc, parser.getContext(), dims[0], dims[1], valueDim,
                                      keyStore, valueStore, window);
}

void CacheType::print(AsmPrinter &printer) const {
  printer << "<" << getHeads() << "x" << getKeyDim();
  if (getValueDim() != getKeyDim())
    printer << ", value_dim = " << getValueDim();
  if (getKeyStore()) {
    printer << ", k = ";
    printer.printStrippedAttrOrType(getKeyStore());
    printer << ", v = ";
    printer.printStrippedAttrOrType(getValueStore());
  }
  if (getWindow())
    printer << ", window = " << getWindow();
  printer << ">";
}

LogicalResult CachesType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t layers) {
  constexpr int64_t most = 1 << 20;
  if (layers <= 0 || layers > most)
    return emitError() << "expected 1 to " << most << " layers, but got " << layers;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult LayerOp::verify() {
  auto number = static_cast<int64_t>(getNumber());
  if (number >= getCaches().getType().getLayers())
    return emitOpError("expected a number below ")
           << getCaches().getType().getLayers() << ", but got " << number;
  return success();
}

FusionRole AppendOp::getFusionRole() { return FusionRole::Local; }

LogicalResult AppendOp::verify() {
  CacheType cache = getCache().getType();
  auto check = [&](Value value, int64_t dim, StringRef what) -> LogicalResult {
    auto type = cast<RankedTensorType>(value.getType());
    int64_t expected = cache.getHeads() * dim;
    if (type.getDimSize(1) != expected)
      return emitOpError("expected ") << expected << " columns of " << what << " to match " << cache
                                      << ", but got " << type.getDimSize(1);
    return success();
  };
  if (failed(check(getKeys(), cache.getKeyDim(), "keys")) ||
      failed(check(getValues(), cache.getValueDim(), "values")))
    return failure();
  int64_t keyRows = cast<RankedTensorType>(getKeys().getType()).getDimSize(0);
  int64_t valueRows = cast<RankedTensorType>(getValues().getType()).getDimSize(0);
  if (keyRows != valueRows)
    return emitOpError("expected as many rows of values as of keys, but got ")
           << valueRows << " and " << keyRows;
  return success();
}
