//===- SentencePieceBPE.cpp - BPE over characters, by score -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: Kudo and Richardson, "SentencePiece", 2018 (arXiv 1808.06226), its BPE model as llama.cpp
// applies it: two neighbours merge when together they are a token, the token of the highest score
// first, of equal ones that of the lowest id (as in the merges that transformers derives), then the
// leftmost. Spaces are spelled U+2581; a character that is no token
// becomes its bytes, tokens "<0x00>" to "<0xFF>".
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SubwordModel.h"
#include "lib/Runtime/Tokenizer/TokenIndex.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

using namespace frit;

static constexpr std::string_view spaceSymbol = "\xE2\x96\x81";

/// The byte that "<0x0A>" stands for.
static std::optional<uint8_t> byteOf(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling.back() != '>')
    return std::nullopt;
  uint8_t byte = 0;
  auto [end, error] = std::from_chars(&spelling[3], &spelling[5], byte, 16);
  if (error != std::errc() || end != &spelling[5])
    return std::nullopt;
  return byte;
}

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
    return id > other.id || (id == other.id && position > other.position);
  }
};

class SentencePieceBPE : public SubwordModel {
public:
  SentencePieceBPE(const TokenizerData &data, TokenIndex index,
                   const std::array<int32_t, 256> &byteIds)
      : data(data), index(std::move(index)), byteIds(byteIds) {}

  Status encode(std::string_view text, bool atStart, std::vector<int32_t> &ids) const override;
  std::string decodeSpelling(std::string_view spelling) const override;
  std::string decodeAdded(std::string_view spelling) const override;
  bool prefixesSpace() const override { return data.addSpacePrefix; }

private:
  void merge(std::string_view text, std::vector<Symbol> &symbols) const;

  const TokenizerData &data;
  TokenIndex index;                 ///< of what text may become
  std::array<int32_t, 256> byteIds; ///< -1 for a byte the vocabulary lacks
};
} // namespace

/// O(n log n): each merge removes a symbol and adds at most two candidates to the heap.
void SentencePieceBPE::merge(std::string_view text, std::vector<Symbol> &symbols) const {
  std::vector<Candidate> heap;
  auto push = [&](int32_t position) {
    const Symbol &left = symbols[position];
    if (left.next < 0)
      return;
    uint32_t bytes = left.bytes + symbols[left.next].bytes;
    int32_t id = index.find(text.substr(left.begin, bytes));
    // No merge of the vocabulary makes a token of this score.
    if (id < 0 || data.scores[id] == -std::numeric_limits<float>::infinity())
      return;
    heap.push_back({data.scores[id], id, position, bytes});
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

Status SentencePieceBPE::encode(std::string_view text, bool atStart,
                                std::vector<int32_t> &ids) const {
  bool prefixed = data.addSpacePrefix && (atStart || !data.prefixesOnlyStart);
  std::string spelled(prefixed ? spaceSymbol : "");
  for (char character : text)
    if (character == ' ')
      spelled += spaceSymbol;
    else
      spelled += character;
  // Positions and sizes are 32 bits.
  if (spelled.size() > static_cast<size_t>(INT32_MAX))
    return Failure("expected a text of at most 2147483647 bytes, with three for each space, found ",
                   spelled.size());

  std::vector<Symbol> symbols;
  for (size_t begin = 0; begin < spelled.size();) {
    auto position = static_cast<int32_t>(symbols.size());
    size_t bytes = utf8::step(std::string_view(spelled).substr(begin)).bytes;
    symbols.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes), position - 1, position + 1});
    begin += bytes;
  }
  if (symbols.empty())
    return {};
  symbols.back().next = -1;
  merge(spelled, symbols);

  for (int32_t position = 0; position >= 0; position = symbols[position].next) {
    const Symbol &symbol = symbols[position];
    std::string_view part = std::string_view(spelled).substr(symbol.begin, symbol.bytes);
    if (int32_t id = index.find(part); id >= 0) {
      ids.push_back(id);
      continue;
    }
    bool spelledAsBytes = std::ranges::all_of(
        part, [&](char byte) { return byteIds[static_cast<uint8_t>(byte)] >= 0; });
    if (spelledAsBytes)
      for (char byte : part)
        ids.push_back(byteIds[static_cast<uint8_t>(byte)]);
    else if (data.unknownId)
      ids.push_back(*data.unknownId);
  }
  return {};
}

std::string SentencePieceBPE::decodeAdded(std::string_view spelling) const {
  std::string text;
  for (size_t position = 0; position < spelling.size();) {
    bool isSpace = spelling.substr(position).starts_with(spaceSymbol);
    text += isSpace ? ' ' : spelling[position];
    position += isSpace ? spaceSymbol.size() : 1;
  }
  return text;
}

std::string SentencePieceBPE::decodeSpelling(std::string_view spelling) const {
  if (std::optional<uint8_t> byte = byteOf(spelling))
    return {static_cast<char>(*byte)};
  return decodeAdded(spelling);
}

Result<std::unique_ptr<const SubwordModel>>
frit::createSentencePieceBPE(const TokenizerData &data) {
  if (data.scores.empty())
    return Failure("expected scores of the tokens (key tokenizer.ggml.scores), found none");
  TokenIndex index(data.tokens);
  std::array<int32_t, 256> byteIds;
  byteIds.fill(-1);
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    // A NaN has no place in the order of merges.
    if (std::isnan(data.scores[id]))
      return Failure("token ", id, ": expected a number as its score, found a NaN");
    TokenType type = data.tokenTypes.empty() ? TokenType::Normal : data.tokenTypes[id];
    std::optional<uint8_t> byte = byteOf(data.tokens[id]);
    if (byte && (type == TokenType::Byte || data.tokenTypes.empty()))
      byteIds[*byte] = static_cast<int32_t>(id);
    else if (type != TokenType::Control && type != TokenType::Unknown && type != TokenType::Byte)
      index.insert(static_cast<int32_t>(id));
  }
  return std::unique_ptr<const SubwordModel>(new SentencePieceBPE(data, std::move(index), byteIds));
}

/// Runs of spaces that were added by hand come from merges, those before all others: in a
/// tokenizer.json they are spelled with U+2581, which is not what stands in a text, and have low
/// ids.
void frit::prepareSentencePiece(TokenizerData &data) {
  if (data.tokenTypes.empty() || data.scores.empty())
    return;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    std::string &spelling = data.tokens[id];
    if (data.tokenTypes[id] != TokenType::UserDefined || spelling.empty() ||
        spelling.find_first_not_of(' ') != std::string::npos)
      continue;
    data.tokenTypes[id] = TokenType::Normal;
    data.scores[id] = std::numeric_limits<float>::infinity();
    std::string spaces;
    for (size_t i = 0; i < spelling.size(); ++i)
      spaces += spaceSymbol;
    spelling = spaces;
  }
}
