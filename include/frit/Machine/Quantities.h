//===- Quantities.h - figures of machines, with their units ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Descriptions (MachineDescription.h) and #machine.target say the same figures; this is what they
// share.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_MACHINE_QUANTITIES_H
#define FRIT_MACHINE_QUANTITIES_H

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/bit.h"

#include <cstdint>
#include <optional>

namespace frit::machine {

/// A part of a machine, from small to large: one vector unit, a core, the cores that share a
/// memory, a die, all of it.
enum class Scope : uint8_t { Unit, Core, Cluster, Die, Machine };
inline constexpr llvm::StringLiteral scopeNames[] = {"unit", "core", "cluster", "die", "machine"};
inline llvm::StringRef nameOf(Scope scope) { return scopeNames[static_cast<unsigned>(scope)]; }
std::optional<Scope> findScope(llvm::StringRef name);

/// What the units of a core read and write in a memory; a set of bits.
enum class Port : uint8_t { MatrixInputs, MatrixOutputs, Vectors };
inline constexpr llvm::StringLiteral portNames[] = {"matrix_inputs", "matrix_outputs", "vectors"};
inline llvm::StringRef nameOf(Port port) { return portNames[static_cast<unsigned>(port)]; }
inline uint32_t bitOf(Port port) { return 1u << static_cast<unsigned>(port); }

/// How far off a figure may be: what is true lies between `low` and `high` times the figure.
struct Bounds {
  double low = 1, high = 1;

  bool areExact() const { return low == 1 && high == 1; }
  bool operator==(const Bounds &other) const { return low == other.low && high == other.high; }
};
inline llvm::hash_code hash_value(const Bounds &bounds) {
  return llvm::hash_combine(llvm::bit_cast<uint64_t>(bounds.low),
                            llvm::bit_cast<uint64_t>(bounds.high));
}

/// So many per second in each `scope`. 0: not known.
struct Rate {
  double perSecond = 0;
  Scope scope = Scope::Core;
  Bounds bounds = {};

  explicit operator bool() const { return perSecond != 0; }
  bool operator==(const Rate &other) const {
    return perSecond == other.perSecond && scope == other.scope && bounds == other.bounds;
  }
};
inline llvm::hash_code hash_value(const Rate &rate) {
  return llvm::hash_combine(llvm::bit_cast<uint64_t>(rate.perSecond), rate.scope, rate.bounds);
}

enum class FigureKind { Count, Bytes, Hertz, Seconds, Watts, Rate };
enum class FigureId : uint8_t {
#define FRIT_FIGURE(Name, key, kind, inTarget, what) Name,
#include "frit/Machine/Figures.def"
};

struct FigureInfo {
  FigureId id;
  llvm::StringLiteral key;
  FigureKind kind;
  bool inTarget;
  llvm::StringLiteral what;
};
inline constexpr FigureInfo figureInfos[] = {
#define FRIT_FIGURE(Name, key, kind, inTarget, what)                                               \
  {FigureId::Name, key, FigureKind::kind, inTarget, what},
#include "frit/Machine/Figures.def"
};
inline const FigureInfo &infoOf(FigureId id) { return figureInfos[static_cast<unsigned>(id)]; }
const FigureInfo *findFigure(llvm::StringRef key);

/// What is wrong with `value` as a figure of this kind: "a whole number above 0", ...; empty when
/// nothing is.
llvm::StringRef checkFigure(FigureKind kind, double value);

/// The value of one of the figures; `scope` only of rates.
struct Figure {
  FigureId id;
  double value = 0;
  Scope scope = Scope::Machine;
  Bounds bounds = {};

  Rate rate() const { return {value, scope, bounds}; }
  bool operator==(const Figure &other) const {
    return id == other.id && value == other.value && scope == other.scope && bounds == other.bounds;
  }
};
inline llvm::hash_code hash_value(const Figure &figure) {
  return llvm::hash_combine(figure.id, llvm::bit_cast<uint64_t>(figure.value), figure.scope,
                            figure.bounds);
}

/// What a datapath can do with what goes through it; a set of bits.
enum class OnTheWay : uint8_t {
#define FRIT_ON_THE_WAY(Name, keyword, what) Name,
#include "frit/Machine/OnTheWay.def"
};
struct OnTheWayInfo {
  OnTheWay id;
  llvm::StringLiteral keyword, what;
};
inline constexpr OnTheWayInfo onTheWayInfos[] = {
#define FRIT_ON_THE_WAY(Name, keyword, what) {OnTheWay::Name, keyword, what},
#include "frit/Machine/OnTheWay.def"
};
inline uint32_t bitOf(OnTheWay id) { return 1u << static_cast<unsigned>(id); }
const OnTheWayInfo *findOnTheWay(llvm::StringRef keyword);

} // namespace frit::machine

#endif // FRIT_MACHINE_QUANTITIES_H
