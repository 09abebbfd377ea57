//===- ByteLevelBPE.cpp - byte pair encoding over bytes -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/Compose.h"
#include "lib/Runtime/Tokenizer/MergeTable.h"
#include "lib/Runtime/Tokenizer/PreTokenizer.h"
#include "lib/Runtime/Tokenizer/SubwordModel.h"
#include "lib/Runtime/Tokenizer/TokenIndex.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <optional>

using namespace frit;

//===----------------------------------------------------------------------===//
// The alphabet
//===----------------------------------------------------------------------===//

/// GPT-2 writes the printable bytes of Latin-1 as themselves and the n-th other one as U+0100 + n,
/// so that every token is printable and none holds a space.
static constexpr bool isPrintable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

static constexpr std::array<char16_t, 256> byteCharacters = [] {
  std::array<char16_t, 256> characters{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte)
    characters[byte] = isPrintable(byte) ? static_cast<char16_t>(byte) : next++;
  return characters;
}();

/// From a character below U+0144 to its byte; -1 for a character that stands for none.
static constexpr std::array<int16_t, 0x144> characterBytes = [] {
  std::array<int16_t, 0x144> bytes{};
  bytes.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte)
    bytes[byteCharacters[byte]] = static_cast<int16_t>(byte);
  return bytes;
}();

/// All characters of the alphabet are below U+0800.
static std::string spell(uint8_t byte) {
  char16_t character = byteCharacters[byte];
  if (character < 0x80)
    return {static_cast<char>(character)};
  return {static_cast<char>(0xC0 | character >> 6), static_cast<char>(0x80 | (character & 0x3F))};
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

namespace {
/// A token of the word being merged, in a doubly linked list by position.
struct Symbol {
  int32_t id; ///< -1 once it was merged into the symbol before it
  int32_t previous;
  int32_t next;
};

/// A pair that could merge. It is stale if the pair at `position` has changed since.
struct Candidate {
  uint64_t order; ///< rank, then position: the smallest merges first
  int32_t id;

  int32_t position() const { return static_cast<int32_t>(order & 0xFFFFFFFF); }
  bool operator>(const Candidate &other) const { return order > other.order; }
};

/// Reused from word to word.
struct Scratch {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

class ByteLevelBPE : public SubwordModel {
public:
  ByteLevelBPE(PreTokenizer preTokenizer, std::optional<TokenIndex> words, MergeTable merges,
               const std::array<int32_t, 256> &byteIds)
      : preTokenizer(std::move(preTokenizer)), words(std::move(words)), merges(std::move(merges)),
        byteIds(byteIds) {}

  std::string_view normalize(std::string_view text, bool atStart,
                             std::string &buffer) const override;
  Status encode(std::string_view text, bool atStart, std::vector<int32_t> &ids) const override;
  std::string decodeSpelling(std::string_view spelling) const override;

private:
  void encodeWord(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const;

  PreTokenizer preTokenizer;
  std::optional<TokenIndex> words; ///< where a word may be a token as a whole
  MergeTable merges;
  std::array<int32_t, 256> byteIds; ///< -1 for a byte the vocabulary lacks
};
} // namespace

std::string_view ByteLevelBPE::normalize(std::string_view text, bool, std::string &buffer) const {
  std::optional<UnicodeForm> form = preTokenizer.form();
  if (!form)
    return text;
  buffer = normalizeUnicode(text, *form);
  return buffer;
}

Status ByteLevelBPE::encode(std::string_view text, bool, std::vector<int32_t> &ids) const {
  std::vector<std::string_view> words;
  std::string prefixed;
  if (preTokenizer.prefixesSpace() && !text.empty() && !text.starts_with(' ')) {
    prefixed.append(" ").append(text);
    text = prefixed;
  }
  if (Status status = preTokenizer.split(text, words); !status)
    return status;
  Scratch scratch;
  for (std::string_view word : words)
    encodeWord(word, scratch, ids);
  return {};
}

/// O(n log n): each merge removes a symbol and adds at most two candidates to the heap.
void ByteLevelBPE::encodeWord(std::string_view word, Scratch &scratch,
                              std::vector<int32_t> &ids) const {
  if (words) {
    std::string spelled;
    for (char byte : word)
      spelled += spell(static_cast<uint8_t>(byte));
    if (int32_t id = words->find(spelled); id >= 0)
      return ids.push_back(id);
  }
  auto &[symbols, heap] = scratch;
  symbols.clear();
  heap.clear();
  for (char byte : word) {
    int32_t id = byteIds[static_cast<uint8_t>(byte)];
    int32_t position = static_cast<int32_t>(symbols.size());
    if (id >= 0)
      symbols.push_back({id, position - 1, position + 1});
  }
  if (symbols.empty())
    return;
  symbols.back().next = -1;

  auto candidate = [&](int32_t position) -> const MergeTable::Merge * {
    int32_t next = symbols[position].next;
    return next < 0 ? nullptr : merges.lookup(symbols[position].id, symbols[next].id);
  };
  auto order = [](uint32_t rank, int32_t position) {
    return uint64_t(rank) << 32 | static_cast<uint32_t>(position);
  };
  for (int32_t position = 0; position < static_cast<int32_t>(symbols.size()); ++position)
    if (const MergeTable::Merge *merge = candidate(position))
      heap.push_back({order(merge->rank, position), merge->id});
  std::ranges::make_heap(heap, std::greater<>());

  auto push = [&](int32_t position) {
    if (const MergeTable::Merge *merge = candidate(position)) {
      heap.push_back({order(merge->rank, position), merge->id});
      std::ranges::push_heap(heap, std::greater<>());
    }
  };
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, std::greater<>());
    Candidate best = heap.back();
    heap.pop_back();
    Symbol &left = symbols[best.position()];
    if (left.id < 0)
      continue;
    const MergeTable::Merge *merge = candidate(best.position());
    if (!merge || merge->id != best.id)
      continue;
    Symbol &right = symbols[left.next];
    left.id = best.id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0)
      symbols[left.next].previous = best.position();
    if (left.previous >= 0)
      push(left.previous);
    push(best.position());
  }
  for (int32_t position = 0; position >= 0; position = symbols[position].next)
    ids.push_back(symbols[position].id);
}

