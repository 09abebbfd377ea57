//===- ArchRecord.h - an architecture as data -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a `.json` file of this directory says, checked and parsed. README.md is the manual. A record
// that parses is consistent: every name an expression uses is a hyperparameter, no hyperparameter
// needs itself, every necessary role has a tensor.
//
// A record serves checkpoints of two origins, which name the same things differently.
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
#define FRIT_ROLE(Name, keyword, use, necessary) Name,
#include "lib/Arch/Roles.def"
};

/// Where the tensors of a role are; see Roles.def.
enum class RoleUse { Model, Layer, Dense, Experts, Matrices, Shared };

struct RoleInfo {
  Role role;
  llvm::StringLiteral keyword;
  RoleUse use;
  bool necessary;
  bool inLayer() const { return use != RoleUse::Model; }
};
inline constexpr RoleInfo roleInfos[] = {
#define FRIT_ROLE(Name, keyword, use, necessary) {Role::Name, keyword, RoleUse::use, necessary},
#include "lib/Arch/Roles.def"
};
inline constexpr unsigned numRoles = std::size(roleInfos);
llvm::StringRef roleKeyword(Role role);
/// Whether it is for the gates of FFNs and experts.
bool isGate(Role role);

/// Where a checkpoint comes from: a GGUF file, or a directory as Hugging Face's transformers saves.
enum class Origin : unsigned { GGUF, HuggingFace };
inline constexpr unsigned numOrigins = 2;
/// One thing for each origin.
template <typename T>
struct ByOrigin {
  T values[numOrigins];
  T &operator[](Origin origin) { return values[static_cast<unsigned>(origin)]; }
  const T &operator[](Origin origin) const { return values[static_cast<unsigned>(origin)]; }
};
/// The names under which a checkpoint may hold something; the first that is there counts.
using Names = std::vector<std::string>;

/// What values a hyperparameter may have.
enum class ValueKind {
  Count,       ///< A whole number from 1 to maxCount.
  Size,        ///< A whole number from 0 to maxCount.
  Positive,    ///< A finite number above 0.
  NonNegative, ///< A finite number of at least 0.
  Number,      ///< Any finite number.
  Flag,        ///< true or false: 1 or 0.
};
inline constexpr double maxCount = 2147483647;
/// "a whole number from 1 to 2147483647", ...
llvm::StringRef describe(ValueKind kind);
bool accepts(ValueKind kind, double value);

/// Where a checkpoint holds a number, and what it is when it does not.
struct Hyperparameter {
  std::string name;
  ByOrigin<Names> keys; ///< With {arch} in them.
  std::string lengthOf; ///< GGUF key of an array whose length is the value when there is no key.
  ValueKind kind = ValueKind::Number;
  bool perLayer = false; ///< The file may hold an array of one number a layer.
  /// Of a key that holds a text: the value that each text stands for.
  std::vector<std::pair<std::string, Expression>> choices;
  std::optional<Expression> others;             ///< Of choices: the value of any other text.
  ByOrigin<std::optional<Expression>> fallback; ///< Where there is no key.
  std::string what;                             ///< Of choices: what any other text is.
  std::string instead;                          ///< Of choices: the way out.
};

/// Which rows of a fused tensor are those of a role. The tensor is `groups` times `of` rows, of
/// each of which the role has an equal share that begins behind `from` rows.
struct FusedRows {
  Expression from = Expression::constant(0), of = Expression::constant(0);
  Expression groups = Expression::constant(1);
};

