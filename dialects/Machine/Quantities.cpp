//===- Quantities.cpp - figures of machines, with their units --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Machine/Quantities.h"

#include "llvm/Support/ErrorHandling.h"

#include <cmath>
#include <iterator>

using namespace frit;
using namespace frit::machine;
using llvm::StringRef;

std::optional<Scope> machine::findScope(StringRef name) {
  for (unsigned index = 0; index < std::size(scopeNames); ++index)
    if (scopeNames[index] == name)
      return static_cast<Scope>(index);
  return std::nullopt;
}

const FigureInfo *machine::findFigure(StringRef key) {
  for (const FigureInfo &info : figureInfos)
    if (info.key == key)
      return &info;
  return nullptr;
}

const OnTheWayInfo *machine::findOnTheWay(StringRef keyword) {
  for (const OnTheWayInfo &info : onTheWayInfos)
    if (info.keyword == keyword)
      return &info;
  return nullptr;
}

/// Far above any machine, far below what overflows when figures are multiplied.
static constexpr double maxCount = 1e9, maxBytes = 1e18, maxHertz = 1e12, maxSeconds = 1e6,
                        maxWatts = 1e9, maxRate = 1e24;

static bool isWhole(double value, double most) {
  return value >= 1 && value <= most && value == std::floor(value);
}

StringRef machine::checkFigure(FigureKind kind, double value) {
  auto unless = [](bool fits, StringRef expected) { return fits ? StringRef() : expected; };
  // NaN is none of them.
  switch (kind) {
  case FigureKind::Count:
    return unless(isWhole(value, maxCount), "a whole number from 1 to 1e9");
  case FigureKind::Bytes:
    return unless(isWhole(value, maxBytes), "a whole number of bytes from 1 to 1e18");
  case FigureKind::Hertz:
    return unless(value > 0 && value <= maxHertz, "a number above 0, at most 1e12");
  case FigureKind::Seconds:
    return unless(value > 0 && value <= maxSeconds, "a number of seconds above 0, at most 1e6");
  case FigureKind::Watts:
    return unless(value > 0 && value <= maxWatts, "a number of watts above 0, at most 1e9");
  case FigureKind::Rate:
    return unless(value > 0 && value <= maxRate, "a number above 0, at most 1e24");
  }
  llvm_unreachable("unknown kind");
}
