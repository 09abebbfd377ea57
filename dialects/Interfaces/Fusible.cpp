//===- Fusible.cpp - what fusion must know of an op ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Interfaces/Fusible.h"

#include "dialects/Interfaces/Fusible.cpp.inc"
