//===- Unigram.cpp - the most probable tokens -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: Kudo, "Subword Regularization", 2018 (arXiv 1804.10959): of all ways to cut a word into
// tokens, the one with the highest sum of scores (logarithms of probabilities), which Viterbi's
// algorithm finds from left to right. A character that is no token counts as unknown, worse than
// the worst token by 10. Of equal sums, that whose last token begins first. Sums are of double
// precision, as those of Hugging Face's tokenizers and llama.cpp; the library SentencePiece, whose
// are not, may cut long texts elsewhere.
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SentencePieceModel.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

using namespace frit;

namespace {
class Unigram : public SentencePieceModel {
public:
  static Result<std::unique_ptr<const SubwordModel>> create(const TokenizerData &data);

protected:
  void encodeWord(std::string_view word, std::vector<int32_t> &ids) const override;

private:
  Unigram(Common common, PrefixTrie trie, double worst, double best)
      : SentencePieceModel(std::move(common)), trie(std::move(trie)), unknownScore(worst - 10),
        best(best) {}
  double score(size_t bytes, int32_t id) const;

  PrefixTrie trie;
  double unknownScore;
  double best; ///< score of a token, but more than 0
};
} // namespace

/// To the library SentencePiece, user-defined tokens are about as good as if they were free.
double Unigram::score(size_t bytes, int32_t id) const {
  if (data().matchesInNormalized && type(static_cast<size_t>(id)) == TokenType::UserDefined)
    return static_cast<double>(static_cast<float>(bytes) * static_cast<float>(best)) - 0.1;
  return data().scores[static_cast<size_t>(id)];
}

/// O(n) for tokens of limited size.
void Unigram::encodeWord(std::string_view word, std::vector<int32_t> &ids) const {
  constexpr int32_t unknown = -1, unreached = -1;
  struct Node {
    double score = 0;
    int32_t begin = unreached;
    int32_t id = unknown;
  };
  std::vector<Node> nodes(word.size() + 1);
  for (size_t begin = 0; begin < word.size();) {
    size_t characterBytes = utf8::step(word.substr(begin)).bytes;
    double sumBefore = nodes[begin].score;
    bool isKnown = false;
    auto reach = [&](size_t bytes, int32_t id, double score) {
      Node &node = nodes[begin + bytes];
      double sum = sumBefore + score;
      if (node.begin == unreached || sum > node.score)
        node = {sum, static_cast<int32_t>(begin), id};
    };
    trie.forEachPrefix(word.substr(begin), [&](size_t bytes, int32_t id) {
      isKnown |= bytes == characterBytes;
      reach(bytes, id, score(bytes, id));
    });
    if (!isKnown)
      reach(characterBytes, unknown, unknownScore);
    begin += characterBytes;
  }

  std::vector<size_t> ends; // from right to left
  for (size_t end = word.size(); end > 0; end = static_cast<size_t>(nodes[end].begin))
    ends.push_back(end);
  bool wasUnknown = false;
  for (size_t end : ends | std::views::reverse) {
    const Node &node = nodes[end];
    if (node.id == unknown) {
      auto begin = static_cast<size_t>(node.begin);
      encodeUnknown(word.substr(begin, end - begin), wasUnknown, ids);
    } else {
      ids.push_back(node.id);
      wasUnknown = false;
    }
  }
}

Result<std::unique_ptr<const SubwordModel>> Unigram::create(const TokenizerData &data) {
  if (data.scores.empty())
    return Failure("expected scores of the tokens (key tokenizer.ggml.scores), found none");
  Result<Common> common = readCommon(data);
  if (!common)
    return common.takeFailure();
  PrefixTrie::Tokens tokens;
  double worst = std::numeric_limits<double>::max(), best = std::numeric_limits<float>::min();
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    TokenType type = data.tokenTypes.empty() ? TokenType::Normal : data.tokenTypes[id];
    double score = data.scores[id];
    if (!isOfText(data, id) || type == TokenType::Unused || isNever(data, id))
      continue;
    if (!std::isfinite(score))
      return Failure("token ", id, ": expected a finite number as its score");
    if (data.tokens[id].size() > maxTokenBytes)
      return Failure("token ", id, ": expected at most ", maxTokenBytes, " bytes, found ",
                     data.tokens[id].size());
    tokens.emplace_back(data.tokens[id], static_cast<int32_t>(id));
    if (type == TokenType::UserDefined)
      continue;
    worst = std::min(worst, score);
    best = std::max(best, score);
  }
  if (worst == std::numeric_limits<double>::max())
    return Failure("expected tokens that text may become, found none");
  return std::unique_ptr<const SubwordModel>(
      new Unigram(*std::move(common), PrefixTrie(std::move(tokens)), worst, best));
}

Result<std::unique_ptr<const SubwordModel>> frit::createUnigram(const TokenizerData &data) {
  return Unigram::create(data);
}
