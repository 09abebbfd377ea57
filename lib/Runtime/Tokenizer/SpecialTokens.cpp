//===- SpecialTokens.cpp - finds whole tokens in a text -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SpecialTokens.h"

#include <algorithm>
#include <map>

using namespace frit;

Result<SpecialTokens> SpecialTokens::create(const TokenizerData &data) {
  std::map<std::string_view, Entry> byText;
  for (size_t id = 0; id < data.tokenTypes.size(); ++id) {
    TokenType type = data.tokenTypes[id];
    const std::string &text = data.tokens[id];
    if (text.empty() || (type != TokenType::Control && type != TokenType::Unknown &&
                         type != TokenType::UserDefined))
      continue;
    if (text.size() > maxBytes)
      return Failure("token ", id, ": expected a special token of at most ", maxBytes,
                     " bytes, found ", text.size());
    byText[text] = {text, static_cast<int32_t>(id), type == TokenType::UserDefined};
  }
  SpecialTokens result;
  for (auto &[text, entry] : byText) {
    result.starts[static_cast<uint8_t>(text[0])] = true;
    result.entries.push_back(std::move(entry));
  }
  return result;
}

/// The longest entry that `text` starts with.
const SpecialTokens::Entry *SpecialTokens::longestPrefix(std::string_view text) const {
  // [first, last) are the entries that start with the first `depth` bytes of the text.
  auto first = entries.begin(), last = entries.end();
  const Entry *longest = nullptr;
  for (size_t depth = 0; first != last; ++depth) {
    if (first->text.size() == depth)
      longest = &*first++;
    if (depth == text.size())
      break;
    auto byteAt = [&](const Entry &entry) { return static_cast<uint8_t>(entry.text[depth]); };
    auto range =
        std::ranges::equal_range(first, last, static_cast<uint8_t>(text[depth]), {}, byteAt);
    first = range.begin();
    last = range.end();
  }
  return longest;
}

std::optional<SpecialTokens::Match> SpecialTokens::find(std::string_view text, size_t position,
                                                        bool parseSpecial) const {
  while (position < text.size()) {
    const Entry *entry = nullptr;
    if (starts[static_cast<uint8_t>(text[position])])
      entry = longestPrefix(text.substr(position));
    if (entry && (parseSpecial || entry->userDefined))
      return Match{position, entry->text.size(), entry->id};
    // As in the reference, the spelling of a control token hides user-defined tokens inside of it.
    position += entry ? entry->text.size() : 1;
  }
  return std::nullopt;
}
