//===- ChooseRecord.cpp - the record of a checkpoint, applied to it --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ChooseRecord.h"

#include "lib/Arch/Registry.h"
#include "lib/Import/Hyperparameters.h"
#include "lib/Import/Resolve.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace frit;

/// One error with a note for each line. The messages say where in the model: MLIR's locations are
/// for files with lines.
static void emit(MLIRContext &context, const Twine &message, ArrayRef<std::string> notes = {}) {
  InFlightDiagnostic error = emitError(UnknownLoc::get(&context)) << message;
  for (const std::string &note : notes)
    error.attachNote() << note;
}

static const ArchRecord *findRecord(ArrayRef<ArchRecord> records, Origin origin,
                                    StringRef architecture) {
  for (const ArchRecord &record : records)
    if (llvm::is_contained(record.architectures[origin], architecture))
      return &record;
  return nullptr;
}

/// What somebody who writes a record for the model must know of it.
static std::vector<std::string> describeContents(const Checkpoint &checkpoint,
                                                 StringRef architecture) {
  constexpr size_t maxLines = 100;
  std::vector<std::string> lines;
  std::string prefix = checkpoint.origin() == Origin::GGUF ? (architecture + ".").str() : "";
  for (const Checkpoint::Entry &entry : checkpoint.entries())
    if (StringRef(entry.key).starts_with(prefix))
      lines.push_back(checkpoint.describeKey(entry.key) + " = " + entry.value.describe());
  Problems tensors;
  for (const CheckpointTensor &tensor : checkpoint.tensors()) {
    std::string shape;
    for (int64_t dim : tensor.shape)
      shape += (shape.empty() ? "" : ", ") + std::to_string(dim);
    auto [pattern, layer] = generalizeLayer(StringRef(tensor.name));
    tensors.addTensor(pattern, "[" + shape + "] " + StringRef(tensor.typeName), layer);
  }
  for (std::string &line : tensors.lines())
    lines.push_back("tensor " + std::move(line));
  if (lines.size() > maxLines) {
    size_t left = lines.size() - maxLines;
    lines.resize(maxLines);
    lines.push_back("and " + std::to_string(left) + " more");
  }
  return lines;
}

/// The records that know most of the checkpoint's tensors, for who looks for one to begin with:
/// "granite (9 of 11 kinds of tensors), ...".
static std::string nearestRecords(const Checkpoint &checkpoint, ArrayRef<ArchRecord> records) {
  constexpr size_t maxNames = 3;
  llvm::StringSet<> kinds;
  for (const CheckpointTensor &tensor : checkpoint.tensors())
    kinds.insert(generalizeLayer(StringRef(tensor.name)).first);
  // Best first: many tensors in common, few that the checkpoint lacks, and a plain record.
  std::vector<std::tuple<size_t, size_t, size_t, StringRef>> known;
  for (const ArchRecord &record : records) {
    llvm::StringSet<> common, lacking;
    for (const RoleInfo &info : roleInfos) {
      const TensorSpec *spec = record.uses(info.role) ? record.tensor(info.role) : nullptr;
      StringRef name = spec ? StringRef(spec->names[checkpoint.origin()]) : "";
      if (kinds.contains(name))
        common.insert(name);
      else if (spec && !spec->optional && !spec->fallback)
        lacking.insert(name);
    }
    if (!common.empty())
      known.emplace_back(kinds.size() - common.size(), lacking.size(),
                         record.hyperparameters.size(), record.name);
  }
  llvm::sort(known);
  if (known.empty())
    return "";
  std::string result;
  for (const auto &[others, lacking, numbers, name] : ArrayRef(known).take_front(maxNames))
    result += (result.empty() ? "" : ", ") + name.str() + " (" +
              std::to_string(kinds.size() - others) + " of " + std::to_string(kinds.size()) +
              " kinds of tensors)";
  return "; nearest are " + result;
}