struct TensorSpec {
  /// With {layer} in it where the role has one tensor a layer, {expert} where it has one an expert;
  /// empty: checkpoints of this origin do not have it.
  ByOrigin<std::string> names;
  std::vector<Expression> shape; ///< Row-major: [experts, out, in], [out, in] or [n].
  bool optional = false;
  std::optional<Role> fallback; ///< The tensor that serves when this one is absent.
  /// Not 0: `fallback` serves even when the tensor is there.
  Expression tied = Expression::constant(0);
  /// Of optional ones: whether there is a tensor, where a key of the checkpoint's says so.
  std::optional<Expression> saysIf;
  ByOrigin<std::optional<FusedRows>> rows; ///< Where the tensor is a fused one.
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
enum class FfnKind { GLU, MLP };
enum class FfnActivation { SiLU, GELU, GELUTanh, ReLU, ReLUSquared };
enum class ExpertScoring { Softmax, Sigmoid };

/// How the frequencies of RoPE are changed for contexts longer than those of training.
enum class RopeScalingKind { None, Linear, Llama3, YaRN, LongRope };
/// One kind of scaling and its parameters; those a kind does not use are constants.
struct RopeScaling {
  RopeScalingKind kind = RopeScalingKind::None;
  Expression factor = Expression::constant(1);
  Expression lowFrequency = Expression::constant(1);  ///< Llama3: low_freq_factor.
  Expression highFrequency = Expression::constant(4); ///< Llama3: high_freq_factor.
  Expression betaFast = Expression::constant(32);     ///< YaRN.
  Expression betaSlow = Expression::constant(1);      ///< YaRN.
};

struct ArchRecord {
  std::string name, description;
  /// general.architecture of GGUF files, model_type of config.json.
  ByOrigin<Names> architectures;
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
  ByOrigin<RopeOrder> ropeOrder = {{RopeOrder::Halves, RopeOrder::Halves}};
  Expression ropeDim = Expression::constant(0); ///< 0: no RoPE.
  Expression ropeTheta = Expression::constant(10000);
  ByOrigin<Names> ropeScalingKeys; ///< Of a text that is one of the names in ropeScalings.
  std::vector<std::pair<std::string, RopeScaling>> ropeScalings;
  ByOrigin<std::string> ropeScalingFallback; ///< The name where no key is; empty: no scaling.
  Expression ropeOriginalContext = Expression::constant(0); ///< Of training, tokens; 0: unknown.
  Expression ropeMagnitude = Expression::constant(0); ///< Of the rotation; 0: the scaling's own.
  /// dim / 2 divisors of the frequencies: a tensor of GGUF files, a key of config.json. The long
  /// ones serve sessions of more than the original context (LongRoPE).
  ByOrigin<Names> ropeFactors, ropeLongFactors;
  FfnKind ffnKind = FfnKind::GLU;
  FfnActivation activation = FfnActivation::SiLU; ///< Where no key says which.
  ByOrigin<Names> activationKeys;                 ///< Of a text that is one of the choices.
  std::vector<std::pair<std::string, FfnActivation>> activationChoices;
  Expression expertCount = Expression::constant(0);      ///< 0: the layer is dense.
  Expression expertsUsed = Expression::constant(0);      ///< By each token.
  Expression sharedExperts = Expression::constant(0);    ///< Not 0: an expert serves all tokens.
  Expression expertsNormalize = Expression::constant(0); ///< Not 0: weights of a token add up to 1.
  Expression expertsScale = Expression::constant(1);     ///< Of the weights.
  ExpertScoring expertScoring = ExpertScoring::Softmax;
  Expression embeddingScale = Expression::constant(1);
  Expression residualScale = Expression::constant(1);
  Expression residualParallel = Expression::constant(0); ///< Not 0: the FFN sees no attention.
  Expression logitsScale = Expression::constant(1);
  Expression logitsSoftcap = Expression::constant(0); ///< 0: none.

  /// The text of a built-in record by its name; nothing when there is none.
  using FindRecord = llvm::function_ref<std::optional<llvm::StringRef>(llvm::StringRef name)>;

  /// `place` stands in front of messages. Unknown keys are an error that names them. What the
  /// record is `like` is looked for with `find`; `like`, unless empty, serves where it says
  /// nothing.
  static Result<ArchRecord> parse(llvm::StringRef place, llvm::StringRef json, FindRecord find,
                                  llvm::StringRef like = "");

  /// The record as JSON that is like no other any more: what `parse` reads, keys sorted.
  static Result<std::string> resolve(llvm::StringRef place, llvm::StringRef json, FindRecord find);

  /// Null when the record has none.
  const TensorSpec *tensor(Role role) const {
    const std::optional<TensorSpec> &spec = tensors[static_cast<unsigned>(role)];
    return spec ? &*spec : nullptr;
  }
  /// Whether models have tensors of this role at all: gates only those whose FFNs have some.
  bool uses(Role role) const { return ffnKind == FfnKind::GLU || !isGate(role); }
  const Hyperparameter *findHyperparameter(llvm::StringRef name) const;
};

/// The hyperparameters every record must have.
llvm::ArrayRef<llvm::StringLiteral> necessaryHyperparameters();

} // namespace frit

#endif // FRIT_LIB_ARCH_ARCHRECORD_H
