//===- ArchRecord.h - an architecture as data -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a `.json` file of this directory says, checked and parsed. README.md is the schema. A record
// that parses is consistent: every name an expression uses is a hyperparameter, no hyperparameter
// needs itself, every necessary role has a tensor.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_ARCH_ARCHRECORD_H
#define FRIT_LIB_ARCH_ARCHRECORD_H

#include "lib/Arch/Expression.h"

#include <array>
#include <iterator>
#include <optional>

namespace frit {

/// What a tensor is for.
enum class Role : unsigned {
#define FRIT_ROLE(Name, keyword, inLayer, necessary) Name,
#include "lib/Arch/Roles.def"
};

struct RoleInfo {
  Role role;
  llvm::StringLiteral keyword;
  bool inLayer;
  bool necessary;
};
inline constexpr RoleInfo roleInfos[] = {
#define FRIT_ROLE(Name, keyword, inLayer, necessary) {Role::Name, keyword, inLayer, necessary},
#include "lib/Arch/Roles.def"
};
inline constexpr unsigned numRoles = std::size(roleInfos);
llvm::StringRef roleKeyword(Role role);

/// What values a hyperparameter may have.
enum class ValueKind {
  Count,       ///< A whole number from 1 to maxCount.
  Size,        ///< A whole number from 0 to maxCount.
  Positive,    ///< A finite number above 0.
  NonNegative, ///< A finite number of at least 0.
  Number,      ///< Any finite number.
};
inline constexpr double maxCount = 2147483647;
/// "a whole number from 1 to 2147483647", ...
llvm::StringRef describe(ValueKind kind);
bool accepts(ValueKind kind, double value);

/// Where a checkpoint holds a number, and what it is when it does not.
struct Hyperparameter {
  std::string name;
  std::string key;      ///< With {arch} in it; empty when only `fallback` gives the value.
  std::string lengthOf; ///< Key of an array whose length is the value when `key` is absent.
  ValueKind kind = ValueKind::Number;
  bool perLayer = false; ///< The file may hold an array of one number a layer.
  /// Of a key that holds a text: the value that each text stands for.
  std::vector<std::pair<std::string, Expression>> choices;
  std::optional<Expression> fallback;
  std::string what;    ///< Of choices: what any other text is.
  std::string instead; ///< Of choices: the way out.
};

struct TensorSpec {
  std::string name;              ///< With {layer} in it where the role has one tensor a layer.
  std::vector<Expression> shape; ///< Row-major: [out, in] or [n].
  bool optional = false;
  std::optional<Role> fallback; ///< The tensor that serves when this one is absent.
};

/// Something checkpoints may have and the record does not describe.
struct Refusal {
  std::vector<std::string> keys, tensors;
  std::vector<std::string> except; ///< Values of the keys that mean "not used", as text.
  std::string what, instead;
};

enum class NormShape { RMS, Layer };
enum class QKNorm { None, BeforeRope, AfterRope };
enum class RopeOrder { Halves, Interleaved };
enum class GluActivation { SiLU, GELU, GELUTanh };

struct ArchRecord {
  std::string name, description;
  std::vector<std::string> ggufArchitectures;
  std::vector<Hyperparameter> hyperparameters; ///< Sorted by name.
  std::array<std::optional<TensorSpec>, numRoles> tensors;
  std::vector<std::string> ignoredKeys, ignoredTensors;
  std::vector<Refusal> refusals;

  NormShape normShape = NormShape::RMS;
  Expression normEps = Expression::constant(0), normOffset = Expression::constant(0);
  Expression attentionScale = Expression::constant(1);
  Expression attentionSoftcap = Expression::constant(0); ///< 0: none.
  Expression attentionWindow = Expression::constant(0);  ///< 0: none.
  QKNorm qkNorm = QKNorm::None;
  RopeOrder ropeOrder = RopeOrder::Halves;
  Expression ropeDim = Expression::constant(0); ///< 0: no RoPE.
  Expression ropeTheta = Expression::constant(10000);
  Expression ropePositionScale = Expression::constant(1);
  GluActivation activation = GluActivation::SiLU;
  Expression embeddingScale = Expression::constant(1);
  Expression residualScale = Expression::constant(1);
  Expression logitsScale = Expression::constant(1);
  Expression logitsSoftcap = Expression::constant(0); ///< 0: none.

  /// `origin` stands in front of messages. Unknown keys are an error that names them.
  static Result<ArchRecord> parse(llvm::StringRef origin, llvm::StringRef json);

  /// Null when the record has none.
  const TensorSpec *tensor(Role role) const {
    const std::optional<TensorSpec> &spec = tensors[static_cast<unsigned>(role)];
    return spec ? &*spec : nullptr;
  }
  const Hyperparameter *findHyperparameter(llvm::StringRef name) const;
};

/// The hyperparameters every record must have.
llvm::ArrayRef<llvm::StringLiteral> necessaryHyperparameters();

} // namespace frit

#endif // FRIT_LIB_ARCH_ARCHRECORD_H
