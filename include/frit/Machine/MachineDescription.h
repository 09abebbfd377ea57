//===- MachineDescription.h - all that is known about a machine ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a description (lib/Machine/descriptions/*.json) says, checked: every figure with where it
// comes from, what other sources say about it, and what is said elsewhere and wrong. Passes see the
// part of it that is in #machine.target.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_MACHINE_MACHINEDESCRIPTION_H
#define FRIT_MACHINE_MACHINEDESCRIPTION_H

#include "frit/Machine/Quantities.h"
#include "frit/Support/Result.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>
#include <utility>
#include <vector>

namespace frit::machine {

enum class Provenance {
  Vendor,   ///< Its maker says so.
  Measured, ///< Somebody ran something, which the source names.
  Derived,  ///< Computed from other figures, as the source says.
  Claimed,  ///< Others say so.
  Assumed,  ///< A guess.
};
inline constexpr llvm::StringLiteral provenanceNames[] = {"vendor", "measured", "derived",
                                                          "claimed", "assumed"};

/// A figure and where it comes from.
struct Statement {
  double value = 0;
  bool perCycle = false;        ///< Of rates: the value is per cycle, not per second.
  Scope scope = Scope::Machine; ///< Of rates: what has it.
  Provenance provenance = Provenance::Assumed;
  std::string source, note;
  std::vector<Statement> others; ///< What other sources say instead, in the same unit.
};

struct StatedFigure {
  FigureId id;
  Statement statement;
};

struct DescribedMemory {
  std::string name, note;
  Scope scope = Scope::Core;
  uint32_t serves = 0; ///< Of bits of Port.
  std::optional<Statement> bytes, alignment;
  std::optional<Statement> bandwidth; ///< Of all who read or write it, per second or cycle.
};

struct DescribedDatapath {
  std::string from, to, note;
  std::string source;             ///< Of its existence and of what it can do on the way.
  uint32_t onTheWay = 0;          ///< Of bits of OnTheWay.
  std::optional<Statement> bytes; ///< Per second or cycle.
  /// Which part of that pieces of so many bytes reach; values are from 0 to 1.
  std::vector<std::pair<int64_t, double>> efficiency;
  std::optional<Statement> efficiencySource;
};

struct DescribedInstruction {
  std::string name, lhs, rhs, acc, note;
  std::string source; ///< Of its shape and types.
  std::optional<int64_t> m, n, k;
  bool sparse = false; ///< Of each four elements of a row two are zero: 2:4.
  /// Operations per second, or instructions per cycle.
  std::optional<Statement> rate;
};

/// Something that is said about the machine and does not hold.
struct Claim {
  std::string says, source, why;
};

struct MachineDescription {
  std::string name, summary;
  std::string kind;    ///< One of machineKinds.
  std::string backEnd; ///< What emits code for it, "cpu"; empty: nothing does, yet.
  std::string triple, cpu;
  std::vector<std::string> features;
  std::string host;                  ///< Of what was measured here: the CPU; see hostIdentity().
  std::vector<StatedFigure> figures; ///< In the order of Figures.def.
  std::vector<DescribedMemory> memories;
  std::vector<DescribedDatapath> datapaths;
  std::vector<DescribedInstruction> instructions;
  std::vector<std::string> notes;
  std::vector<Claim> claims;

  /// Null when it does not say it.
  const Statement *find(FigureId id) const;
  /// A rate per second, with 1 for `perCycle` of what `operations` has per cycle. Nothing when the
  /// clock that it takes is not known.
  std::optional<Rate> rateOf(const Statement &statement, double operations = 1) const;
  /// How far off a statement may be: by its provenance, and by what other sources say.
  static Bounds boundsOf(const Statement &statement, FigureKind kind);
  /// That of an instruction: operations, of which a multiplication with an addition is two.
  std::optional<Rate> rateOf(const DescribedInstruction &instruction) const;
};

/// An instruction set of many machines, and kinds of machines.
inline constexpr llvm::StringLiteral machineKinds[] = {"isa", "cpu", "npu", "gpu"};
/// Of sparse operands.
inline constexpr llvm::StringLiteral sparsityNames[] = {"dense", "2:4"};

/// The text of a built-in description by its name; nothing when there is none.
using FindDescription = llvm::function_ref<std::optional<llvm::StringRef>(llvm::StringRef name)>;

/// Parses a description; `place` stands in front of messages, which are of one line. What it is
/// `like` is looked for with `find`.
Result<MachineDescription> parseDescription(llvm::StringRef json, llvm::StringRef place,
                                            FindDescription find);

/// The same as JSON that is like no other any more: what parseDescription() reads, keys sorted.
Result<std::string> resolveDescription(llvm::StringRef json, llvm::StringRef place,
                                       FindDescription find);

} // namespace frit::machine

#endif // FRIT_MACHINE_MACHINEDESCRIPTION_H
