//===- TokenizerJSON.cpp - the vocabulary of a Hugging Face directory ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/TokenizerJSON.h"

#include "lib/Support/Printable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Base64.h"

#include <limits>

using namespace frit;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

static constexpr StringRef spaceSymbol = "\xE2\x96\x81";

namespace {

/// Fills in a TokenizerData. `unsupported` names the first thing that frit does not have.
class Reader {
public:
  explicit Reader(const Object &json) : json(json) {}

  Result<TokenizerData> read();

private:
  void refuse(const llvm::Twine &what) {
    if (unsupported.empty())
      unsupported = what.str();
  }
  Status readVocabulary(const Object &model);
  Status readScoredVocabulary(const Object &model);
  Status readAddedTokens(std::optional<StringRef> unknown);
  Status setToken(StringRef spelling, int64_t id, TokenType type);
  Status readMerges(const Object &model);
  void scoreByMerges();
  void findByteTokens();
  void readNormalizer(const Value *value);
  void readCharacterMap(StringRef base64);
  void readPreTokenizer(const Value *value);
  void readSplit(const Object &split);
  void readPostProcessor(const Value *value);
  void readTemplate(const Object &part);
  std::vector<int32_t> idsOfSpecial(const Object &part, StringRef name);
  /// Whether no normalizer but NFC changes the text.
  bool isPlainText() const {
    return data.characterMap.empty() && !data.stripsStart && !data.stripsEnd &&
           !data.collapsesSpaces && !data.addSpacePrefix;
  }

  const Object &json;
  TokenizerData data;
  int64_t maxTokens = 0; ///< Ids beyond are refused: memory is to follow the size of the file.
  bool isByteLevel = false, isUnigram = false, spellsSpaces = false;
  std::string unsupported, malformed;
};

} // namespace

/// The parts of a Sequence, or the one thing that is none.
static std::vector<const Object *> partsOf(const Value *value, StringRef list) {
  std::vector<const Object *> result;
  const Object *object = value ? value->getAsObject() : nullptr;
  if (!object)
    return result;
  const Array *parts =
      object->getString("type") == StringRef("Sequence") ? object->getArray(list) : nullptr;
  if (!parts)
    return {object};
  for (const Value &part : *parts)
    for (const Object *inner : partsOf(&part, list))
      result.push_back(inner);
  return result;
}

static StringRef typeOf(const Object &object) { return object.getString("type").value_or(""); }

/// The text or regular expression of a pattern.
static std::optional<StringRef> patternOf(const Object &object, StringRef kind) {
  const Object *pattern = object.getObject("pattern");
  return pattern ? pattern->getString(kind) : std::nullopt;
}

Status Reader::setToken(StringRef spelling, int64_t id, TokenType type) {
  if (id < 0 || id >= maxTokens)
    return Failure("expected ids below ", maxTokens, " for so many tokens, found ", id);
  auto index = static_cast<size_t>(id);
  if (index >= data.tokens.size()) {
    data.tokens.resize(index + 1);
    data.tokenTypes.resize(index + 1, TokenType::Unused);
  }
  data.tokens[index] = spelling.str();
  data.tokenTypes[index] = type;
  return {};
}

Status Reader::readVocabulary(const Object &model) {
  const Object *vocabulary = model.getObject("vocab");
  if (!vocabulary)
    return Failure("model.vocab: expected an object");
  maxTokens += static_cast<int64_t>(2 * vocabulary->size());
  for (const auto &[spelling, value] : *vocabulary) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id)
      return Failure("model.vocab: expected a whole number for each token");
    if (Status status = setToken(spelling, *id, TokenType::Normal); !status)
      return status.takeFailure().in("model.vocab");
  }
  if (std::optional<StringRef> unknown = model.getString("unk_token"); unknown && !isByteLevel)
    if (std::optional<int64_t> id = vocabulary->getInteger(*unknown))
      data.unknownId = static_cast<int32_t>(*id);
  return readMerges(model);
}

