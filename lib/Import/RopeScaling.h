//===- RopeScaling.h - RoPE beyond the context of training -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_ROPESCALING_H
#define FRIT_LIB_IMPORT_ROPESCALING_H

#include "lib/Import/Hyperparameters.h"
#include "lib/Import/Model.h"

namespace frit {

/// The RoPE of a layer: theta, the scaling its checkpoint names and frequency factors it holds.
class RopeReader {
public:
  RopeReader(const Checkpoint &checkpoint, const ArchRecord &record, Hyperparameters &numbers,
             Problems &problems)
      : checkpoint(checkpoint), record(record), numbers(numbers), problems(problems) {}

  /// Whether the two spellings of a scaling, where a config.json has both, agree.
  void checkSpellings();
  RopeSpec read(int64_t layer);
  /// The tensors that hold factors, for who asks what nobody reads.
  bool reads(const CheckpointTensor &tensor) const;

private:
  const RopeScaling *findScaling();
  std::vector<double> readFactors(const ByOrigin<Names> &names, int64_t pairs);
  void scaleLlama3(const RopeScaling &scaling, double factor, int64_t layer, RopeSpec &rope);
  void scaleYaRN(const RopeScaling &scaling, double factor, int64_t layer, RopeSpec &rope);
  void addFactor(RopeSpec &rope, double factor);
  double evaluate(const Expression &expression, llvm::StringRef name, ValueKind kind,
                  int64_t layer);

  const Checkpoint &checkpoint;
  const ArchRecord &record;
  Hyperparameters &numbers;
  Problems &problems;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_ROPESCALING_H
