//===- Convert.cpp - a checkpoint as a GGUF file ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a record says of both origins is enough to turn one into the other: names of keys and
// tensors, which rows of a fused tensor are whose, the order of RoPE's pairs, the offset of norms.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Convert.h"

#include "frit/Runtime/TokenizerData.h"
#include "lib/Import/Checkpoint.h"
#include "lib/Import/ChooseRecord.h"
#include "lib/Import/GGUF/GGUFTokenizer.h"
#include "lib/Import/GGUF/GGUFWriter.h"
#include "lib/Import/HuggingFace/HuggingFace.h"
#include "lib/Import/Hyperparameters.h"
#include "lib/Import/Resolve.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace frit;
using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;

namespace {

/// Rows of a tensor to be written, and where they are now.
struct Part {
  const uint8_t *data = nullptr;
  Format format = Format::F32;
  int64_t firstRow = 0; ///< In the tensor.
  int64_t rows = 0, columns = 0;
  /// In the tensor its rows are runs of so many, each so many behind the one before it.
  int64_t runLength = 0, runStride = 0;
  int64_t fileRunLength = 0, fileRunStride = 0; ///< Those of its WeightRef.
  int64_t pairDim = 0, headDim = 0;             ///< Not 0: pairs of RoPE go beside each other.
  float offset = 0;                             ///< Added to each value.

  /// Which row of the tensor row `row` of the part is.
  int64_t rowInTensor(int64_t row) const {
    return firstRow + row / runLength * runStride + row % runLength;
  }
  /// Which row of the part row `row` of the tensor is; nothing when it is another part's.
  std::optional<int64_t> findRow(int64_t row) const {
    int64_t inRun = (row - firstRow) % runStride;
    int64_t found = (row - firstRow) / runStride * runLength + inRun;
    if (row < firstRow || inRun >= runLength || found >= rows)
      return std::nullopt;
    return found;
  }
  /// Where row `row` of the part is in the file.
  int64_t rowInFile(int64_t row) const {
    int64_t inHead = headDim ? row % headDim : 0, half = pairDim / 2;
    if (inHead < pairDim)
      row += (inHead % 2 ? half + inHead / 2 : inHead / 2) - inHead;
    return fileRunLength ? row / fileRunLength * fileRunStride + row % fileRunLength : row;
  }
};

struct Tensor {
  int64_t rows = 0; ///< Of a vector: its elements, with columns = 1.
  int64_t columns = 0;
  int64_t experts = 0; ///< Matrices behind each other; 0: it is no list of them.
  bool isVector = false;
  Format format = Format::F32;
  std::vector<Part> parts;

  std::vector<int64_t> shape() const {
    if (isVector)
      return {rows};
    if (experts)
      return {experts, rows / experts, columns};
    return {rows, columns};
  }
};

class Converter {
public:
  Converter(const Checkpoint &checkpoint, const ModelSpec &model, const ConvertOptions &options)
      : checkpoint(checkpoint), model(model), record(*model.record), options(options),
        numbers(checkpoint, record, record.architectures[Origin::GGUF].front(), problems) {
    numbers.setLayers(static_cast<int64_t>(model.layers.size()));
  }

  Status write(StringRef output);

private:
  void addWeights();
  void addWeight(Role role, const WeightRef &weight, const LayerSpec *layer, int64_t index);
  int64_t placeRows(const TensorSpec &spec, int64_t index, Part &part);
  void checkTensors();
  void addKeys();
  std::string keysOf(StringRef place) const;
  bool isDefault(const Hyperparameter &parameter, llvm::ArrayRef<double> values);
  void addKey(const Hyperparameter &parameter);
  void addMagnitude();
  void addRope();
  Status addTokenizer();
  Status writeTensors(llvm::raw_ostream &out);
  Status checkOutput(StringRef output) const;
  Status checkWritten(StringRef path) const;
  double evaluate(Origin origin, const Expression &expression, int64_t layer) {
    return numbers.evaluateFor(origin, expression, "convert", ValueKind::Number, layer).value_or(0);
  }