/// That of a unigram model: the id is the place.
Status Reader::readScoredVocabulary(const Object &model) {
  const Array *vocabulary = model.getArray("vocab");
  if (!vocabulary)
    return Failure("model.vocab: expected a list");
  maxTokens += static_cast<int64_t>(2 * vocabulary->size());
  for (const auto &[id, element] : llvm::enumerate(*vocabulary)) {
    const Array *pair = element.getAsArray();
    std::optional<StringRef> spelling;
    std::optional<double> score;
    if (pair && pair->size() == 2) {
      spelling = (*pair)[0].getAsString();
      score = (*pair)[1].getAsNumber();
    }
    if (!spelling || !score)
      return Failure("model.vocab: expected a text and a number for each token");
    if (Status status = setToken(*spelling, static_cast<int64_t>(id), TokenType::Normal); !status)
      return status.takeFailure().in("model.vocab");
    data.scores.push_back(static_cast<float>(*score));
  }
  if (const Value *unknown = model.get("unk_id"); unknown && !unknown->getAsNull()) {
    std::optional<int64_t> id = unknown->getAsInteger();
    if (!id || *id < 0 || static_cast<size_t>(*id) >= vocabulary->size())
      return Failure("model.unk_id: expected the id of a token");
    data.tokenTypes[static_cast<size_t>(*id)] = TokenType::Unknown;
  }
  return {};
}

Status Reader::readAddedTokens(std::optional<StringRef> unknown) {
  const Array *added = json.getArray("added_tokens");
  if (!added)
    return {};
  for (const Value &element : *added) {
    const Object *token = element.getAsObject();
    std::optional<StringRef> content = token ? token->getString("content") : std::nullopt;
    std::optional<int64_t> id = token ? token->getInteger("id") : std::nullopt;
    if (!content || !id)
      return Failure("added_tokens: expected objects with content and id");
    auto flag = [&](StringRef name) { return token->getBoolean(name).value_or(false); };
    TokenType type = flag("special") ? TokenType::Control : TokenType::UserDefined;
    bool wasUnknown = *id >= 0 && static_cast<size_t>(*id) < data.tokens.size() &&
                      data.tokenTypes[static_cast<size_t>(*id)] == TokenType::Unknown;
    if (unknown == content || wasUnknown)
      type = TokenType::Unknown;
    AddedTokenRule rule;
    rule.stripsLeft = flag("lstrip");
    rule.stripsRight = flag("rstrip");
    rule.singleWord = flag("single_word");
    rule.normalized = flag("normalized");
    // Spelled as no text is, these come from merges.
    bool isSpaces = !isByteLevel && !isUnigram && !rule.normalized && !content->empty() &&
                    type == TokenType::UserDefined && content->size() % spaceSymbol.size() == 0 &&
                    StringRef(*content).count(spaceSymbol) * spaceSymbol.size() == content->size();
    if (Status status = setToken(*content, *id, isSpaces ? TokenType::Normal : type); !status)
      return status.takeFailure().in("added_tokens");
    bool isFoundOtherwise = !(rule == AddedTokenRule());
    rule.id = static_cast<int32_t>(*id);
    if (isFoundOtherwise && !isSpaces)
      data.addedTokenRules.push_back(rule);
  }
  return {};
}

Status Reader::readMerges(const Object &model) {
  const Array *merges = model.getArray("merges");
  if (!merges)
    return Failure("model.merges: expected a list");
  const Object &vocabulary = *model.getObject("vocab");
  for (const Value &merge : *merges) {
    const Array *pair = merge.getAsArray();
    std::optional<StringRef> text = merge.getAsString(), left, right;
    if (pair && pair->size() == 2) {
      left = (*pair)[0].getAsString();
      right = (*pair)[1].getAsString();
    } else if (text && text->count(' ') == 1) {
      std::tie(left, right) = text->split(' ');
    }
    if (!left || !right)
      return Failure("model.merges: expected two tokens in each merge");
    for (const std::string &token : {left->str(), right->str(), (*left + *right).str()})
      if (!vocabulary.get(token))
        return Failure("model.merges: expected tokens of the vocabulary, found '", token, "'");
    data.merges.push_back((*left + " " + *right).str());
  }
  return {};
}

