//===- Compose.h - Unicode's normalization forms ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_COMPOSE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_COMPOSE_H

#include <string>
#include <string_view>

namespace frit {

/// A normalization form of Unicode Standard Annex 15.
struct UnicodeForm {
  bool composes = false;     ///< C, else D
  bool isCompatible = false; ///< with a K
};

/// `text`, valid UTF-8, in a normalization form.
std::string normalizeUnicode(std::string_view text, UnicodeForm form);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_COMPOSE_H
