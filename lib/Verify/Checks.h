//===- Checks.h - the two comparisons of frit verify -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_CHECKS_H
#define FRIT_LIB_VERIFY_CHECKS_H

#include "frit/Verify/Verify.h"
#include "lib/Verify/Harness/Harness.h"
#include "lib/Verify/Lowered.h"

namespace frit::verify {

/// A model in all of its forms.
struct Subject {
  mlir::ModuleOp graph; ///< as it was after `cache`; null when the model came from a later step
  mlir::ModuleOp lowered;
  std::string directory; ///< of the weights
  std::shared_ptr<const Model> model;
  LoweredModel phases;

  const Manifest &manifest() const { return manifestOf(*model); }
};

/// Numbers of workers a phase is run with; the results must be the same to the bit.
inline constexpr int32_t workerCounts[] = {1, 2, 3};

using Progress = std::function<void(llvm::StringRef step, double fraction)>;

/// Fills `report.layers` and `report.logits`.
mlir::LogicalResult checkLayers(Subject &subject, const VerifyOptions &options,
                                VerifyReport &report);
/// Fills `report.phases`.
mlir::LogicalResult checkPhases(Subject &subject, const VerifyOptions &options,
                                VerifyReport &report);

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_CHECKS_H