/// SentencePiece's BPE goes by scores: the earlier the first merge that makes a token, the higher.
void Reader::scoreByMerges() {
  constexpr float never = -std::numeric_limits<float>::infinity();
  llvm::StringMap<size_t> ranks;
  for (const auto &[rank, merge] : llvm::enumerate(data.merges)) {
    auto [left, right] = StringRef(merge).split(' ');
    ranks.try_emplace((left + right).str(), rank);
  }
  data.merges.clear();
  for (const std::string &token : data.tokens) {
    auto rank = ranks.find(token);
    data.scores.push_back(rank == ranks.end() ? never : -static_cast<float>(rank->second));
  }
}

/// "<0x0A>" and the like, which stand for what the vocabulary lacks.
void Reader::findByteTokens() {
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    StringRef token = data.tokens[id];
    TokenType &type = data.tokenTypes[id];
    bool isByte = token.size() == 6 && token.starts_with("<0x") && token.ends_with(">") &&
                  llvm::isHexDigit(token[3]) && llvm::isHexDigit(token[4]);
    if (!isByte || type == TokenType::Unused || type == TokenType::Unknown)
      continue;
    // What was added by hand as special is found in a text, too.
    if (type == TokenType::Control)
      data.ruleOf(static_cast<int32_t>(id));
    type = TokenType::Byte;
  }
}

/// The steps that SentencePiece's own normalizer is written as, in their order.
void Reader::readNormalizer(const Value *value) {
  int last = 0;
  auto step = [&](int place) {
    if (place < last)
      refuse("normalizers in an unknown order");
    last = place;
  };
  for (const Object *part : partsOf(value, "normalizers")) {
    StringRef type = typeOf(*part);
    StringRef content = part->getString("content").value_or("");
    if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") {
      step(0);
      if (data.composes || data.decomposes)
        refuse("two normalization forms");
      data.composes = type.ends_with("C");
      data.decomposes = !data.composes;
      data.isCompatible = type.contains('K');
    } else if (type == "Precompiled") {
      step(1);
      readCharacterMap(part->getString("precompiled_charsmap").value_or(""));
    } else if (type == "Strip") {
      step(2);
      data.stripsStart |= part->getBoolean("strip_left").value_or(true);
      data.stripsEnd |= part->getBoolean("strip_right").value_or(true);
    } else if (type == "Replace" && patternOf(*part, "Regex") == StringRef(" {2,}") &&
               (content == " " || content == spaceSymbol)) {
      step(3);
      data.collapsesSpaces = true;
    } else if (type == "Replace" && patternOf(*part, "String") == StringRef(" ") &&
               content == spaceSymbol) {
      step(4);
      spellsSpaces = true;
    } else if (type == "Prepend" && part->getString("prepend") == spaceSymbol) {
      step(4);
      data.addSpacePrefix = true;
    } else {
      refuse("normalizer " + type);
    }
  }
}

void Reader::readCharacterMap(StringRef base64) {
  std::vector<char> bytes;
  if (llvm::Error error = llvm::decodeBase64(base64, bytes)) {
    llvm::consumeError(std::move(error));
    malformed = "precompiled_charsmap: expected Base64";
  }
  data.characterMap.assign(bytes.begin(), bytes.end());
  data.mapsGraphemes = true;
}