std::string ByteLevelBPE::decodeSpelling(std::string_view spelling) const {
  std::string bytes;
  for (std::string_view rest = spelling; !rest.empty();) {
    utf8::Step next = utf8::step(rest);
    // A token with a character outside of the alphabet was added by hand and means its spelling.
    if (next.kind != utf8::StepKind::Valid || next.codePoint >= characterBytes.size() ||
        characterBytes[next.codePoint] < 0)
      return std::string(spelling);
    bytes += static_cast<char>(characterBytes[next.codePoint]);
    rest.remove_prefix(next.bytes);
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

Result<std::unique_ptr<const SubwordModel>> frit::createByteLevelBPE(const TokenizerData &data) {
  Result<PreTokenizer> preTokenizer = PreTokenizer::create(data);
  if (!preTokenizer)
    return preTokenizer.takeFailure();

  bool whole = preTokenizer->wholeWords();
  TokenIndex index(data.tokens);
  index.insertAll();
  std::array<int32_t, 256> byteIds;
  for (unsigned byte = 0; byte < 256; ++byte)
    byteIds[byte] = index.find(spell(static_cast<uint8_t>(byte)));

  MergeTable merges(data.merges.size());
  std::string joined;
  for (size_t rank = 0; rank < data.merges.size(); ++rank) {
    std::string_view text = data.merges[rank];
    size_t space = text.find(' ');
    if (space == std::string_view::npos)
      return Failure("merge ", rank, ": expected two tokens with a space between them, found ",
                     utf8::quote(text));
    std::string_view left = text.substr(0, space), right = text.substr(space + 1);
    joined.assign(left).append(right);
    std::string_view parts[] = {left, right, joined};
    int32_t ids[3];
    for (int i = 0; i < 3; ++i) {
      ids[i] = index.find(parts[i]);
      if (ids[i] < 0)
        return Failure("merge ", rank, " (", utf8::quote(text), "): the vocabulary has no token ",
                       utf8::quote(parts[i]));
    }
    merges.insert(ids[0], ids[1], {static_cast<uint32_t>(rank), ids[2]});
  }
  return std::unique_ptr<const SubwordModel>(new ByteLevelBPE(
      std::move(*preTokenizer), whole ? std::optional(std::move(index)) : std::nullopt,
      std::move(merges), byteIds));
}
