//===- Printable.h - names of anybody's in messages -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===------------------------------------------------------------------------===//

#ifndef FRIT_LIB_SUPPORT_PRINTABLE_H
#define FRIT_LIB_SUPPORT_PRINTABLE_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace frit {

/// Names come from files and may hold anything; a terminal must not obey them. Control characters
/// become "\0A".
std::string printable(llvm::StringRef text);

} // namespace frit

#endif // FRIT_LIB_SUPPORT_PRINTABLE_H