void Reader::readSplit(const Object &split) {
  StringRef behavior = split.getString("behavior").value_or("");
  bool isInverted = split.getBoolean("invert").value_or(false);
  std::optional<StringRef> regex = patternOf(split, "Regex");
  // Where spaces are spelled, a text has none.
  if (spellsSpaces && patternOf(split, "String") == StringRef(" "))
    return;
  // Isolated, matches and what lies between them are words, whichever is called a match.
  if (regex && behavior == "Isolated") {
    data.patterns.push_back(regex->str());
  } else if (regex && behavior == "Removed" && isInverted && data.patterns.empty()) {
    data.patterns.push_back(regex->str());
    data.keepsMatchesOnly = true;
  } else {
    refuse("pre-tokenizer Split of the behavior " + behavior + (isInverted ? ", inverted" : ""));
  }
}

void Reader::readPreTokenizer(const Value *value) {
  for (const Object *part : partsOf(value, "pretokenizers")) {
    StringRef type = typeOf(*part);
    if (type == "Split") {
      readSplit(*part);
    } else if (type == "Digits" && part->getBoolean("individual_digits").value_or(false)) {
      data.patterns.push_back(std::string(singleDigitsPattern));
    } else if (type == "ByteLevel") {
      isByteLevel = true;
      data.prefixesSpace |= part->getBoolean("add_prefix_space").value_or(true);
      if (data.prefixesSpace && !data.patterns.empty())
        refuse("a space in front of each word");
      if (part->getBoolean("use_regex").value_or(true))
        data.patterns.push_back(std::string(byteLevelPattern));
    } else if (type == "WhitespaceSplit" && !data.metaspace) {
      data.splitsAtWhiteSpace = true;
    } else if (type == "Metaspace" && part->getString("replacement") == spaceSymbol &&
               !data.addSpacePrefix) {
      spellsSpaces = data.metaspace = true;
      data.splitsAtSpaces = part->getBoolean("split").value_or(true);
      StringRef scheme = part->getString("prepend_scheme").value_or("always");
      data.addSpacePrefix = scheme != "never";
      data.prefixesOnlyStart = scheme == "first";
      // A text that lost its start has none, to the reference.
      if (data.prefixesOnlyStart && data.stripsStart)
        refuse("Strip in front of Metaspace");
    } else {
      refuse("pre-tokenizer " + type);
    }
  }
}

/// What a template calls a special token: the ids it lists for it, or the token of that spelling.
std::vector<int32_t> Reader::idsOfSpecial(const Object &part, StringRef name) {
  std::vector<int32_t> result;
  const Object *specials = part.getObject("special_tokens");
  const Object *special = specials ? specials->getObject(name) : nullptr;
  if (const Array *ids = special ? special->getArray("ids") : nullptr) {
    for (const Value &id : *ids) {
      int64_t number = id.getAsInteger().value_or(-1);
      if (number >= 0 && static_cast<size_t>(number) < data.tokens.size())
        result.push_back(static_cast<int32_t>(number));
      else
        refuse("post-processor TemplateProcessing with a token outside of the vocabulary");
    }
    return result;
  }
  for (size_t id = 0; id < data.tokens.size(); ++id)
    if (data.tokens[id] == name)
      result.push_back(static_cast<int32_t>(id));
  return result;
}

/// The special tokens in front of a text and behind it.
void Reader::readTemplate(const Object &part) {
  std::vector<int32_t> inFront, behind;
  bool hasText = false;
  const Array *single = part.getArray("single");
  for (const Value &piece : single ? *single : Array()) {
    const Object *object = piece.getAsObject();
    const Object *special = object ? object->getObject("SpecialToken") : nullptr;
    if (special)
      llvm::append_range(hasText ? behind : inFront,
                         idsOfSpecial(part, special->getString("id").value_or("")));
    else if (!object || !object->getObject("Sequence") || std::exchange(hasText, true))
      return refuse(
          "post-processor TemplateProcessing with another thing than one text and tokens");
  }
  constexpr size_t maxTokens = 64;
  if (inFront.size() > maxTokens || behind.size() > maxTokens)
    return refuse("post-processor TemplateProcessing with more than 64 tokens");
  for (const auto &[index, id] : llvm::enumerate(inFront)) {
    if (index == 0) {
      data.bosId = id;
      data.addBos = true;
    } else if (std::exchange(data.ruleOf(id).isInFront, true)) {
      refuse("post-processor TemplateProcessing with a token twice");
    }
  }
  for (int32_t id : behind)
    if (std::exchange(data.ruleOf(id).isBehind, true))
      refuse("post-processor TemplateProcessing with a token twice");
}

