//===- SentencePieceBPE.cpp - BPE over characters, by score -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: Kudo and Richardson, "SentencePiece", 2018 (arXiv 1808.06226), its BPE model: two
// neighbours merge when together they are a token, the token of the highest score first, of equal
// ones the leftmost; tokens of the type "unused" merge, but are taken apart again in the end.
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SentencePieceModel.h"
#include "lib/Runtime/Tokenizer/TokenIndex.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

using namespace frit;

namespace {
/// A part of the text, in a doubly linked list by position.
struct Symbol {
  uint32_t begin;
  uint32_t bytes; ///< 0 once it was merged into the symbol before it
  int32_t previous;
  int32_t next;
};

/// Two neighbours that are a token together. Stale if their bytes have changed since.
struct Candidate {
  float score;
  int32_t id;
  int32_t position;
  uint32_t bytes;

  /// Whether `other` merges first.
  bool operator<(const Candidate &other) const {
    if (score != other.score)
      return score < other.score;
    // Runs of spaces that a GGUF says were added by hand have the order of their ids.
    if (id != other.id && std::isinf(score))
      return id > other.id;
    return position > other.position;
  }
};

class SentencePieceBPE : public SentencePieceModel {
public:
  static Result<std::unique_ptr<const SubwordModel>> create(const TokenizerData &data);

protected:
  void encodeWord(std::string_view word, std::vector<int32_t> &ids) const override;

private:
  SentencePieceBPE(Common common, TokenIndex index)
      : SentencePieceModel(std::move(common)), index(std::move(index)) {}

  /// By the spelling of an unused token that was merged: the size of the left one of its parts.
  using UnusedParts = std::unordered_map<std::string_view, uint32_t>;
  void merge(std::string_view text, std::vector<Symbol> &symbols, UnusedParts &unused) const;

  TokenIndex index; ///< of what text may become
};
} // namespace

/// O(n log n): each merge removes a symbol and adds at most two candidates to the heap.
void SentencePieceBPE::merge(std::string_view text, std::vector<Symbol> &symbols,
                             UnusedParts &unused) const {
  const std::vector<float> &scores = data().scores;
  std::vector<Candidate> heap;
  auto push = [&](int32_t position) {
    const Symbol &left = symbols[position];
    if (left.next < 0)
      return;
    uint32_t bytes = left.bytes + symbols[left.next].bytes;
    int32_t id = index.find(text.substr(left.begin, bytes));
    // No merge of the vocabulary makes a token of this score.
    if (id < 0 || scores[id] <= neverScore)
      return;
    if (type(id) == TokenType::Unused)
      unused[text.substr(left.begin, bytes)] = left.bytes;
    heap.push_back({scores[id], id, position, bytes});
    std::push_heap(heap.begin(), heap.end());
  };
  for (int32_t position = 0; position < static_cast<int32_t>(symbols.size()); ++position)
    push(position);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    Candidate best = heap.back();
    heap.pop_back();
    Symbol &left = symbols[best.position];
    if (left.bytes == 0 || left.next < 0 || left.bytes + symbols[left.next].bytes != best.bytes)
      continue;
    Symbol &right = symbols[left.next];
    left.bytes = best.bytes;
    left.next = right.next;
    right.bytes = 0;
    if (left.next >= 0)
      symbols[left.next].previous = best.position;
    if (left.previous >= 0)
      push(left.previous);
    push(best.position);
  }
}

void SentencePieceBPE::encodeWord(std::string_view word, std::vector<int32_t> &ids) const {
  std::vector<Symbol> symbols;
  for (size_t begin = 0; begin < word.size();) {
    auto position = static_cast<int32_t>(symbols.size());
    size_t bytes = utf8::step(word.substr(begin)).bytes;
    symbols.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes), position - 1, position + 1});
    begin += bytes;
  }
  symbols.back().next = -1;
  UnusedParts unused;
  merge(word, symbols, unused);

  bool wasUnknown = false;
  std::vector<std::string_view> parts; // from right to left
  for (int32_t position = 0; position >= 0; position = symbols[position].next) {
    const Symbol &symbol = symbols[position];
    parts.push_back(word.substr(symbol.begin, symbol.bytes));
    while (!parts.empty()) {
      std::string_view part = parts.back();
      parts.pop_back();
      int32_t id = index.find(part);
      auto split = unused.end();
      if (id >= 0 && type(id) == TokenType::Unused)
        split = unused.find(part);
      if (split != unused.end()) {
        parts.push_back(part.substr(split->second));
        parts.push_back(part.substr(0, split->second));
      } else if (id >= 0) {
        ids.push_back(id);
        wasUnknown = false;
      } else {
        encodeUnknown(part, wasUnknown, ids);
      }
    }
  }
}

Result<std::unique_ptr<const SubwordModel>> SentencePieceBPE::create(const TokenizerData &data) {
  if (data.scores.empty())
    return Failure("expected scores of the tokens (key tokenizer.ggml.scores), found none");
  Result<Common> common = readCommon(data);
  if (!common)
    return common.takeFailure();
  TokenIndex index(data.tokens);
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    // A NaN has no place in the order of merges.
    if (std::isnan(data.scores[id]))
      return Failure("token ", id, ": expected a number as its score, found a NaN");
    if (isOfText(data, id) && !isNever(data, id))
      index.insert(static_cast<int32_t>(id));
  }
  return std::unique_ptr<const SubwordModel>(
      new SentencePieceBPE(*std::move(common), std::move(index)));
}

Result<std::unique_ptr<const SubwordModel>>
frit::createSentencePieceBPE(const TokenizerData &data) {
  return SentencePieceBPE::create(data);
}
