//===- JinjaText.h - one spelling for equal Jinja templates ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJATEXT_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJATEXT_H

#include <optional>
#include <string>
#include <string_view>

namespace frit {

/// Two templates with the same canonical text are the same program. Comments and the white space
/// that transformers drops (trim_blocks, lstrip_blocks, {%- and -%}) are gone, tags have no
/// needless spaces, a.b is a['b'], and strings are in single quotes with \' and \\ as their only
/// escapes. Nothing for a text whose tags or strings do not end.
std::optional<std::string> canonicalJinja(std::string_view jinja);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJATEXT_H
