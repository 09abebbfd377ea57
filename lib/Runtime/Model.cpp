//===- Model.cpp - an opened bundle ---------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Model.h"

#include "lib/Runtime/CpuFeatures.h"

#include <cstring>

using namespace frit;

Result<std::shared_ptr<const Model>> Model::open(const std::string &path, ModelOptions options) {
  Result<BundleReader> reader = BundleReader::open(path);
  if (!reader)
    return reader.takeFailure();
  auto model = std::make_shared<Model>();
  model->reader = *std::move(reader);
  if (Status loaded = model->load(options); !loaded)
    return loaded.takeFailure().in(path);
  return std::shared_ptr<const Model>(std::move(model));
}

Status Model::load(ModelOptions options) {
  // The reader has refused a bundle that lacks any of these.
  std::span<const uint8_t> none;
  auto manifestBytes = reader.section(BundleSectionKind::Manifest).value_or(none);
  auto codeBytes = reader.section(BundleSectionKind::Code).value_or(none);
  auto packBytes = reader.section(BundleSectionKind::Packs).value_or(none);
  text.assign(reinterpret_cast<const char *>(manifestBytes.data()), manifestBytes.size());
  Result<Manifest> parsed = Manifest::parse(text, packBytes.size());
  if (!parsed)
    return parsed.takeFailure();
  contents = *std::move(parsed);
  if (Status able = requireCpuFeatures(contents.features); !able)
    return able;

  Result<LoadedCode> loaded = LoadedCode::load(codeBytes);
  if (!loaded)
    return loaded.takeFailure();
  code = *std::move(loaded);
  for (const Manifest::Phase &phase : contents.phases) {
    Result<frit_phase_fn> function = code.phase(phase.symbol);
    if (!function)
      return function.takeFailure();
    phases.push_back(*function);
  }

  packsBegin = packBytes.data();
  packsByteCount = packBytes.size();
  if (options.hugePages && packsByteCount > 0) {
    Result<Pages> copy = Pages::allocate(packsByteCount, Pages::Size::Huge, "the weights");
    if (!copy)
      return copy.takeFailure();
    packsCopy = *std::move(copy);
    std::memcpy(packsCopy.data(), packsBegin, packsByteCount);
    packsBegin = packsCopy.data();
  }
  return loadTokenizer();
}

Status Model::loadTokenizer() {
  auto bytes = reader.section(BundleSectionKind::Tokenizer);
  if (!bytes)
    return {};
  Result<TokenizerData> data = TokenizerData::parse(bytes->data(), bytes->size());
  if (!data)
    return data.takeFailure().in("tokenizer");
  // Without its tokenizer a model still takes and gives ids.
  if (Status known = Tokenizer::check(*data); !known) {
    noTokenizer = known.error();
    return {};
  }
  Result<Tokenizer> created = Tokenizer::create(*std::move(data));
  if (!created)
    return created.takeFailure().in("tokenizer");
  if (created->vocabularySize() > contents.vocabulary)
    return Failure("tokenizer has ", created->vocabularySize(), " tokens, the model ",
                   contents.vocabulary);
  vocabulary = *std::move(created);
  return {};
}
