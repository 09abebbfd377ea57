//===- JSON.h - JSON texts of anybody's ------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_SUPPORT_JSON_H
#define FRIT_LIB_SUPPORT_JSON_H

#include "frit/Support/Result.h"
#include "llvm/Support/JSON.h"

namespace frit {

/// llvm::json::parse for texts of unknown origin: it recurses as deep as they nest, so that those
/// of more than 32 levels are refused; and those of more than 100,000 objects, which fill the
/// memory.
Result<llvm::json::Value> parseJSON(llvm::StringRef text);

/// What is wrong when an object of a text that parseJSON reads has a key twice: of those, the last
/// one counts there.
Status requireUniqueKeys(llvm::StringRef text);

} // namespace frit

#endif // FRIT_LIB_SUPPORT_JSON_H
