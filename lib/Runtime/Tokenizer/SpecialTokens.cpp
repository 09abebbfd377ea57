//===- SpecialTokens.cpp - finds whole tokens in a text -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SpecialTokens.h"
#include "lib/Runtime/Tokenizer/CharacterClasses.h"
#include "lib/Runtime/Tokenizer/SubwordModel.h"

#include <algorithm>
#include <map>
#include <unordered_map>

using namespace frit;

Result<SpecialTokens> SpecialTokens::create(const TokenizerData &data, const SubwordModel &model,
                                            bool inNormalized) {
  std::unordered_map<int32_t, AddedTokenRule> rules;
  for (const AddedTokenRule &rule : data.addedTokenRules)
    rules[rule.id] = rule;
  std::map<std::string, Entry> byText;
  for (size_t index = 0; index < data.tokenTypes.size(); ++index) {
    auto id = static_cast<int32_t>(index);
    TokenType type = data.tokenTypes[index];
    bool userDefined = type == TokenType::UserDefined;
    auto found = rules.find(id);
    bool isAddedByte = type == TokenType::Byte && found != rules.end();
    if (!userDefined && !isAddedByte && type != TokenType::Control && type != TokenType::Unknown)
      continue;
    AddedTokenRule rule{.id = id};
    if (found != rules.end())
      rule = found->second;
    if (rule.normalized != inNormalized ||
        (rule.normalized && data.matchesInNormalized && data.model == "t5"))
      continue;
    std::string text = data.tokens[index];
    if (text.size() <= maxBytes && rule.normalized && !data.matchesInNormalized) {
      std::string buffer;
      text = model.normalize(data.tokens[index], true, buffer);
    }
    if (text.empty())
      continue;
    if (text.size() > maxBytes)
      return Failure("token ", id, ": expected a special token of at most ", maxBytes,
                     " bytes, found ", text.size());
    Entry entry{text, rule, userDefined};
    byText.insert_or_assign(std::move(text), std::move(entry));
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

std::vector<SpecialTokens::Piece> SpecialTokens::split(std::string_view text,
                                                       bool parseSpecial) const {
  std::vector<Piece> pieces;
  size_t done = 0;        // where the last token ends, with the white space that is its own
  size_t spacesBegin = 0; // a run of white space that was seen, so that none
  size_t spacesEnd = 0;   // is walked along once for each token in it
  for (size_t position = 0; position < text.size();) {
    const Entry *entry = nullptr;
    if (starts[static_cast<uint8_t>(text[position])])
      entry = longestPrefix(text.substr(position));
    if (!entry) {
      ++position;
      continue;
    }
    size_t begin = position, end = position + entry->text.size();
    position = end;
    // As in the reference, what is passed over hides the tokens inside of it.
    if (!parseSpecial && !entry->userDefined)
      continue;
    const AddedTokenRule &rule = entry->rule;
    if (rule.singleWord &&
        (endsWithWord(text.substr(0, begin)) || startsWithWord(text.substr(end))))
      continue;
    if (rule.stripsLeft && done < begin)
      begin -= whiteSpaceAtEnd(text.substr(done, begin - done));
    if (rule.stripsRight) {
      if (end < spacesBegin || end > spacesEnd) {
        spacesBegin = end;
        spacesEnd = end + whiteSpaceAtStart(text.substr(end));
      }
      end = spacesEnd;
    }
    if (done < begin)
      pieces.push_back({done, begin, -1});
    pieces.push_back({begin, end, rule.id});
    done = end;
  }
  if (done < text.size())
    pieces.push_back({done, text.size(), -1});
  return pieces;
}
