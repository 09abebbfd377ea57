//===- MachineOps.td - the machine as attributes ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_MACHINE_MACHINEOPS
#define FRIT_DIALECTS_MACHINE_MACHINEOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Machine_Dialect : Dialect {
  let name = "machine";
  let cppNamespace = "::frit::machine";
  let summary = "The machine a module is compiled for, as data";
  let description = [{
    Attributes only. `#machine.target` stands on the module as `machine.target` and is read from a
    description (lib/Machine/descriptions/*.json), which also says where each figure comes from. It
    states facts, never policy; a figure that is not known is absent.

    A figure belongs to a part of the machine, its scope: a `unit` (one vector unit of a core), a
    `core`, a `cluster` (the cores that share a memory), a `die`, the `machine`. `within a to b`
    behind it says how far off it may be: what is true lies between a and b times the figure.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Machine_Attr<string name, string attrMnemonic> : AttrDef<Machine_Dialect, name> {
  let mnemonic = attrMnemonic;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Machine_InstructionAttr : Machine_Attr<"Instruction", "instruction"> {
  let summary = "A matrix instruction";
  let description = [{
    Computes an M x N tile of sums over K: `lhs` are activations, `rhs` weights, `acc` the sums. A
    size that is not known (ShapedType::kDynamic) is `?`. The rate, if known, is in operations per second, of which a multiplication with an addition is two,
    for dense operands.

    Example: `#machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32, 1.0e+12 per core>`.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$m, "int64_t":$n, "int64_t":$k,
                        "::mlir::Type":$lhs, "::mlir::Type":$rhs, "::mlir::Type":$acc,
                        DefaultValuedParameter<"::frit::machine::Rate", "{}">:$ops);
}

def Machine_MemoryAttr : Machine_Attr<"Memory", "memory"> {
  let summary = "A memory";
  let description = [{
    Each `scope` has one of so many bytes (0: not known). `alignment`, if known, is the bytes that
    it moves at once: a cache line, or what addresses must be a multiple of. `serves` says whose operands
    are there: inputs of the matrix unit on their way to it (`matrix_inputs`), what it gives
    (`matrix_outputs`), those of the vector unit (`vectors`). `bandwidth`, if known, is
    what all who read or write it together get, in bytes per second.

    Example: `#machine.memory<"l2", 1048576 per core, alignment = 64>`,
    `#machine.memory<"dram" per machine, bandwidth = 2.0e+11 per machine>`.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$bytes,
                        "::frit::machine::Scope":$scope, DefaultValuedParameter<"int64_t", "0">:$alignment,
                        DefaultValuedParameter<"uint32_t", "0">:$serves,
                        DefaultValuedParameter<"::frit::machine::Rate", "{}">:$bandwidth);
}

def Machine_DatapathAttr : Machine_Attr<"Datapath", "datapath"> {
  let summary = "A way from a memory to another";
  let description = [{
    The rate, if known, is in bytes per second; the memories at its ends may have less. What can be done on the way costs nothing: `convert`
    elements to another type, `relu`, multiply with one number (`scale`) or one for each column
    (`channel_scale`), `transpose`, change between row-major and the matrix unit's order
    (`relayout`), add to what is there (`accumulate`), serve several cores with one read (`multicast`).
    A datapath that is absent does not exist.

    Example: `#machine.datapath<"acc" to "dram" [convert, relu], 1.5e+12 per machine>`.
  }];
  let parameters = (ins StringRefParameter<>:$from, StringRefParameter<>:$to,
                        DefaultValuedParameter<"::frit::machine::Rate", "{}">:$bytes,
                        DefaultValuedParameter<"uint32_t", "0">:$onTheWay);
  let extraClassDeclaration = [{
    /// Whether this can be done on the way.
    bool can(OnTheWay what) const { return (getOnTheWay() & bitOf(what)) != 0; }
  }];
}

def Machine_TargetAttr : Machine_Attr<"Target", "target"> {
  let summary = "A machine";
  let description = [{
    A machine with a `triple` is one that code can be emitted for; `features` are LLVM target
    features that code may use and that a bundle demands. The others are for planning. The figures
    of the machine as a whole are those of include/frit/Machine/Figures.def.

    Example:
    ```mlir
    #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
      features = ["v"], cores = 16, vector_bytes = 32, vector_registers = 16,
      f32_ops_per_second = 6.4e+10 per core within 0.8 to 1,
      instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>],
      memories = [<"registers", 512 per core>, <"l1", 32768 per core, alignment = 64>,
                  <"dram" per machine, bandwidth = 2.0e+11 per machine>],
      datapaths = [<"l1" to "registers", 2.5e+11 per core>, <"dram" to "registers", 3.5e+10 per core>]>
    ```

    Passes ask with `need...`, which says what is missing, of which machine, and who needs it.
  }];
  let parameters = (ins StringRefParameter<>:$name, StringRefParameter<>:$triple, StringRefParameter<>:$cpu,
                        ArrayRefParameter<"::mlir::StringAttr">:$features,
                        ArrayRefParameter<"::frit::machine::Figure">:$figures,
                        ArrayRefParameter<"::frit::machine::InstructionAttr">:$instructions,
                        ArrayRefParameter<"::frit::machine::MemoryAttr">:$memories,
                        ArrayRefParameter<"::frit::machine::DatapathAttr">:$datapaths);
  let extraClassDeclaration = [{
    bool hasFeature(::llvm::StringRef feature) const;
    /// The one of that name; null when the machine lacks it.
    InstructionAttr findInstruction(::llvm::StringRef name) const;
    MemoryAttr findMemory(::llvm::StringRef name) const;
    /// Null when no memory says that it does.
    MemoryAttr findMemory(Port port) const;
    DatapathAttr findDatapath(::llvm::StringRef from, ::llvm::StringRef to) const;
    /// The fastest that multiplies these types; null when the machine has none whose rate is known.
    InstructionAttr fastestInstruction(::mlir::Type lhs, ::mlir::Type rhs) const;

    /// The figure as it is stated; null when it is not known.
    const ::frit::machine::Figure *findFigure(FigureId id) const;
    std::optional<double> find(FigureId id) const;
    /// How many of these the machine has; nothing when a count is not known.
    std::optional<double> count(Scope scope) const;
    /// What one `scope` does when all in it that have the rate do; nothing when it is not known.
    std::optional<double> rate(Rate rate, Scope scope) const;
    std::optional<double> rate(FigureId id, Scope scope) const;
    /// Bytes per second through the datapath in one `scope` when all move bytes: what it has, and
    /// what the memories at its ends have, whatever is least of that which is known.
    std::optional<double> bandwidth(DatapathAttr path, Scope scope) const;

    /// The same for `who` cannot do without, "the planner": what is not known is an error that
    /// names the machine, the figure and `who`.
    Result<double> need(FigureId id, ::llvm::StringRef who) const;
    Result<double> needCount(Scope scope, ::llvm::StringRef who) const;
    Result<double> needRate(FigureId id, Scope scope, ::llvm::StringRef who) const;
    Result<int64_t> needBytes(::llvm::StringRef memory, ::llvm::StringRef who) const;
    Result<double> needBandwidth(::llvm::StringRef from, ::llvm::StringRef to, Scope scope,
                                 ::llvm::StringRef who) const;
    Result<double> needRate(InstructionAttr instruction, Scope scope, ::llvm::StringRef who) const;

    /// 0 when they are not known.
    int64_t getVectorBytes() const { return static_cast<int64_t>(find(FigureId::VectorBytes).value_or(0)); }
    int64_t getVectorRegisters() const { return static_cast<int64_t>(find(FigureId::VectorRegisters).value_or(0)); }
    /// Number of f32 elements of a vector register.
    int64_t vectorLanes() const { return getVectorBytes() / 4; }
  }];
}

#endif // FRIT_DIALECTS_MACHINE_MACHINEOPS