  const Checkpoint &checkpoint;
  const ModelSpec &model;
  const ArchRecord &record;
  const ConvertOptions &options;
  Problems problems; ///< Of what the record says of GGUF files: the rest is resolved already.
  Hyperparameters numbers;
  GGUFHeader header;
  llvm::StringSet<> keysWritten; ///< Of hyperparameters.
  bool hasRopeFactor = false;    ///< Which stretches positions by itself.
  std::vector<std::pair<std::string, Tensor>> tensors;
  llvm::StringMap<size_t> tensorIndices;
  std::vector<std::pair<std::string, std::vector<float>>> vectors; ///< Of our own making.
};

} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static bool isNorm(Role role) {
  switch (role) {
  case Role::OutputNorm:
  case Role::AttnNorm:
  case Role::AttnQNorm:
  case Role::AttnKNorm:
  case Role::AttnPostNorm:
  case Role::FfnNorm:
  case Role::FfnPostNorm:
    return true;
  default:
    return false;
  }
}

/// Where the rows of the part are in a fused tensor of a GGUF file, and how many that one has.
int64_t Converter::placeRows(const TensorSpec &spec, int64_t index, Part &part) {
  part.runLength = part.runStride = part.rows;
  const std::optional<FusedRows> &rows = spec.rows[Origin::GGUF];
  if (!rows)
    return part.rows;
  auto number = [&](const Expression &expression, ValueKind kind) {
    return static_cast<int64_t>(
        numbers.evaluateFor(Origin::GGUF, expression, "rows of GGUF files", kind, index)
            .value_or(1));
  };
  int64_t groups = number(rows->groups, ValueKind::Count);
  part.firstRow = number(rows->from, ValueKind::Size);
  part.runStride = number(rows->of, ValueKind::Count);
  part.runLength = part.rows / groups;
  if (part.rows % groups == 0 && part.firstRow + part.runLength <= part.runStride)
    return groups * part.runStride;
  problems.add("rows of GGUF files", "expected " + Twine(part.rows) + " rows in " + Twine(groups) +
                                         " groups of " + Twine(part.runStride) + " from " +
                                         Twine(part.firstRow));
  part.runLength = part.runStride = part.rows;
  return part.rows;
}

/// A record may say of GGUF files what no converted file can be.
void Converter::checkTensors() {
  for (const auto &[name, tensor] : tensors) {
    int64_t rows = 0;
    for (const Part &part : tensor.parts)
      rows += part.rows;
    if (rows != tensor.rows)
      problems.add("tensor " + name, "expected roles with the " + Twine(tensor.rows) +
                                         " rows it has in GGUF files, found " + Twine(rows));
  }
}

/// Whose rows are in the order of RoPE's pairs.
static bool isRotated(Role role) {
  switch (role) {
  case Role::AttnQ:
  case Role::AttnQBias:
  case Role::AttnQNorm:
  case Role::AttnK:
  case Role::AttnKBias:
  case Role::AttnKNorm:
    return true;
  default:
    return false;
  }
}

void Converter::addWeight(Role role, const WeightRef &weight, const LayerSpec *layer,
                          int64_t index) {
  const TensorSpec &spec = *record.tensor(role);
  bool isVector = weight.shape.size() == 1;
  Part part;
  part.data = checkpoint.fileData(weight.file) + weight.offset;
  part.format = weight.format;
  part.rows = weight.shape[0];
  part.fileRunLength = weight.runLength;
  part.fileRunStride = weight.runStride;
  part.columns = isVector ? 1 : weight.shape.back();
  if (weight.shape.size() == 3)
    part.rows *= weight.shape[1];
  if (isNorm(role))
    part.offset = static_cast<float>(evaluate(Origin::HuggingFace, record.normOffset, index) -
                                     evaluate(Origin::GGUF, record.normOffset, index));
  if (isRotated(role) && layer && record.ropeOrder[Origin::GGUF] != model.ropeOrder) {
    part.headDim = layer->headDim;
    part.pairDim = layer->rope.dim;
  }
  int64_t rows = placeRows(spec, index, part);
  std::string name = expandLayer(spec.names[Origin::GGUF], std::to_string(index));
  auto [entry, isNew] = tensorIndices.try_emplace(name, tensors.size());
  if (isNew)
    tensors.emplace_back(std::move(name), Tensor());
  Tensor &tensor = tensors[entry->second].second;
  if (!isNew &&
      (tensor.isVector != isVector || tensor.columns != part.columns || tensor.rows != rows))
    problems.add("tensor " + tensors[entry->second].first,
                 "expected roles that agree on the shape it has in GGUF files");
  tensor.isVector = isVector;
  tensor.columns = part.columns;
  tensor.rows = rows;
  // Readers expect the scores of experts unquantized.
  if (isVector || role == Role::FfnGateInp)
    tensor.format = Format::F32;
  else
    tensor.format = tensor.columns % formatInfo(options.format).blockElements == 0 ? options.format
                                                                                   : Format::F16;
  if (weight.shape.size() == 3)
    tensor.experts = weight.shape[0];
  if (weight.pieces.empty()) {
    tensor.parts.push_back(part);
    return;
  }
  part.rows = part.runLength = part.runStride = weight.shape[1];
  for (auto [file, offset] : weight.pieces) {
    part.data = checkpoint.fileData(file) + offset;
    tensor.parts.push_back(part);
    part.firstRow += part.rows;
  }
}