namespace {

/// Chooses the record for a checkpoint. Null after an error.
class RecordChoice {
public:
  const ArchRecord *choose(const Checkpoint &checkpoint, StringRef architecture,
                           MLIRContext &context, const ImportOptions &options);

private:
  std::vector<ArchRecord> records;
};

} // namespace

const ArchRecord *RecordChoice::choose(const Checkpoint &checkpoint, StringRef architecture,
                                       MLIRContext &context, const ImportOptions &options) {
  if (!options.archSpecPath.empty()) {
    Result<ArchRecord> record = loadRecord(options.archSpecPath, options.like);
    if (record)
      return &records.emplace_back(*std::move(record));
    emit(context, record.error());
    return nullptr;
  }
  Result<std::vector<ArchRecord>> builtin = builtinRecords();
  if (!builtin) {
    emit(context, builtin.error());
    return nullptr;
  }
  records = *std::move(builtin);
  std::string names;
  for (const ArchRecord &record : records)
    names += (names.empty() ? "" : ", ") + record.name;
  if (!options.like.empty()) {
    for (const ArchRecord &record : records)
      if (record.name == options.like)
        return &record;
    emit(context, "there is no architecture record '" + options.like + "'; there are: " + names);
    return nullptr;
  }
  if (const ArchRecord *record = findRecord(records, checkpoint.origin(), architecture))
    return record;
  emit(context,
       checkpoint.path() + ": frit does not know the architecture " + quoteText(architecture) +
           "; it knows " + names + nearestRecords(checkpoint, records) +
           ". If it is like one of them, try --like; else describe it in a record of your "
           "own and use --arch-spec. The model holds",
       describeContents(checkpoint, architecture));
  return nullptr;
}

/// Ids that generation is to end at. Those beyond the vocabulary never come: transformers only
/// warns of them, and many small models for tests have some.
static void checkEnds(const Checkpoint &checkpoint, int64_t vocabulary, Problems &problems,
                      MLIRContext &context) {
  constexpr StringRef key = "eos_token_id";
  const CheckpointValue *value =
      checkpoint.origin() == Origin::HuggingFace ? checkpoint.find(key) : nullptr;
  if (!value)
    return;
  std::vector<CheckpointValue> ids = value->isArray() ? value->elements() : std::vector{*value};
  for (const CheckpointValue &id : ids) {
    Result<double> number = id.asNumber();
    if (!number || !accepts(ValueKind::Size, *number))
      return problems.add(checkpoint.describeKey(key),
                          "expected the id of a token or a list of such, found " + id.describe());
  }
  for (const CheckpointValue &id : ids)
    if (vocabulary > 0 && *id.asNumber() >= static_cast<double>(vocabulary))
      emitWarning(UnknownLoc::get(&context))
          << checkpoint.path() << ": " << checkpoint.describeKey(key)
          << ": expected an id below the vocabulary's " << vocabulary << ", found " << id.describe()
          << ", at which nothing will end";
}

std::optional<ResolvedModel> frit::resolveCheckpoint(const Checkpoint &checkpoint,
                                                     MLIRContext &context,
                                                     const ImportOptions &options) {
  Result<std::string_view> architecture = checkpoint.architecture();
  if (!architecture) {
    emit(context, architecture.error());
    return std::nullopt;
  }
  RecordChoice choice;
  const ArchRecord *record = choice.choose(checkpoint, *architecture, context, options);
  if (!record)
    return std::nullopt;
  Problems problems;
  ResolvedModel resolved{std::make_unique<ArchRecord>(*record), {}};
  resolved.model = resolveModel(checkpoint, *resolved.record, *architecture, problems);
  checkEnds(checkpoint, resolved.model.vocabulary, problems, context);
  if (problems.empty())
    return resolved;
  std::vector<std::string> lines = problems.lines();
  if (lines.size() == 1)
    emit(context, checkpoint.path() + ": cannot import: " + lines.front());
  else
    emit(context, checkpoint.path() + ": cannot import, for " + Twine(lines.size()) + " reasons",
         lines);
  return std::nullopt;
}