void Reader::readPostProcessor(const Value *value) {
  bool hasTemplate = false;
  for (const Object *part : partsOf(value, "processors")) {
    StringRef type = typeOf(*part);
    if (type == "TemplateProcessing" && !std::exchange(hasTemplate, true))
      readTemplate(*part);
    else if (type != "ByteLevel")
      refuse("post-processor " + type + (hasTemplate ? " beside another" : ""));
  }
}

Result<TokenizerData> Reader::read() {
  const Object *model = json.getObject("model");
  if (!model)
    return Failure("model: expected an object");
  StringRef type = model->getString("type").value_or("BPE");
  isUnigram = type == "Unigram";
  if (type != "BPE" && !isUnigram)
    refuse("model " + type);
  for (StringRef affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model->getString(affix).value_or("").empty())
      refuse("model with " + affix);
  readNormalizer(json.get("normalizer"));
  readPreTokenizer(json.get("pre_tokenizer"));
  if (!malformed.empty())
    return Failure(malformed);
  if (unsupported.empty()) {
    const Array *added = json.getArray("added_tokens");
    maxTokens = static_cast<int64_t>(2 * (added ? added->size() : 0)) + 1024;
    if (Status status = isUnigram ? readScoredVocabulary(*model) : readVocabulary(*model); !status)
      return status.takeFailure();
    if (Status status = readAddedTokens(model->getString("unk_token")); !status)
      return status.takeFailure();
    readPostProcessor(json.get("post_processor"));
  }
  bool hasForm = data.composes || data.decomposes;
  bool isSentencePiece = spellsSpaces && !hasForm && data.patterns.empty() &&
                         (data.metaspace || !data.splitsAtWhiteSpace);
  if (isByteLevel && !isUnigram && !spellsSpaces && isPlainText()) {
    data.model = "gpt2";
    data.wholeWords = model->getBoolean("ignore_merges").value_or(false);
    data.preTokenizer = preTokenizerFamily(data);
    if (!data.preTokenizer.empty()) {
      data.patterns.clear();
      data.wholeWords = data.composes = data.keepsMatchesOnly = false;
    }
  } else if (isSentencePiece && !isByteLevel) {
    data.model = isUnigram ? "t5" : "llama";
    if (isUnigram)
      data.scores.resize(data.tokens.size(), -std::numeric_limits<float>::infinity());
    else
      scoreByMerges();
    data.fusesUnknown = isUnigram || model->getBoolean("fuse_unk").value_or(false);
    if (model->getBoolean("byte_fallback").value_or(false))
      findByteTokens();
  } else {
    refuse("an unknown pre-tokenizer");
  }
  for (size_t id = 0; id < data.tokenTypes.size(); ++id)
    if (data.tokenTypes[id] == TokenType::Unknown)
      data.unknownId = static_cast<int32_t>(id);
  if (unsupported.empty())
    return data;
  data = TokenizerData();
  data.model = "tokenizer.json with " + printable(unsupported);
  return data;
}

Result<TokenizerData> frit::parseTokenizerJSON(const Value &json) {
  const Object *object = json.getAsObject();
  if (!object)
    return Failure("expected an object");
  Result<TokenizerData> data = Reader(*object).read();
  if (!data)
    return Failure(printable(data.error()));
  return data;
}
