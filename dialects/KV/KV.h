//===- KV.h - KV caches as typed resources ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_KV_KV_H
#define FRIT_DIALECTS_KV_KV_H

#include "dialects/Interfaces/Fusible.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/KV/KVDialect.h.inc"
#include "dialects/KV/KVEnums.h.inc"

#include "dialects/KV/KVTypeInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/KV/KVAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/KV/KVTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/KV/KVOps.h.inc"

#endif // FRIT_DIALECTS_KV_KV_H
