//===- MachineFuzzer.cpp - libFuzzer target of machine descriptions --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Require.h"
#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineModel.h"
#include "mlir/AsmParser/AsmParser.h"

using namespace frit;
using namespace frit::machine;

/// What inputs are like.
static constexpr llvm::StringLiteral base = R"json({"name": "base", "summary": "s", "kind": "npu",
"sources": {"a": "a book"},
"cores": {"value": 4, "provenance": "vendor", "source": "a"},
"clock_hz": {"value": 1e9, "provenance": "vendor", "source": "a"},
"exp_per_cycle": {"value": 32, "scope": "unit", "provenance": "vendor", "source": "a"},
"memories": [{"name": "l1", "scope": "core", "bytes": {"value": 65536, "provenance": "vendor", "source": "a"},
              "alignment_bytes": {"value": 64, "provenance": "vendor", "source": "a"}},
             {"name": "gm", "scope": "machine"}],
"datapaths": [{"from": "gm", "to": "l1", "on_the_way": ["relu"], "source": "a",
               "bytes_per_cycle": {"value": 64, "scope": "core", "provenance": "vendor", "source": "a"}}],
"instructions": [{"name": "mma", "m": 16, "n": 16, "k": 32, "lhs": "i8", "rhs": "ui8", "acc": "i32", "source": "a",
                  "per_cycle": {"value": 1, "scope": "core", "provenance": "vendor", "source": "a"}}]})json";

static std::optional<llvm::StringRef> find(llvm::StringRef name) {
  if (name == "base")
    return base;
  if (name == "middle")
    return R"({"name": "middle", "like": "base", "cores": null, "memories": [{"name": "gm", "scope": "die"}]})";
  if (name == "ring")
    return R"({"name": "ring", "like": "ring"})";
  return std::nullopt;
}

/// Every question that passes have.
static void ask(TargetAttr target) {
  for (const FigureInfo &info : figureInfos)
    if (Result<double> figure = target.need(info.id, "the fuzzer"); !figure)
      test::requireLine(figure.error());
  for (Scope scope : {Scope::Unit, Scope::Core, Scope::Cluster, Scope::Die, Scope::Machine}) {
    if (Result<double> rate = target.needRate(FigureId::ExpRate, scope, "the fuzzer"); !rate)
      test::requireLine(rate.error());
    for (DatapathAttr path : target.getDatapaths())
      if (Result<double> bytes =
              target.needBandwidth(path.getFrom(), path.getTo(), scope, "the fuzzer");
          !bytes)
        test::requireLine(bytes.error());
    for (InstructionAttr instruction : target.getInstructions())
      if (Result<double> rate = target.needRate(instruction, scope, "the fuzzer"); !rate)
        test::requireLine(rate.error());
  }
}

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(bytes), size);
  Result<MachineDescription> description = parseDescription(text, "fuzz", find);
  if (!description) {
    test::requireLine(description.error());
    return 0;
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Result<TargetAttr> target = targetOf(*description, "fuzz", context);
  if (!target) {
    test::requireLine(target.error());
    return 0;
  }
  ask(*target);
  std::string printed;
  llvm::raw_string_ostream(printed) << *target;
  test::require(mlir::parseAttribute(printed, &context) == *target);
  Result<std::string> resolved = resolveDescription(text, "fuzz", find);
  test::require(resolved && parseDescription(*resolved, "fuzz", find));
  return 0;
}