void Converter::addWeights() {
  for (const RoleInfo &info : roleInfos)
    if (const WeightRef *weight = info.inLayer() ? nullptr : model.weight(info.role))
      if (!(info.role == Role::Output && model.tied))
        addWeight(info.role, *weight, nullptr, Hyperparameters::wholeModel);
  for (const auto &[index, layer] : llvm::enumerate(model.layers))
    for (const RoleInfo &info : roleInfos)
      if (const WeightRef *weight = layer.weight(info.role))
        addWeight(info.role, *weight, &layer, static_cast<int64_t>(index));
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

/// Whether readers of a GGUF file take the values for granted where it has no key. Only constants
/// count: what follows from other numbers, other readers may let follow in another way.
bool Converter::isDefault(const Hyperparameter &parameter, llvm::ArrayRef<double> values) {
  const std::optional<Expression> &fallback = parameter.fallback[Origin::GGUF];
  if (!fallback || llvm::any_of(fallback->names(), [](StringRef name) { return name != "gguf"; }))
    return false;
  double constant = evaluate(Origin::GGUF, *fallback, Hyperparameters::wholeModel);
  return llvm::all_of(values, [&](double value) { return value == constant; });
}

/// Hyperparameters that have a key in GGUF files and a value here.
void Converter::addKey(const Hyperparameter &parameter) {
  const Names &keys = parameter.keys[Origin::GGUF];
  if (keys.empty() || !parameter.choices.empty())
    return;
  // Of a scaling that this model does not have, there are no numbers.
  std::string key;
  if (!numbers.find(parameter.keys, key) && !parameter.fallback[checkpoint.origin()])
    return;
  key = numbers.expandKey(keys.front());
  size_t count = parameter.perLayer ? model.layers.size() : 1;
  std::vector<double> values;
  values.reserve(count);
  for (size_t layer = 0; layer < count; ++layer)
    values.push_back(
        numbers.get(parameter.name, parameter.perLayer ? layer : Hyperparameters::wholeModel)
            .value_or(0));
  bool isWhole = parameter.kind == ValueKind::Count || parameter.kind == ValueKind::Size;
  if (isDefault(parameter, values))
    return;
  // To llama.cpp, a factor stretches whatever the scaling is called: only where it does.
  if (StringRef(key).ends_with(".rope.scaling.factor") && !hasRopeFactor)
    return;
  keysWritten.insert(key);
  if (parameter.kind == ValueKind::Flag && parameter.perLayer)
    header.add(key, std::vector<bool>(values.begin(), values.end()));
  else if (!llvm::all_equal(values))
    header.add(key, std::vector<uint32_t>(values.begin(), values.end()));
  else if (parameter.kind == ValueKind::Flag)
    header.add(key, values.front() != 0);
  else if (isWhole)
    header.add(key, static_cast<uint32_t>(values.front()));
  else
    header.add(key, static_cast<float>(values.front()));
}

/// The scaling by its name where llama.cpp computes it, by its factors where it does not.
void Converter::addRope() {
  const RopeSpec *rope = nullptr;
  for (const LayerSpec &layer : model.layers)
    if (layer.rope.dim && (!rope || layer.rope.positionScale != 1))
      rope = &layer.rope;
  if (!rope)
    return;
  std::string found;
  const CheckpointValue *named = numbers.find(record.ropeScalingKeys, found);
  Result<std::string_view> name = named ? named->asText() : Result<std::string_view>("");
  const Names &typeKeys = record.ropeScalingKeys[Origin::GGUF];
  bool isYaRN = false;
  for (const auto &[known, scaling] : record.ropeScalings)
    isYaRN |= name && known == *name && scaling.kind == RopeScalingKind::YaRN;
  hasRopeFactor = rope->positionScale != 1 || isYaRN;
  bool isLong = !rope->longFactors.empty();
  if (!typeKeys.empty() && (hasRopeFactor || isLong))
    header.add(numbers.expandKey(typeKeys.front()), std::string_view(isYaRN          ? "yarn"
                                                                     : hasRopeFactor ? "linear"
                                                                                     : "longrope"));
  if (isYaRN || rope->factors.empty())
    return;
  auto add = [&](StringRef tensor, const std::vector<double> &factors) {
    vectors.emplace_back(tensor.str(), std::vector<float>(factors.begin(), factors.end()));
  };
  if (!isLong)
    return add("rope_freqs.weight", rope->factors);
  add("rope_factors_short.weight", rope->factors);
  add("rope_factors_long.weight", rope->longFactors);
}

/// Of LongRoPE, whose own magnitude readers do not compute.
void Converter::addMagnitude() {
  std::string key = numbers.expandKey("{arch}.rope.scaling.attn_factor");
  for (const LayerSpec &layer : model.layers)
    if (!layer.rope.longFactors.empty() && keysWritten.insert(key).second)
      header.add(key, static_cast<float>(layer.rope.magnitude));
}

void Converter::addKeys() {
  header.add("general.architecture", std::string_view(record.architectures[Origin::GGUF].front()));
  header.add("general.name", std::string_view(model.name));
  header.add("general.quantization_version", uint32_t{2});
  header.add(numbers.expandKey("{arch}.vocab_size"), static_cast<uint32_t>(model.vocabulary));
  addRope();
  for (const Hyperparameter &parameter : record.hyperparameters)
    if (parameter.name != "vocab_size")
      addKey(parameter);
  addMagnitude();
}

Status Converter::addTokenizer() {
  Result<TokenizerData> read = checkpoint.readTokenizer();
  if (!read)
    return read.takeFailure();
  TokenizerData &data = *read;
  if (data.tokens.empty()) {
    // Only ids go in and out.
    header.add("tokenizer.ggml.model", std::string_view("none"));
    return {};
  }
  auto vocabulary = static_cast<size_t>(model.vocabulary);
  if (data.tokens.size() > vocabulary)
    return Failure(checkpoint.tokenizerKind(), " has ", data.tokens.size(), " tokens, the model ",
                   vocabulary)
        .in(checkpoint.path());
  if (data.model == "gpt2" && data.preTokenizer.empty())
    return Failure("the patterns of tokenizer.json have no name in GGUF files; expected those of a "
                   "known family")
        .in(checkpoint.path());
  data.tokens.resize(vocabulary);
  data.tokenTypes.resize(vocabulary, TokenType::Unused);
  for (size_t id = 0; id < vocabulary; ++id)
    if (data.tokens[id].empty())
      data.tokens[id] = "[PAD" + std::to_string(id) + "]";
  if (!data.scores.empty()) {
    // Of tokens that nothing merges into.
    constexpr float never = std::numeric_limits<float>::lowest();
    for (float &score : data.scores)
      score = std::max(score, never);
    data.scores.resize(vocabulary, never);
  }
  writeTokenizer(header, data);
  return {};
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

static void pad(llvm::raw_ostream &out, uint64_t bytes) {
  out.write_zeros(static_cast<unsigned>(GGUFHeader::padded(bytes) - bytes));
}

/// The largest number that does not become infinite: of blocks, that times a factor in f16.
static float largest(Format format) {
  constexpr float f16 = 65504;
  switch (format) {
  case Format::F16:
    return f16;
  case Format::BF16:
    return 0x1.FEp127f;
  case Format::Q8_0:
    return 127 * f16;
  case Format::Q4_0:
    return 8 * f16;
  default:
    return std::numeric_limits<float>::max();
  }
}

/// A file with infinite numbers, or none at all, would be read, and answer nonsense.
static Status checkValues(Format format, llvm::ArrayRef<float> values, StringRef name,
                          int64_t row) {
  float limit = largest(format);
  for (const auto &[column, value] : llvm::enumerate(values))
    if (!(std::abs(value) <= limit))
      return Failure(
          "tensor ", std::string_view(name), ", row ", row, ", column ", column,
          ": expected a number",
          std::isfinite(value)
              ? " up to " + formatNumber(limit) + " for " + std::string(formatInfo(format).name)
              : std::string(),
          ", found ", formatNumber(value),
          std::isfinite(value) ? "; another --format holds it" : "; are the weights damaged?");
  return {};
}

Status Converter::writeTensors(llvm::raw_ostream &out) {
  std::vector<float> values;
  std::vector<uint8_t> row;
  size_t done = 0;
  for (const auto &[name, tensor] : tensors) {
    // Of a vector, all of it is a row.
    int64_t rows = tensor.isVector ? 1 : tensor.rows;
    int64_t columns = tensor.isVector ? tensor.rows : tensor.columns;
    auto rowBytes = static_cast<size_t>(formatInfo(tensor.format).rowBytes(columns));
    values.assign(static_cast<size_t>(columns), 0);
    row.resize(rowBytes);
    for (int64_t r = 0; r < rows; ++r) {
      for (const Part &part : tensor.parts) {
        const FormatInfo &format = formatInfo(part.format);
        std::optional<int64_t> ofPart = tensor.isVector ? 0 : part.findRow(r);
        if (!ofPart)
          continue;
        if (tensor.isVector) {
          for (int64_t i = 0; i < part.rows; ++i)
            dequantizeRow(part.format, part.data + format.rowBytes(part.rowInFile(i)), 1,
                          &values[static_cast<size_t>(part.rowInTensor(i))]);
        } else {
          int64_t from = part.rowInFile(*ofPart);
          dequantizeRow(part.format, part.data + from * format.rowBytes(columns), columns,
                        values.data());
        }
        if (part.offset != 0)
          for (float &value : values)
            value += part.offset;
      }
      if (Status status = checkValues(tensor.format, values, name, r); !status)
        return status.takeFailure().in(checkpoint.path());
      quantizeRow(tensor.format, values.data(), columns, row.data());
      out.write(reinterpret_cast<const char *>(row.data()), row.size());
    }
    pad(out, rowBytes * static_cast<uint64_t>(rows));
    if (options.progress)
      options.progress(static_cast<double>(++done) / static_cast<double>(tensors.size()));
  }
  for (const auto &[name, factors] : vectors) {
    out.write(reinterpret_cast<const char *>(factors.data()), 4 * factors.size());
    pad(out, 4 * factors.size());
  }
  return {};
}

/// " (config.json, sliding_window)": the keys of the checkpoint that a number of a layer is from.
std::string Converter::keysOf(StringRef place) const {
  const std::pair<StringRef, const Expression *> expressions[] = {
      {"norm.eps", &record.normEps},
      {"attention.scale", &record.attentionScale},
      {"attention.softcap", &record.attentionSoftcap},
      {"attention.window", &record.attentionWindow},
      {"rope.dim", &record.ropeDim},
      {"rope.theta", &record.ropeTheta},
      {"residual.scale", &record.residualScale},
      {"residual.parallel", &record.residualParallel},
      {"experts.count", &record.expertCount},
      {"experts.used", &record.expertsUsed},
      {"experts.shared", &record.sharedExperts},
      {"experts.normalize", &record.expertsNormalize},
      {"experts.scale", &record.expertsScale},
  };
  std::vector<std::string> names = {place.str()};
  for (const auto &[known, expression] : expressions)
    if (known == place)
      names = expression->names();
  std::string keys;
  for (const std::string &name : names) {
    const Hyperparameter *parameter = record.findHyperparameter(name);
    std::string key;
    if (parameter && !parameter->others && numbers.find(parameter->keys, key))
      keys += (keys.empty() ? " (config.json, " : ", ") + key;
  }
  return keys.empty() ? "" : keys + ")";
}

/// Whether the file says of every layer what the directory says. GGUF files of some architectures
/// have no words for everything that a config.json may hold.
Status Converter::checkWritten(StringRef path) const {
  Result<Checkpoint> file = Checkpoint::open(path);
  auto failure = [&](StringRef message) {
    // Where it is now, nobody will find it.
    message.consume_front((path + ": ").str());
    return Failure("the file that was written: ", std::string_view(message));
  };
  if (!file)
    return failure(file.error());
  Problems found;
  ModelSpec written =
      resolveModel(*file, record, record.architectures[Origin::GGUF].front(), found);
  if (!found.empty())
    return failure(found.lines().front());
  auto cannotSay = [&](const Twine &what) {
    return Failure("GGUF files of the architecture '", written.architecture, "' cannot say ",
                   what.str(), " is as in config.json; run the directory itself");
  };
  // Numbers are of f32 in GGUF files; config.json may have more digits.
  auto same = [](double a, double b) { return static_cast<float>(a) == static_cast<float>(b); };
  if (written.contextLength != model.contextLength || written.vocabulary != model.vocabulary ||
      written.hidden != model.hidden || written.layers.size() != model.layers.size() ||
      !same(written.embeddingScale, model.embeddingScale) ||
      !same(written.logitsScale, model.logitsScale) ||
      !same(written.logitsSoftcap, model.logitsSoftcap) || written.activation != model.activation ||
      written.tied != model.tied)
    return cannotSay("that what is outside the layers");
  for (const auto &[index, layer] : llvm::enumerate(model.layers)) {
    std::vector<std::pair<StringRef, double>> mine = layer.numbers();
    std::vector<std::pair<StringRef, double>> theirs = written.layers[index].numbers();
    for (auto [own, found] : llvm::zip(mine, theirs))
      if (!same(own.second, found.second))
        return cannotSay("that " + own.first + " of layer " + Twine(index) + ", " +
                         formatNumber(own.second) + keysOf(own.first) + ",");
  }
  return {};
}

/// Whether a new file may take the place of `output`.
Status Converter::checkOutput(StringRef output) const {
  auto failure = [&](const std::string &why) {
    return Failure("cannot write '", std::string_view(output), "': ", why);
  };
  fs::file_status status;
  if (fs::status(output, status))
    return {};
  if (status.type() == fs::file_type::directory_file)
    return failure(std::make_error_code(std::errc::is_a_directory).message());
  // As root a rename would replace even /dev/null.
  if (status.type() != fs::file_type::regular_file)
    return failure("it exists and is no regular file");
  std::vector<std::string> inputs = HuggingFaceDirectory::metadataFiles(checkpoint.directory());
  std::vector<std::string> names = checkpoint.files();
  names.push_back("model.safetensors.index.json");
  for (const std::string &name : names) {
    llvm::SmallString<256> file(checkpoint.directory());
    llvm::sys::path::append(file, name);
    inputs.push_back(file.str().str());
  }
  for (const std::string &input : inputs)
    if (fs::equivalent(input, output))
      return failure("it is a part of the model to be converted");
  return {};
}

Status Converter::write(StringRef output) {
  if (Status status = checkOutput(output); !status)
    return status;
  addWeights();
  checkTensors();
  addKeys();
  if (Status status = addTokenizer(); !status)
    return status;
  if (!problems.empty())
    return Failure(problems.lines().front()).in(checkpoint.path());
  for (const auto &[name, tensor] : tensors)
    header.addTensor(name, tensor.shape(), tensor.format);
  for (const auto &[name, factors] : vectors)
    header.addTensor(name, {static_cast<int64_t>(factors.size())}, Format::F32);

  auto failure = [&](const std::string &why) {
    return Failure("cannot write '", std::string_view(output), "': ", why);
  };
  // Gone again when the process is interrupted.
  llvm::Expected<fs::TempFile> file = fs::TempFile::create(output + ".tmp-%%%%%%%%", 0644);
  if (!file)
    return failure(llvm::toString(file.takeError()));
  Status status;
  {
    llvm::raw_fd_ostream out(file->FD, /*shouldClose=*/false);
    out << header.header();
    status = writeTensors(out);
    out.flush();
    if (status && out.has_error())
      status = failure(out.error().message());
    out.clear_error();
  }
  if (status)
    status = checkWritten(file->TmpName);
  llvm::Error kept = status ? file->keep(output) : file->discard();
  if (kept && status)
    return failure(llvm::toString(std::move(kept)));
  llvm::consumeError(std::move(kept));
  return status;
}

Status frit::convertToGGUF(StringRef path, StringRef output, mlir::MLIRContext &context,
                           const ConvertOptions &options) {
  Result<Checkpoint> checkpoint = Checkpoint::open(path);
  if (!checkpoint)
    return checkpoint.takeFailure();
  if (checkpoint->origin() != Origin::HuggingFace)
    return Failure("'", std::string_view(path), "': expected a Hugging Face directory");
  std::optional<ResolvedModel> resolved = resolveCheckpoint(*checkpoint, context, options.import);
  if (!resolved)
    return Failure("cannot convert '", std::string_view(path), "'");
  const ArchRecord &record = *resolved->record;
  if (record.architectures[Origin::GGUF].empty())
    return Failure("the record '", record.name, "' knows no GGUF files");
  for (const RoleInfo &info : roleInfos)
    if (const TensorSpec *spec = record.tensor(info.role);
        spec && record.uses(info.role) && spec->names[Origin::GGUF].empty())
      return Failure("the record '", record.name, "' does not say where GGUF files hold ",
                     std::string_view(info.keyword));
  return Converter(*checkpoint, resolved->model, options).write(output);
}
