//===- Number.h - numbers as people write them -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_SUPPORT_NUMBER_H
#define FRIT_LIB_SUPPORT_NUMBER_H

#include <string>

namespace frit {

/// Integers plainly, others in the fewest digits that mean the same double.
std::string formatNumber(double number);

/// The shortest decimal that rounds to the f32. A file that stores 1e-5 as f32 means 1e-5, and
/// config.json says it so: with this, both give the same model.
double shortestDecimal(float value);

} // namespace frit

#endif // FRIT_LIB_SUPPORT_NUMBER_H
