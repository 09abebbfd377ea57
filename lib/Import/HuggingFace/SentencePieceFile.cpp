//===- SentencePieceFile.cpp - the vocabulary in a tokenizer.model ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file is a message ModelProto in the wire format of Protocol Buffers: fields, each a number
// (field * 8 + wire type) and a value. Numbers are those of sentencepiece_model.proto; fields that
// do not matter here are passed over.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/SentencePieceFile.h"

#include "lib/Support/Printable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

#include <cstring>
#include <limits>

using namespace frit;
using llvm::StringRef;

namespace {

/// Reads the fields of one message front to back; after the first failure there are none.
class Message {
public:
  /// `offset`: where in the file `bytes` begin.
  explicit Message(StringRef bytes, size_t offset = 0) : bytes(bytes), start(offset) {}

  /// Moves to the next field; false at the end and after a failure.
  bool next() {
    if (failure || position == bytes.size())
      return false;
    uint64_t tag = varint();
    if (tag >> 32 || tag < 8)
      fail("expected the number of a field, found " + std::to_string(tag));
    field = static_cast<unsigned>(tag >> 3);
    wire = static_cast<unsigned>(tag & 7);
    valueAt = position;
    if (wire == 0)
      number = varint();
    else if (wire == 1)
      text = take(8);
    else if (wire == 2)
      text = take(varint());
    else if (wire == 5)
      text = take(4);
    else
      fail("expected a wire type of 0, 1, 2 or 5, found " + std::to_string(wire));
    return !failure;
  }

  /// The value of the field that next() moved to.
  StringRef asText() {
    expect(2);
    return text;
  }
  Message asMessage() {
    expect(2);
    return Message(text, start + (position - text.size()));
  }
  float asFloat() {
    expect(5);
    return wire == 5 ? llvm::bit_cast<float>(llvm::support::endian::read32le(text.data())) : 0;
  }
  uint64_t asNumber() {
    expect(0);
    return number;
  }
  bool asBool() { return asNumber() != 0; }

  /// What was wrong in a message inside of this one.
  void takeFailure(Message &inner) {
    if (!failure)
      failure = std::move(inner.failure);
  }

  unsigned field = 0;
  std::optional<Failure> failure;

private:
  void fail(const std::string &what) {
    if (!failure)
      failure = Failure("byte ", start + position, ": ", what);
  }

  void expect(unsigned wanted) {
    if (wire != wanted && !failure)
      failure = Failure("byte ", start + valueAt, ": expected wire type ", wanted, " of field ",
                        field, ", found ", wire);
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && position < bytes.size(); shift += 7) {
      auto byte = static_cast<uint8_t>(bytes[position++]);
      if (shift < 64)
        value |= uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80)
        return value;
    }
    fail("expected a number of at most 10 bytes");
    return 0;
  }

  StringRef take(uint64_t count) {
    if (count > bytes.size() - position) {
      fail("expected " + std::to_string(count) + " bytes of field " + std::to_string(field) +
           ", found " + std::to_string(bytes.size() - position));
      return {};
    }
    StringRef taken = bytes.substr(position, count);
    position += count;
    return taken;
  }

  StringRef bytes;
  size_t start, position = 0, valueAt = 0;
  unsigned wire = 0;
  uint64_t number = 0;
  StringRef text;
};

class ModelReader {
public:
  Result<TokenizerData> read(StringRef bytes);

private:
  Status readPiece(Message piece);
  void readTrainer(Message &trainer);
  void readNormalizer(Message &normalizer);
  Status checkBytes() const;
  std::optional<int32_t> findControl(StringRef spelling) const;
  void refuse(const std::string &what) {
    if (unsupported.empty())
      unsupported = what;
  }

  TokenizerData data;
  llvm::StringMap<int32_t> ids;
  uint64_t modelType = 1;
  bool fallsBackToBytes = false, hasTrainer = false, hasNormalizer = false;
  std::string bos = "<s>", eos = "</s>", pad = "<pad>";
  std::string unsupported;
};

} // namespace

