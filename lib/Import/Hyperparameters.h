//===- Hyperparameters.h - the numbers of a model -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_HYPERPARAMETERS_H
#define FRIT_LIB_IMPORT_HYPERPARAMETERS_H

#include "lib/Arch/ArchRecord.h"
#include "lib/Import/Checkpoint.h"
#include "lib/Import/Problems.h"
#include "llvm/ADT/DenseMap.h"

namespace frit {

/// A record's hyperparameters with the values of a file. Everything that goes wrong is in
/// `problems`, once.
class Hyperparameters {
public:
  Hyperparameters(const Checkpoint &checkpoint, const ArchRecord &record,
                  llvm::StringRef architecture, Problems &problems)
      : checkpoint(checkpoint), record(record), architecture(architecture), problems(problems),
        says(checkpoint.origin()) {}

  /// The layer of values that hold for the whole model.
  static constexpr int64_t wholeModel = -1;

  /// `name` must be a hyperparameter of the record.
  std::optional<double> get(llvm::StringRef name, int64_t layer = wholeModel);
  std::optional<int64_t> getCount(llvm::StringRef name, int64_t layer = wholeModel);

  /// `place` says which part of the record it is, e.g. "attention.scale".
  std::optional<double> evaluate(const Expression &expression, llvm::StringRef place,
                                 ValueKind kind, int64_t layer = wholeModel);
  /// The value that `expression` itself, not what it uses, has for a checkpoint of another origin.
  std::optional<double> evaluateFor(Origin origin, const Expression &expression,
                                    llvm::StringRef place, ValueKind kind, int64_t layer);

  std::string expandKey(llvm::StringRef key) const;
  /// The first of the keys of the checkpoint's origin that is there; null when none is.
  const CheckpointValue *find(const ByOrigin<Names> &keys, std::string &key) const;
  /// Where the hyperparameter comes from, for messages: its first key, or the record.
  std::string describe(const Hyperparameter &parameter) const;
  /// How many elements arrays of one value a layer must have, once it is known.
  void setLayers(int64_t count) { layers = count; }

private:
  std::optional<double> getForOwnOrigin(llvm::StringRef name, int64_t layer);
  std::optional<double> compute(const Hyperparameter &parameter, int64_t layer);
  std::optional<double> fromFile(const Hyperparameter &parameter, const std::string &key,
                                 const CheckpointValue &value, int64_t layer);
  std::optional<double> fromElement(const Hyperparameter &parameter, const std::string &place,
                                    const CheckpointValue &value, int64_t layer);
  std::optional<double> fromChoices(const Hyperparameter &parameter, const std::string &place,
                                    const CheckpointValue &value, int64_t layer);

  const Checkpoint &checkpoint;
  const ArchRecord &record;
  llvm::StringRef architecture;
  Problems &problems;
  Origin says; ///< What the name `gguf` is about.
  std::optional<int64_t> layers;
  llvm::DenseMap<std::pair<const Hyperparameter *, int64_t>, std::optional<double>> values;
  llvm::DenseMap<const Hyperparameter *, std::vector<CheckpointValue>> arrays;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_HYPERPARAMETERS_H
