//===- Compose.h - Unicode's normalization form C --------------------------===//
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

/// `text`, valid UTF-8, in normalization form C (Unicode Standard Annex 15).
std::string compose(std::string_view text);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_COMPOSE_H