Status ModelReader::readPiece(Message piece) {
  StringRef spelling;
  float score = 0;
  uint64_t type = 1;
  while (piece.next()) {
    if (piece.field == 1)
      spelling = piece.asText();
    else if (piece.field == 2)
      score = piece.asFloat();
    else if (piece.field == 3)
      type = piece.asNumber();
  }
  if (piece.failure)
    return std::move(*piece.failure);
  size_t id = data.tokens.size();
  auto failure = [&](const auto &...parts) { return Failure("piece ", id, ": ", parts...); };
  if (spelling.empty())
    return failure("expected a text, found none");
  if (!llvm::json::isUTF8(spelling))
    return failure("expected UTF-8");
  if (type < 1 || type > 6)
    return failure("expected a type from 1 to 6, found ", type);
  // A NaN has no place in an order.
  if (score != score)
    return failure("expected a number as its score, found a NaN");
  if (id >= static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return failure("expected fewer pieces");
  if (!ids.try_emplace(spelling, static_cast<int32_t>(id)).second)
    return failure("expected each text once, found '", spelling.str(), "' again");
  data.tokens.push_back(spelling.str());
  data.scores.push_back(score);
  // The numbers are those of GGUF.
  data.tokenTypes.push_back(static_cast<TokenType>(type));
  return {};
}

void ModelReader::readTrainer(Message &trainer) {
  while (trainer.next()) {
    if (trainer.field == 3)
      modelType = trainer.asNumber();
    else if (trainer.field == 24 && trainer.asBool())
      refuse("spaces behind words");
    else if (trainer.field == 35)
      fallsBackToBytes = trainer.asBool();
    else if (trainer.field == 46)
      bos = trainer.asText().str();
    else if (trainer.field == 47)
      eos = trainer.asText().str();
    else if (trainer.field == 48)
      pad = trainer.asText().str();
  }
}

void ModelReader::readNormalizer(Message &normalizer) {
  while (normalizer.next()) {
    if (normalizer.field == 2)
      data.characterMap = normalizer.asText().str();
    else if (normalizer.field == 3)
      data.addSpacePrefix = normalizer.asBool();
    else if (normalizer.field == 4)
      data.removesExtraSpaces = normalizer.asBool();
    else if (normalizer.field == 5)
      data.keepsSpaces = !normalizer.asBool();
  }
}

/// Bytes are tokens either all or not at all.
Status ModelReader::checkBytes() const {
  size_t found = llvm::count(data.tokenTypes, TokenType::Byte);
  size_t expected = fallsBackToBytes ? 256 : 0;
  if (found != expected)
    return Failure("expected ", expected, " pieces of type byte, found ", found);
  constexpr StringRef digits = "0123456789ABCDEF";
  for (unsigned byte = 0; byte < found; ++byte) {
    std::string spelling = "<0x";
    spelling += {digits[byte >> 4], digits[byte & 15], '>'};
    auto id = ids.find(spelling);
    if (id == ids.end() || data.tokenTypes[static_cast<size_t>(id->second)] != TokenType::Byte)
      return Failure("expected a piece of type byte '", spelling, "', found none");
  }
  return {};
}

std::optional<int32_t> ModelReader::findControl(StringRef spelling) const {
  auto id = ids.find(spelling);
  if (id == ids.end() || data.tokenTypes[static_cast<size_t>(id->second)] != TokenType::Control)
    return std::nullopt;
  return id->second;
}

Result<TokenizerData> ModelReader::read(StringRef bytes) {
  data.addSpacePrefix = data.removesExtraSpaces = true;
  Message model(bytes);
  while (model.next()) {
    if (model.field > 3)
      continue;
    Message inner = model.asMessage();
    if (model.failure)
      break;
    if (model.field == 1) {
      if (Status status = readPiece(inner); !status)
        return status.takeFailure();
      continue;
    }
    model.field == 2 ? readTrainer(inner) : readNormalizer(inner);
    (model.field == 2 ? hasTrainer : hasNormalizer) = true;
    model.takeFailure(inner);
  }
  if (model.failure)
    return std::move(*model.failure);
  if (data.tokens.empty())
    return Failure("expected at least one piece, found none; is it a file of SentencePiece?");
  // They stand behind the pieces.
  if (!hasTrainer || !hasNormalizer)
    return Failure("expected a trainer_spec and a normalizer_spec; is the file complete?");
  if (size_t unknown = llvm::count(data.tokenTypes, TokenType::Unknown); unknown != 1)
    return Failure("expected one piece of type unknown, found ", unknown);
  if (Status status = checkBytes(); !status)
    return status.takeFailure();

  if (modelType == 1)
    data.model = "t5";
  else if (modelType == 2)
    data.model = "llama";
  else
    refuse("a model of type " + std::to_string(modelType));
  if (!unsupported.empty()) {
    data = TokenizerData();
    data.model = "tokenizer.model with " + unsupported;
    return std::move(data);
  }
  data.matchesInNormalized = data.fusesUnknown = true;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.tokenTypes[id] == TokenType::Unknown)
      data.unknownId = static_cast<int32_t>(id);
    if (data.tokenTypes[id] != TokenType::UserDefined)
      continue;
    AddedTokenRule &rule = data.addedTokenRules.emplace_back();
    rule.id = static_cast<int32_t>(id);
    rule.normalized = true;
  }
  data.bosId = findControl(bos);
  data.eosId = findControl(eos);
  data.padId = findControl(pad);
  return std::move(data);
}

Result<TokenizerData> frit::parseSentencePieceFile(StringRef bytes) {
  Result<TokenizerData> data = ModelReader().read(bytes);
  if (!data)
    return Failure(printable(data.error()));
  return data;
}
